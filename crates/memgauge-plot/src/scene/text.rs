//! How wide texts are, and how they are made to fit.

use std::sync::OnceLock;

use plotters::style::{FontDesc, FontFamily, FontStyle, register_font};

/// Name of the compiled-in font.
pub(super) const FONT: &str = "memgauge";
/// Its height (ascent to descent) over its em, by which glyphs are scaled.
pub(super) const HEIGHT: f64 = 1.149;
/// Viewers set SVG in a sans-serif of theirs: what is wider among the common ones still has to fit.
const RESERVE: f64 = 1.15;

/// Makes the font known to plotters.
pub(super) fn font() -> bool {
    static KNOWN: OnceLock<bool> = OnceLock::new();
    *KNOWN.get_or_init(|| {
        register_font(FONT, FontStyle::Normal, epaint_default_fonts::UBUNTU_LIGHT).is_ok()
    })
}

/// Width that a text may take at a size, in pixels.
pub(crate) fn width(text: &str, size: f64) -> f64 {
    const LARGE: f64 = 1_000.0;
    let wide = font()
        .then(|| {
            let font = FontDesc::new(FontFamily::Name(FONT), LARGE * HEIGHT, FontStyle::Normal);
            font.layout_box(text).ok()
        })
        .flatten()
        .map(|((left, _), (right, _))| f64::from(right - left) / LARGE);
    // Without the font, the width of a wide letter for each.
    let wide = wide.unwrap_or_else(|| 0.65 * text.chars().count() as f64);
    wide * size * RESERVE
}

/// The text, or its beginning and its end around an ellipsis where it is wider than `most`: names of variants often
/// differ only at their end.
pub(crate) fn fitted(text: &str, size: f64, most: f64) -> String {
    if width(text, size) <= most {
        return text.to_owned();
    }
    let letters: Vec<char> = text.chars().collect();
    for kept in (2..letters.len()).rev() {
        let tail = kept * 2 / 5;
        let (head, tail) = (
            letters.iter().take(kept - tail),
            letters.iter().skip(letters.len() - tail),
        );
        let short: String = head.chain(std::iter::once(&'…')).chain(tail).collect();
        if width(&short, size) <= most {
            return short;
        }
    }
    "…".to_owned()
}

/// Width of a column of names at the size of labels, no more than `most`.
pub(crate) fn names_width<'a>(names: impl Iterator<Item = &'a str>, most: f64) -> f64 {
    let widest = names
        .map(|name| width(name, super::MEDIUM))
        .fold(0.0, f64::max);
    widest.min(most).ceil()
}

/// The words on as many lines as they need.
pub(crate) fn wrapped(text: &str, size: f64, most: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width(&format!("{line} {word}"), size) <= most => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(fitted(word, size, most)),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_come_from_the_font() {
        assert!(font());
        let (narrow, wide) = (width("iiii", 12.0), width("WWWW", 12.0));
        assert!(narrow * 2.5 < wide, "{narrow} {wide}");
        assert!((width("turns", 24.0) - 2.0 * width("turns", 12.0)).abs() < 1e-9);
        // Between half an em and an em for a letter.
        assert!((24.0..50.0).contains(&width("WWWW", 10.0)));
    }

    #[test]
    fn long_names_keep_both_ends() {
        let name = "turns-hybrid,retriever.k=30,fusion.kind=rrf,weights=0.5";
        let short = fitted(name, 12.0, 150.0);
        assert!(width(&short, 12.0) <= 150.0);
        assert!(
            short.starts_with("turns-hyb") && short.ends_with("=0.5"),
            "{short}"
        );
        assert_eq!(fitted("turns", 12.0, 150.0), "turns");
        assert_eq!(fitted("turns", 12.0, 1.0), "…");
    }

    #[test]
    fn lines_are_no_wider_than_they_may_be() {
        let lines = wrapped("one two three four five six seven", 12.0, 80.0);
        assert!(lines.len() > 2);
        assert!(lines.iter().all(|line| width(line, 12.0) <= 80.0));
        assert_eq!(lines.join(" "), "one two three four five six seven");
    }
}
