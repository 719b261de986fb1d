//! What both kinds of pages are made of.

use askama::Template;
use base64::{Engine, prelude::BASE64_STANDARD};

use crate::{
    Error, Result,
    figure::{Body, Figure, Table},
    plot::Chart,
};

/// Elements that a drawing may hold to become part of the page itself; others are embedded as images, in which no
/// script runs and nothing is loaded. The page's content policy forbids both once more.
const DRAWING: [&str; 16] = [
    "svg", "g", "defs", "title", "desc", "style", "path", "line", "polyline", "polygon", "rect", "circle", "ellipse",
    "text", "tspan", "clippath",
];

/// A figure, ready for the page.
pub(super) struct Shown {
    pub(super) name: String,
    pub(super) title: String,
    pub(super) caption: String,
    /// Trusted: made by the functions below.
    pub(super) html: String,
}

impl Shown {
    pub(super) fn new(figure: &Figure) -> Result<Self> {
        Ok(Self {
            name: figure.name.clone(),
            title: figure.title.clone(),
            caption: figure.caption.clone(),
            html: match &figure.body {
                Body::Table(content) => table(content)?,
                Body::Text(content) => text(content)?,
                Body::Svg(content) => drawing(content, &figure.title)?,
                Body::Png(content) => image("image/png", content, &figure.title)?,
            },
        })
    }
}

/// A table; the empty one is nothing.
pub(super) fn table(table: &Table) -> Result<String> {
    render(&TableView { table })
}

pub(super) fn svgs(charts: &[Chart]) -> Result<Vec<String>> {
    charts.iter().map(Chart::to_svg).collect()
}

pub(super) fn render(template: &impl Template) -> Result<String> {
    template.render().map_err(|error| Error::Figure {
        figure: "the page".to_owned(),
        problem: error.to_string(),
    })
}

#[derive(Template)]
#[template(path = "table.html")]
struct TableView<'a> {
    table: &'a Table,
}

impl TableView<'_> {
    fn has_head(&self) -> bool {
        self.table.columns.iter().any(|name| !name.is_empty())
    }

    fn class(&self, column: &usize) -> &'static str {
        if self.table.is_numeric(*column) {
            "number"
        } else {
            "word"
        }
    }
}

#[derive(Template)]
#[template(source = "<pre>{{ text }}</pre>", ext = "html")]
struct TextView<'a> {
    text: &'a str,
}

#[derive(Template)]
#[template(
    source = "<img alt=\"{{ title }}\" src=\"data:{{ kind }};base64,{{ content }}\">",
    ext = "html"
)]
struct ImageView<'a> {
    kind: &'a str,
    content: String,
    title: &'a str,
}

fn text(text: &str) -> Result<String> {
    render(&TextView { text })
}

fn image(kind: &str, bytes: &[u8], title: &str) -> Result<String> {
    render(&ImageView {
        kind,
        content: BASE64_STANDARD.encode(bytes),
        title,
    })
}

fn drawing(svg: &str, title: &str) -> Result<String> {
    if is_plain_drawing(svg) {
        Ok(svg.to_owned())
    } else {
        image("image/svg+xml", svg.as_bytes(), title)
    }
}

/// Whether an SVG element is made of shapes and text only, without handlers and addresses.
fn is_plain_drawing(svg: &str) -> bool {
    let svg = svg.trim().to_ascii_lowercase();
    let is_known = |tag: &str| {
        let name = tag.trim_start_matches('/');
        let end = name
            .find(|letter: char| !letter.is_ascii_alphanumeric())
            .unwrap_or(name.len());
        DRAWING.contains(&&name[..end])
    };
    let is_handler = |word: &str| {
        let name = word.split('=').next().unwrap_or_default().trim_end();
        word.contains('=') && name.starts_with("on")
    };
    let breaks = |letter: char| letter.is_whitespace() || matches!(letter, '"' | '\'' | '/');
    svg.starts_with("<svg")
        && svg.ends_with("</svg>")
        && svg.matches("<svg").count() == svg.matches("</svg>").count()
        && svg.split('<').skip(1).all(is_known)
        && !svg.split(breaks).any(is_handler)
        && !["href", "url(", "@import"].iter().any(|address| svg.contains(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_charts_are_part_of_the_page() {
        let chart = Chart {
            title: "a <b> & \"c\"".to_owned(),
            ..Chart::default()
        };
        assert!(is_plain_drawing(&chart.to_svg().unwrap()));
    }

    #[test]
    fn drawings_that_could_do_something_are_not() {
        for svg in [
            "<svg><script>alert(1)</script></svg>",
            "<svg onload=\"alert(1)\"></svg>",
            "<svg/onload=alert(1)></svg>",
            "<svg><a href=\"https://example.org\"><text>x</text></a></svg>",
            "<svg><rect fill=\"url(https://example.org)\"/></svg>",
            "<svg></svg><iframe></iframe>",
            "<svg></svg></svg>",
            "<svg><foreignObject/></svg>",
            "<svg><!-- --></svg>",
            "<?xml version=\"1.0\"?><svg></svg>",
            "plain text",
            "",
        ] {
            assert!(!is_plain_drawing(svg), "{svg}");
        }
        let html = drawing("<svg onload=\"alert(1)\"></svg>", "x").unwrap();
        assert!(html.starts_with("<img") && !html.contains("onload"), "{html}");
    }

    #[test]
    fn text_cannot_become_markup() {
        let mut content = Table::new(["<i>"]);
        content.push(["<script>"]);
        for html in [
            table(&content).unwrap(),
            text("<script>").unwrap(),
            image("image/png", b"", "\"<i>").unwrap(),
        ] {
            assert!(
                !html.contains("<script>") && !html.contains("<i>") && !html.contains("\"\"<"),
                "{html}"
            );
        }
    }
}
