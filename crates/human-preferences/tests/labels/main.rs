//! Answers of people: the database, the server, and its page in a browser.

mod api;
mod browser;
mod crash;
mod exchange;
mod recorded;
mod store;
mod support;
mod webdriver;
