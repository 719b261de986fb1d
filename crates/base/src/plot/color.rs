//! Colors that the color-blind can tell apart, on light and on dark ground.

use std::fmt::Write as _;

use plotters::style::RGBColor;

/// A color: red, green and blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Color(pub u8, pub u8, pub u8);

impl Color {
    /// What stands in the background of others.
    pub const GRAY: Self = Self(0x76, 0x7e, 0x88);

    pub(super) const PAPER: Self = Self(0xff, 0xff, 0xff);
    pub(super) const TITLE: Self = Self(0x1f, 0x23, 0x28);
    pub(super) const LABEL: Self = Self(0x59, 0x63, 0x6e);
    pub(super) const AXIS: Self = Self(0xa6, 0xaf, 0xb9);
    pub(super) const MESH: Self = Self(0xe8, 0xeb, 0xef);

    /// Half of it, and half of black (0) or white (255).
    fn mixed(self, other: u8) -> Self {
        Self(self.0.midpoint(other), self.1.midpoint(other), self.2.midpoint(other))
    }

    pub(super) fn rgb(self) -> RGBColor {
        RGBColor(self.0, self.1, self.2)
    }
}

/// Okabe and Ito's palette without its yellow, which white paper swallows, and its black, which is for text.
const PALETTE: [Color; 7] = [
    Color(0x00, 0x72, 0xb2),
    Color(0xd5, 0x5e, 0x00),
    Color(0x00, 0x9e, 0x73),
    Color(0xcc, 0x79, 0xa7),
    Color(0xe6, 0x9f, 0x00),
    Color(0x56, 0xb4, 0xe9),
    Color::GRAY,
];

/// What the colors become on dark ground; those not listed stay.
const ON_DARK: [(Color, Color); 9] = [
    (Color::PAPER, Color(0x16, 0x1b, 0x22)),
    (Color::TITLE, Color(0xe6, 0xed, 0xf3)),
    (Color::LABEL, Color(0x9d, 0xa7, 0xb3)),
    (Color::AXIS, Color(0x59, 0x63, 0x6e)),
    (Color::MESH, Color(0x28, 0x2e, 0x37)),
    (PALETTE[0], Color(0x4c, 0xa6, 0xe0)),
    (PALETTE[1], Color(0xf2, 0x85, 0x3f)),
    (PALETTE[2], Color(0x34, 0xc3, 0x97)),
    (PALETTE[3], Color(0xe3, 0x9b, 0xc4)),
];

/// Color number `index`, from 0: seven, the same seven darker, and from then on the same again.
pub fn palette(index: usize) -> Color {
    let color = PALETTE[index % PALETTE.len()];
    match (index / PALETTE.len()).is_multiple_of(2) {
        true => color,
        false => color.mixed(0x00),
    }
}

/// What colors become on dark ground: the darker ones of the palette become lighter ones.
fn on_dark_ground() -> impl Iterator<Item = (Color, Color)> {
    let darker = PALETTE.map(|color| (color.mixed(0x00), color.mixed(0xff)));
    ON_DARK.into_iter().chain(darker)
}

/// A style sheet for one SVG element of the class `chart`: the font, and the colors on dark ground.
pub(super) fn style_sheet() -> String {
    let mut sheet = "svg.chart polyline{stroke-linejoin:round;stroke-linecap:round}svg.chart text{font-family:system-ui,-apple-system,\"Segoe UI\",sans-serif}\
                     @media (prefers-color-scheme:dark){"
        .to_owned();
    for (light, dark) in on_dark_ground() {
        for attribute in ["fill", "stroke"] {
            // Writing to a string cannot fail.
            let _ = write!(
                sheet,
                "svg.chart [{attribute}=\"{}\"]{{{attribute}:{}}}",
                hex(light),
                hex(dark)
            );
        }
    }
    sheet + "}"
}

/// As the SVG writer spells it, since the style sheet compares letter by letter.
pub(super) fn hex(color: Color) -> String {
    format!("#{:02X}{:02X}{:02X}", color.0, color.1, color.2)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance of WCAG 2.
    fn luminance(color: Color) -> f64 {
        let linear = |channel: u8| {
            let value = f64::from(channel) / 255.0;
            if value <= 0.03928 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * linear(color.0) + 0.7152 * linear(color.1) + 0.0722 * linear(color.2)
    }

    fn contrast(one: Color, other: Color) -> f64 {
        let (one, other) = (luminance(one) + 0.05, luminance(other) + 0.05);
        one.max(other) / one.min(other)
    }

    fn on_dark(color: Color) -> Color {
        let found = on_dark_ground().find(|(light, _)| *light == color);
        found.map_or(color, |(_, dark)| dark)
    }

    #[test]
    fn text_is_readable_on_both_grounds() {
        for text in [Color::TITLE, Color::LABEL] {
            // 4.5 is what WCAG asks of text.
            assert!(contrast(text, Color::PAPER) > 4.5);
            assert!(contrast(on_dark(text), on_dark(Color::PAPER)) > 4.5);
        }
    }

    #[test]
    fn lines_stand_out_on_both_grounds() {
        for color in (0..2 * PALETTE.len()).map(palette) {
            assert!(contrast(color, Color::PAPER) > 2.0, "{color:?}");
            assert!(contrast(on_dark(color), on_dark(Color::PAPER)) > 4.0, "{color:?}");
        }
    }
}
