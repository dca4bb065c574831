//! Axes around an area, intervals and marks in it.

use super::{Anchor, Item, MEDIUM, Point, Rect, SMALL, Scale, Tick};
use crate::palette::{Ink, Marker};

/// An area with two axes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame {
    pub(crate) area: Rect,
}

impl Frame {
    /// The line at the bottom, the grid and the ticks of the x axis, and its title below them.
    pub(crate) fn x_axis(&self, scale: &Scale, ticks: &[Tick], title: &str) -> Vec<Item> {
        let area = self.area;
        let mut items = Vec::new();
        let mut last = f64::NEG_INFINITY;
        for tick in ticks {
            let x = scale.at(tick.value);
            items.push(Item::line((x, area.top), (x, area.bottom), Ink::Grid, 1));
            let half = super::width(&tick.text, SMALL) / 2.0;
            // Ticks of a logarithmic scale draw close together.
            if x - half < last + 4.0 {
                continue;
            }
            last = x + half;
            items.push(Item::text(
                (x, area.bottom + 13.0),
                &tick.text,
                SMALL,
                Ink::Muted,
                Anchor::Middle,
            ));
        }
        items.push(Item::line(
            (area.left, area.bottom),
            (area.right, area.bottom),
            Ink::Axis,
            1,
        ));
        if !title.is_empty() {
            items.push(Item::text(
                (area.right, area.bottom + 31.0),
                title,
                MEDIUM,
                Ink::Text,
                Anchor::End,
            ));
        }
        items
    }

    /// The grid and the ticks of the y axis, and its title above it.
    pub(crate) fn y_axis(&self, scale: &Scale, ticks: &[Tick], title: &str) -> Vec<Item> {
        let area = self.area;
        let mut items = Vec::new();
        for tick in ticks {
            let y = scale.at(tick.value);
            items.push(Item::line((area.left, y), (area.right, y), Ink::Grid, 1));
            items.push(Item::text(
                (area.left - 6.0, y),
                &tick.text,
                SMALL,
                Ink::Muted,
                Anchor::End,
            ));
        }
        if !title.is_empty() {
            items.push(Item::text(
                (16.0, area.top - 16.0),
                title,
                MEDIUM,
                Ink::Text,
                Anchor::Start,
            ));
        }
        items
    }
}

/// Half of the stroke at an interval's end.
const END: f64 = 3.0;

/// An interval on a horizontal line at `y`, with ends, however short it is.
pub(crate) fn across(low: f64, high: f64, y: f64, ink: Ink) -> Vec<Item> {
    let end = |x: f64| Item::line((x, y - END), (x, y + END), ink, 1);
    vec![Item::line((low, y), (high, y), ink, 2), end(low), end(high)]
}

/// An interval on a vertical line at `x`, with ends, however short it is.
pub(crate) fn upright(x: f64, low: f64, high: f64, ink: Ink) -> Vec<Item> {
    let end = |y: f64| Item::line((x - END, y), (x + END, y), ink, 1);
    vec![Item::line((x, low), (x, high), ink, 2), end(low), end(high)]
}

/// A mark of this shape around a point. Hollow ones are filled with paper.
pub(crate) fn mark(
    marker: Marker,
    centre: Point,
    radius: f64,
    ink: Ink,
    is_hollow: bool,
) -> Vec<Item> {
    let (x, y) = centre;
    let at = |corners: &[(f64, f64)], radius: f64| -> Vec<Point> {
        let corner = |(dx, dy): &(f64, f64)| (x + dx * radius, y + dy * radius);
        corners.iter().map(corner).collect()
    };
    let bars = |corners: [(f64, f64); 4]| {
        let points = at(&corners, radius);
        let pairs = points.chunks(2).filter_map(|pair| match pair {
            [from, to] => Some(Item::line(*from, *to, ink, if is_hollow { 2 } else { 3 })),
            _ => None,
        });
        pairs.collect()
    };
    let corners: &[(f64, f64)] = match marker {
        Marker::Circle => {
            let disc = |radius, ink| Item::Disc {
                centre,
                radius,
                ink,
                is_filled: true,
            };
            let mut items = vec![disc(radius, ink)];
            if is_hollow {
                items.push(disc(radius - 2.0, Ink::Paper));
            }
            return items;
        }
        Marker::Plus => return bars([(-1.1, 0.0), (1.1, 0.0), (0.0, -1.1), (0.0, 1.1)]),
        Marker::Cross => return bars([(-0.9, -0.9), (0.9, 0.9), (-0.9, 0.9), (0.9, -0.9)]),
        Marker::Square => &[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)],
        Marker::Triangle => &[(0.0, -1.2), (1.1, 0.8), (-1.1, 0.8)],
        Marker::Wedge => &[(0.0, 1.2), (1.1, -0.8), (-1.1, -0.8)],
        Marker::Diamond => &[(0.0, -1.25), (1.25, 0.0), (0.0, 1.25), (-1.25, 0.0)],
    };
    let area = |radius, ink| Item::Area {
        points: at(corners, radius),
        ink,
        alpha: 1.0,
    };
    let mut items = vec![area(radius, ink)];
    if is_hollow {
        items.push(area(radius - 2.4, Ink::Paper));
    }
    items
}
