//! Answers of people: the database, the server, and its page in a browser.

mod browser;
mod support;
mod webdriver;
