//! A picture as shapes and words, before any backend draws it.

mod axis;
mod frame;
mod geometry;
mod labels;
mod legend;
mod paint;
mod text;

pub(crate) use axis::{Scale, Tick};
pub(crate) use frame::{Frame, across, mark, upright};
pub(crate) use geometry::{Point, Rect};
pub(crate) use labels::{Label, place};
pub(crate) use legend::{Entry, legend};
pub(crate) use paint::{svg, write_png};
pub(crate) use text::{fitted, names_width, width, wrapped};

use crate::palette::Ink;

/// Width of every picture in pixels; it scales with the page.
pub(crate) const WIDTH: f64 = 760.0;
/// Size of ticks and captions in pixels.
pub(crate) const SMALL: f64 = 11.0;
/// Size of labels and titles of axes in pixels.
pub(crate) const MEDIUM: f64 = 12.0;
/// Size of a picture's title in pixels.
pub(crate) const LARGE: f64 = 15.0;

/// Where a text stands from its point, horizontally.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    /// The text begins there.
    Start,
    /// Its middle is there.
    Middle,
    /// It ends there.
    End,
}

/// A shape or a text. Texts are centred vertically on their point.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Item {
    Line {
        from: Point,
        to: Point,
        ink: Ink,
        thickness: u32,
    },
    Path {
        points: Vec<Point>,
        ink: Ink,
        thickness: u32,
    },
    Area {
        points: Vec<Point>,
        ink: Ink,
        alpha: f64,
    },
    Box {
        rect: Rect,
        ink: Ink,
    },
    Disc {
        centre: Point,
        radius: f64,
        ink: Ink,
        is_filled: bool,
    },
    Text {
        at: Point,
        text: String,
        size: f64,
        ink: Ink,
        anchor: Anchor,
        is_bold: bool,
    },
}

impl Item {
    /// A text of the normal weight.
    pub(crate) fn text(
        at: Point,
        text: impl Into<String>,
        size: f64,
        ink: Ink,
        anchor: Anchor,
    ) -> Self {
        Self::Text {
            at,
            text: text.into(),
            size,
            ink,
            anchor,
            is_bold: false,
        }
    }

    /// The same text in bold; other items stay as they are.
    pub(crate) fn bold(mut self) -> Self {
        if let Self::Text { is_bold, .. } = &mut self {
            *is_bold = true;
        }
        self
    }

    pub(crate) fn line(from: Point, to: Point, ink: Ink, thickness: u32) -> Self {
        Self::Line {
            from,
            to,
            ink,
            thickness,
        }
    }
}

/// Items that belong together.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Group {
    /// What they are, as a class: `axis`, `interval`, `mark`, `label`.
    pub(crate) class: &'static str,
    /// The system that they are about.
    pub(crate) system: Option<usize>,
    /// What is shown when one points at them.
    pub(crate) hint: Option<String>,
    pub(crate) items: Vec<Item>,
}

/// A whole picture without its title.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scene {
    pub(crate) height: f64,
    pub(crate) groups: Vec<Group>,
}

impl Scene {
    pub(crate) fn new(height: f64) -> Self {
        Self {
            height,
            groups: Vec::new(),
        }
    }

    /// Adds items that are about no system.
    pub(crate) fn add(&mut self, class: &'static str, items: Vec<Item>) {
        self.groups.push(Group {
            class,
            system: None,
            hint: None,
            items,
        });
    }

    /// Adds items of a system.
    pub(crate) fn add_of(
        &mut self,
        class: &'static str,
        system: usize,
        hint: Option<String>,
        items: Vec<Item>,
    ) {
        self.groups.push(Group {
            class,
            system: Some(system),
            hint,
            items,
        });
    }

    /// Adds lines of muted text below everything, as many as they need.
    pub(crate) fn caption(&mut self, left: f64, text: &str) {
        let lines = wrapped(text, SMALL, WIDTH - left - 12.0);
        let mut items = Vec::with_capacity(lines.len());
        for line in lines {
            self.height += 15.0;
            let at = (left, self.height - 8.0);
            items.push(Item::text(at, line, SMALL, Ink::Muted, Anchor::Start));
        }
        self.height += 4.0;
        self.add("caption", items);
    }
}
