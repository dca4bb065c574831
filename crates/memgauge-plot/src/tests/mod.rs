//! Drawings as they come out, read back.

mod kinds;
mod pareto;

use std::collections::BTreeMap;

use crate::scene::{Rect, width};
use crate::{Drawing, Kind, Look, Results, draw};

/// An element of an SVG document.
#[derive(Debug, Clone)]
pub(super) struct Element {
    pub(super) tag: String,
    pub(super) attributes: BTreeMap<String, String>,
    /// Class and system of the group around it.
    pub(super) class: String,
    pub(super) system: Option<usize>,
    /// Its text, markup undone.
    pub(super) text: String,
}

impl Element {
    pub(super) fn number(&self, name: &str) -> f64 {
        self.attributes[name].parse().unwrap()
    }

    /// The box of a text.
    pub(super) fn text_box(&self) -> Rect {
        let (x, y, size) = (self.number("x"), self.number("y"), self.number("font-size"));
        let wide = width(&self.text, size);
        let left = match self.attributes["text-anchor"].as_str() {
            "start" => x,
            "middle" => x - wide / 2.0,
            _ => x - wide,
        };
        Rect::new(left, y - size / 2.0, left + wide, y + size / 2.0)
    }
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&amp;", "&")
}

/// The elements of a document; panics where it is not well formed.
pub(super) fn elements(svg: &str) -> Vec<Element> {
    let mut found: Vec<Element> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let mut rest = svg;
    while let Some(start) = rest.find('<') {
        let text = unescaped(rest[..start].trim_matches('\n'));
        if let Some(at) = open.last() {
            found[*at].text.push_str(text.trim());
        }
        let end = start + rest[start..].find('>').expect("a closing bracket");
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            let at = open.pop().expect("an open element");
            assert_eq!(found[at].tag, name);
            continue;
        }
        let is_empty = tag.ends_with('/');
        let tag = tag.trim_end_matches('/');
        let (name, mut list) = tag.split_once(' ').unwrap_or((tag, ""));
        let mut attributes = BTreeMap::new();
        while let Some((key, value)) = list.split_once("=\"") {
            let (value, more) = value.split_once('"').expect("a closing quote");
            assert!(!value.contains('<'), "{value}");
            let known = attributes.insert(key.trim().to_owned(), unescaped(value));
            assert!(known.is_none(), "{key} twice");
            list = more;
        }
        assert!(list.trim().is_empty(), "{list}");
        let group = open
            .iter()
            .rev()
            .map(|at| &found[*at])
            .find(|one| one.tag == "g");
        let of = |key: &str| group.and_then(|one| one.attributes.get(key)).cloned();
        let element = Element {
            tag: name.to_owned(),
            class: of("class").unwrap_or_default(),
            system: of("data-system").map(|system| system.parse().unwrap()),
            attributes,
            text: String::new(),
        };
        if !is_empty {
            open.push(found.len());
        }
        found.push(element);
    }
    assert!(open.is_empty() && rest.trim().is_empty());
    found
}

/// The drawings of a kind, for a file.
pub(super) fn drawn(kind: Kind, results: &Results) -> Vec<Drawing> {
    draw(kind, results, Look::File).unwrap()
}

/// Texts do not cover each other, none leaves the picture, none is smaller than 11 pixels.
pub(super) fn check_texts(drawing: &Drawing) {
    let elements = elements(&drawing.svg);
    let root = &elements[0];
    let (wide, high) = (root.number("width"), root.number("height"));
    assert_eq!(root.attributes["viewBox"], format!("0 0 {wide} {high}"));
    let texts: Vec<&Element> = elements.iter().filter(|one| one.tag == "text").collect();
    assert!(texts.len() > 3);
    for (at, one) in texts.iter().enumerate() {
        let mine = one.text_box();
        assert!(one.number("font-size") >= 11.0, "{one:?}");
        let inside = Rect::new(0.0, 0.0, wide, high);
        assert!(
            mine.is_inside(&inside),
            "{}: {:?} {mine:?}",
            drawing.name,
            one.text
        );
        for other in &texts[at + 1..] {
            let overlap = mine.overlap(&other.text_box());
            assert!(
                overlap < 1.0,
                "{}: {:?} covers {:?}",
                drawing.name,
                one.text,
                other.text
            );
        }
    }
}

/// The systems that have an element of this class.
pub(super) fn systems_with(drawing: &Drawing, class: &str) -> Vec<usize> {
    let elements = elements(&drawing.svg);
    let of = elements
        .iter()
        .filter(|one| one.class == class && one.tag != "title");
    let mut systems: Vec<usize> = of.filter_map(|one| one.system).collect();
    systems.sort_unstable();
    systems.dedup();
    systems
}
