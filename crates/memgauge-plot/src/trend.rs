//! A metric over commits, with intervals and change points.

use crate::drawing::{Drawing, Look, Sketch};
use crate::error::PlotError;
use crate::kind::Kind;
use crate::number::{count, dollars, duration, percent, percent_tick};
use crate::palette::{Ink, marker};
use crate::scene::{
    Anchor, Entry, Frame, Item, Point, Rect, SMALL, Scale, Scene, WIDTH, legend, mark, upright,
    width,
};

/// What a trend is measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Shares and scores from 0 to 1, shown times 100.
    Percent,
    /// Milliseconds.
    Milliseconds,
    /// Tokens, calls.
    Count,
    /// US dollars.
    Dollars,
}

/// A line of a trend: one system, or one metric.
#[derive(Debug, Clone, PartialEq)]
pub struct TrendSeries {
    /// Its name.
    pub label: String,
    /// Its points, the oldest first.
    pub points: Vec<TrendPoint>,
    /// Positions among the points from which on the metric is another one.
    pub change_points: Vec<usize>,
}

/// One measurement.
#[derive(Debug, Clone, PartialEq)]
pub struct TrendPoint {
    /// When: what the axis is sorted by, such as `2026-11-26T15:00:00Z`.
    pub at: String,
    /// The commit.
    pub commit: String,
    /// The value.
    pub mean: f64,
    /// Lower end of its interval; `None` = unknown.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
}

impl Unit {
    fn write(self, value: f64) -> String {
        match self {
            Self::Percent => percent(value),
            Self::Milliseconds => duration(value),
            Self::Count => count(value),
            Self::Dollars => dollars(value),
        }
    }

    fn tick(self, value: f64) -> String {
        match self {
            Self::Percent => percent_tick(value),
            other => other.write(value),
        }
    }
}

/// Draws series over the commits that any of them has, evenly spaced in the order of time. `name` is the stem of the
/// file, `axis` the title of the y axis with its unit. `None` without a point.
///
/// # Errors
/// When the backend fails.
pub fn trend(
    series: &[TrendSeries],
    name: &str,
    axis: &str,
    unit: Unit,
    look: Look,
) -> Result<Option<Drawing>, PlotError> {
    let Some(sketch) = sketch(series, name, axis, unit) else {
        return Ok(None);
    };
    Drawing::new(Kind::Trend, sketch, look).map(Some)
}

fn sketch(series: &[TrendSeries], name: &str, axis: &str, unit: Unit) -> Option<Sketch> {
    let points = || series.iter().flat_map(|one| &one.points);
    let mut places: Vec<(&str, &str)> = points()
        .map(|point| (point.at.as_str(), point.commit.as_str()))
        .collect();
    places.sort_unstable();
    places.dedup();
    if places.is_empty() {
        return None;
    }
    let mut scene = Scene::new(0.0);
    let entries: Vec<Entry> = series
        .iter()
        .enumerate()
        .map(|(at, one)| Entry {
            text: one.label.clone(),
            ink: Ink::Colour(at),
            marker: Some(marker(at)),
            system: Some(at),
        })
        .collect();
    let (groups, high) = legend(&entries, 6.0);
    scene.groups.extend(groups);
    let area = Rect::new(64.0, high + 48.0, WIDTH - 24.0, high + 48.0 + 280.0);
    let frame = Frame { area };
    let ends = |of: fn(f64, f64) -> f64, start: f64| {
        points()
            .flat_map(|point| [Some(point.mean), point.low, point.high])
            .flatten()
            .fold(start, of)
    };
    let (low, top) = (
        ends(f64::min, f64::INFINITY),
        ends(f64::max, f64::NEG_INFINITY),
    );
    let room = (top - low) * 0.1;
    let y = Scale::linear(low - room, top + room, area.bottom, area.top);
    scene.add(
        "axis",
        frame.y_axis(&y, &y.ticks(6, |value| unit.tick(value)), axis),
    );
    let step = area.width() / places.len() as f64;
    let across = |at: &str, commit: &str| {
        let place = places
            .binary_search(&(at, commit))
            .unwrap_or_else(|place| place);
        area.left + step * (place as f64 + 0.5)
    };
    let mut axis_items = vec![Item::line(
        (area.left, area.bottom),
        (area.right, area.bottom),
        Ink::Axis,
        1,
    )];
    let mut free = 0.0;
    for (at, commit) in &places {
        let x = across(at, commit);
        let (date, commit) = (
            at.get(..10).unwrap_or(at),
            commit.get(..9).unwrap_or(commit),
        );
        let wide = width(date, SMALL).max(width(commit, SMALL));
        axis_items.push(Item::line(
            (x, area.bottom),
            (x, area.bottom + 4.0),
            Ink::Axis,
            1,
        ));
        if x - wide / 2.0 >= free {
            free = x + wide / 2.0 + 6.0;
            for (down, text) in [(15.0, commit), (29.0, date)] {
                let at = (x, area.bottom + down);
                axis_items.push(Item::text(at, text, SMALL, Ink::Muted, Anchor::Middle));
            }
        }
    }
    scene.add("axis", axis_items);
    let mut said = Vec::new();
    for (at, one) in series.iter().enumerate() {
        let ink = Ink::Colour(at);
        let centre = |point: &TrendPoint| (across(&point.at, &point.commit), y.at(point.mean));
        for change in &one.change_points {
            if let Some(point) = one.points.get(*change) {
                let x = centre(point).0 - step / 2.0;
                let hint = format!("{}: changed with {}", one.label, point.commit);
                let items = vec![
                    Item::line((x, area.top), (x, area.bottom), ink, 1),
                    Item::text(
                        (x + 4.0, area.top + 7.0 + 13.0 * (at % 6) as f64),
                        "change",
                        SMALL,
                        Ink::Text,
                        Anchor::Start,
                    ),
                ];
                scene.add_of("change", at, Some(hint.clone()), items);
                said.push(hint);
            }
        }
        let line: Vec<Point> = one.points.iter().map(centre).collect();
        if line.len() > 1 {
            let path = Item::Path {
                points: line,
                ink,
                thickness: 2,
            };
            scene.add_of("curve", at, None, vec![path]);
        }
        for point in &one.points {
            let centre = centre(point);
            let mut hint = format!(
                "{}, {} ({}): {}",
                one.label,
                point.commit,
                point.at,
                unit.write(point.mean)
            );
            if let (Some(low), Some(high)) = (point.low, point.high) {
                let items = upright(centre.0, y.at(low), y.at(high), ink);
                scene.add_of("interval", at, None, items);
                hint.push_str(&format!(" [{}, {}]", unit.write(low), unit.write(high)));
            }
            let shape = mark(marker(at), centre, 4.5, ink, false);
            scene.add_of("mark", at, Some(hint), shape);
        }
        if let (Some(first), Some(last)) = (one.points.first(), one.points.last()) {
            said.push(format!(
                "{}: {} at first, {} at last, {} points",
                one.label,
                unit.write(first.mean),
                unit.write(last.mean),
                one.points.len()
            ));
        }
    }
    scene.height = area.bottom + 42.0;
    scene.caption(
        16.0,
        "Bars: 95 % intervals. Lines through the whole height: change points.",
    );
    Some(Sketch {
        name: name.to_owned(),
        title: "Trend over commits".to_owned(),
        alt: format!("{axis}. {}.", said.join(". ")),
        notes: Vec::new(),
        scene,
    })
}
