//! A legend in rows above a picture.

use super::{Anchor, Group, Item, MEDIUM, Rect, WIDTH, fitted, mark, width};
use crate::palette::{Ink, Marker};

/// What a legend explains.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) text: String,
    pub(crate) ink: Ink,
    /// Shape of the mark; `None` = a swatch.
    pub(crate) marker: Option<Marker>,
    pub(crate) system: Option<usize>,
}

const ROW: f64 = 20.0;
/// Widest text of an entry.
const LONGEST: f64 = 330.0;

/// A legend from `top` on, as wide as the picture, and how high it came out.
pub(crate) fn legend(entries: &[Entry], top: f64) -> (Vec<Group>, f64) {
    let texts: Vec<String> = entries
        .iter()
        .map(|entry| fitted(&entry.text, MEDIUM, LONGEST))
        .collect();
    let widths: Vec<f64> = texts
        .iter()
        .map(|text| 36.0 + width(text, MEDIUM))
        .collect();
    let room = WIDTH - 16.0;
    // One after the other on one line, otherwise in columns.
    let column = (widths.iter().sum::<f64>() > room)
        .then(|| widths.iter().copied().fold(0.0, f64::max))
        .map(|widest| room / (room / widest).floor().max(1.0));
    let (mut x, mut y) = (16.0, top + ROW / 2.0);
    let mut groups = Vec::with_capacity(entries.len());
    for ((entry, text), wide) in entries.iter().zip(texts).zip(widths) {
        let wide = column.unwrap_or(wide);
        if x > 16.0 && x + wide > WIDTH + 1.0 {
            x = 16.0;
            y += ROW;
        }
        let mut items = match entry.marker {
            Some(marker) => mark(marker, (x + 6.0, y), 5.0, entry.ink, false),
            None => vec![Item::Box {
                rect: Rect::around((x + 6.0, y), 6.0, 6.0),
                ink: entry.ink,
            }],
        };
        items.push(Item::text(
            (x + 18.0, y),
            text.clone(),
            MEDIUM,
            Ink::Text,
            Anchor::Start,
        ));
        groups.push(Group {
            class: "legend",
            system: entry.system,
            hint: (text != entry.text).then(|| entry.text.clone()),
            items,
        });
        x += wide;
    }
    let high = if entries.is_empty() {
        0.0
    } else {
        y + ROW / 2.0 - top
    };
    (groups, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_stay_inside_and_apart() {
        let entries: Vec<Entry> = (0..20)
            .map(|at| Entry {
                text: format!(
                    "a-variant-with-a-very-long-name,retriever.k={at},fusion=rrf,weights=0.5-{at}"
                ),
                ink: Ink::Colour(at),
                marker: None,
                system: Some(at),
            })
            .collect();
        let (groups, high) = legend(&entries, 10.0);
        let boxes: Vec<Rect> = groups
            .iter()
            .flat_map(|group| &group.items)
            .filter_map(|item| match item {
                Item::Text { at, text, size, .. } => Some(Rect::new(
                    at.0,
                    at.1 - size / 2.0,
                    at.0 + width(text, *size),
                    at.1 + size / 2.0,
                )),
                _ => None,
            })
            .collect();
        assert_eq!(boxes.len(), 20);
        for (at, one) in boxes.iter().enumerate() {
            assert!(one.right <= WIDTH && one.bottom <= 10.0 + high, "{one:?}");
            for other in &boxes[at + 1..] {
                assert_eq!(one.overlap(other), 0.0, "{one:?} {other:?}");
            }
        }
    }
}
