//! A metric over runs and commits, with intervals and change points.

use memgauge_report::history::{HistoryPoint, HistorySeries, is_latency, series};
use memgauge_report::{Direction, direction};

use crate::drawing::{Drawing, Look, Sketch, Sketches};
use crate::error::PlotError;
use crate::kind::Kind;
use crate::number::{count, dollars, duration, percent, percent_tick};
use crate::palette::{Ink, marker};
use crate::results::{Results, metric_title};
use crate::scene::{
    Anchor, Entry, Frame, Item, Point, Rect, SMALL, Scale, Scene, WIDTH, legend, mark, upright,
    width,
};

/// One series with the number that gives its colour and its shape.
struct Line<'a> {
    number: usize,
    label: String,
    series: &'a HistorySeries,
}

/// Draws series of one metric over the runs that any of them has, evenly spaced in the order of time. `None` without a
/// point.
///
/// # Errors
/// When the backend fails.
pub fn trend(all: &[HistorySeries], look: Look) -> Result<Option<Drawing>, PlotError> {
    let lines: Vec<Line<'_>> = all
        .iter()
        .enumerate()
        .map(|(number, series)| Line {
            number,
            label: series.label(all),
            series,
        })
        .collect();
    match sketch(&lines) {
        Some(sketch) => Drawing::new(Kind::Trend, sketch, look).map(Some),
        None => Ok(None),
    }
}

/// The trend of the results' metric for the variants among the arms, in the arms' colours.
pub(crate) fn sketches(results: &Results) -> Sketches {
    let Some(history) = &results.history else {
        return Sketches::Nothing(
            "no history was named (memgauge history add keeps one)".to_owned(),
        );
    };
    let metric = &results.metric.name;
    let all = series(&history.entries, metric, results.bootstrap.seed);
    let mine: Vec<HistorySeries> = all
        .into_iter()
        .filter(|series| place(results, series).is_some())
        .collect();
    let mut used = Vec::new();
    let lines: Vec<Line<'_>> = mine
        .iter()
        .zip(results.systems.len()..)
        .map(|(series, other)| {
            // A second series of an arm, such as another config, looks different.
            let own = place(results, series).filter(|at| !used.contains(at));
            used.extend(own);
            Line {
                number: own.unwrap_or(other),
                label: series.label(&mine),
                series,
            }
        })
        .collect();
    match sketch(&lines) {
        Some(sketch) => Sketches::Drawn(vec![sketch]),
        None => Sketches::Nothing(format!("the history has no {metric} of these arms")),
    }
}

/// The arm whose variant, experiment and dataset a series is about.
fn place(results: &Results, series: &HistorySeries) -> Option<usize> {
    results.systems.iter().position(|system| {
        let facts = &system.arm.facts;
        system.arm.variant == series.variant
            && facts.run == series.experiment
            && facts.dataset.content == series.content
    })
}

/// A value in the unit of its metric.
fn write(metric: &str, value: f64) -> String {
    if is_latency(metric) {
        duration(value)
    } else if metric.starts_with("tokens.") {
        count(value)
    } else if metric.starts_with("dollars.") {
        dollars(value)
    } else {
        percent(value)
    }
}

fn tick(metric: &str, value: f64) -> String {
    let is_share = !["latency.", "tokens.", "dollars."]
        .iter()
        .any(|prefix| metric.starts_with(prefix));
    if is_share {
        percent_tick(value)
    } else {
        write(metric, value)
    }
}

fn axis_title(metric: &str) -> String {
    let better = match direction(metric) {
        Direction::Higher => "more is better",
        Direction::Lower => "less is better",
    };
    let title = match metric {
        "tokens.cl100k" => "Tokens of the context per question, mean, cl100k_base".to_owned(),
        "dollars.per_question" => "US dollars per question".to_owned(),
        latency if is_latency(latency) => latency.to_owned(),
        other => metric_title(other),
    };
    format!("{title}; {better}")
}

/// What runs are sorted by.
type Key<'a> = (&'a str, &'a str);

fn key(point: &HistoryPoint) -> Key<'_> {
    (&point.started, &point.run)
}

/// A commit in few letters.
fn commit(point: &HistoryPoint) -> &str {
    let commit = point.commit.as_deref().unwrap_or("–");
    commit.get(..9).unwrap_or(commit)
}

fn sketch(lines: &[Line<'_>]) -> Option<Sketch> {
    let metric = lines.first().map(|line| line.series.metric.as_str())?;
    let points = || lines.iter().flat_map(|line| &line.series.points);
    let mut runs: Vec<(Key<'_>, &str)> = points().map(|one| (key(one), commit(one))).collect();
    runs.sort_unstable();
    runs.dedup_by_key(|(key, _)| *key);
    if runs.is_empty() {
        return None;
    }
    let mut scene = Scene::new(0.0);
    let entries: Vec<Entry> = lines
        .iter()
        .map(|line| Entry {
            text: line.label.clone(),
            ink: Ink::Colour(line.number),
            marker: Some(marker(line.number)),
            system: Some(line.number),
        })
        .collect();
    let (groups, high) = legend(&entries, 6.0);
    scene.groups.extend(groups);
    let area = Rect::new(70.0, high + 48.0, WIDTH - 24.0, high + 48.0 + 280.0);
    let ends = |of: fn(f64, f64) -> f64, start: f64| {
        let values = points().flat_map(|point| [Some(point.value), point.low, point.high]);
        values.flatten().fold(start, of)
    };
    let (low, top) = (
        ends(f64::min, f64::INFINITY),
        ends(f64::max, f64::NEG_INFINITY),
    );
    let room = (top - low) * 0.1;
    let y = Scale::linear(low - room, top + room, area.bottom, area.top);
    let title = axis_title(metric);
    let frame = Frame { area };
    scene.add(
        "axis",
        frame.y_axis(&y, &y.ticks(6, |value| tick(metric, value)), &title),
    );
    let step = area.width() / runs.len() as f64;
    let across = |wanted: Key<'_>| {
        let place = runs.partition_point(|(key, _)| *key < wanted);
        area.left + step * (place as f64 + 0.5)
    };
    scene.add("axis", x_axis(&runs, area, &across));

    let mut said = Vec::new();
    for (row, line) in lines.iter().enumerate() {
        let centre = |point: &HistoryPoint| (across(key(point)), y.at(point.value));
        said.extend(changes(&mut scene, line, area, (row, step), &centre));
        said.extend(curve(&mut scene, line, &y, &centre));
    }
    scene.height = area.bottom + 42.0;
    scene.caption(
        16.0,
        "One place per run, in the order of time: commit and day. Bars: 95 % intervals. Upright lines: change points, from \
         which on the level is another one.",
    );
    Some(Sketch {
        name: format!("trend-{}", metric.replace(['@', '.', '_'], "-")),
        title: format!("Trend of {metric}"),
        alt: format!("{title}. {}.", said.join(". ")),
        notes: Vec::new(),
        scene,
    })
}

/// Commit and day of every run that has room for them.
fn x_axis(runs: &[(Key<'_>, &str)], area: Rect, across: &dyn Fn(Key<'_>) -> f64) -> Vec<Item> {
    let floor = area.bottom;
    let mut items = vec![Item::line(
        (area.left, floor),
        (area.right, floor),
        Ink::Axis,
        1,
    )];
    let mut free = 0.0;
    for (key, commit) in runs {
        let x = across(*key);
        let day = key.0.get(..10).unwrap_or(key.0);
        let wide = width(day, SMALL).max(width(commit, SMALL));
        items.push(Item::line((x, floor), (x, floor + 4.0), Ink::Axis, 1));
        if x - wide / 2.0 >= free && x + wide / 2.0 <= WIDTH {
            free = x + wide / 2.0 + 6.0;
            for (down, text) in [(15.0, *commit), (29.0, day)] {
                let at = (x, floor + down);
                items.push(Item::text(at, text, SMALL, Ink::Muted, Anchor::Middle));
            }
        }
    }
    items
}

/// Marks where the level of a series changes; returns what is shown, in words.
fn changes(
    scene: &mut Scene,
    line: &Line<'_>,
    area: Rect,
    (row, step): (usize, f64),
    centre: &dyn Fn(&HistoryPoint) -> Point,
) -> Vec<String> {
    let points = &line.series.points;
    let changed = line
        .series
        .change_points
        .iter()
        .filter_map(|at| points.get(*at));
    let mut said = Vec::new();
    for point in changed {
        let x = centre(point).0 - step / 2.0;
        let hint = format!(
            "{}: another level from {} ({}) on",
            line.label,
            commit(point),
            point.run
        );
        let top = area.top + 6.0 + 11.0 * (row % 8) as f64;
        let ink = Ink::Colour(line.number);
        let mut items = vec![Item::line((x, area.top), (x, area.bottom), ink, 1)];
        items.extend(mark(marker(line.number), (x, top), 4.0, ink, false));
        scene.add_of("change", line.number, Some(hint.clone()), items);
        said.push(hint);
    }
    said
}

/// The line of a series with its marks and intervals; returns what it shows, in words.
fn curve(
    scene: &mut Scene,
    line: &Line<'_>,
    y: &Scale,
    centre: &dyn Fn(&HistoryPoint) -> Point,
) -> Option<String> {
    let (ink, series) = (Ink::Colour(line.number), line.series);
    let write = |value: f64| write(&series.metric, value);
    if series.points.len() > 1 {
        let path = Item::Path {
            points: series.points.iter().map(centre).collect(),
            ink,
            thickness: 1,
        };
        scene.add_of("curve", line.number, None, vec![path]);
    }
    for point in &series.points {
        let centre = centre(point);
        let mut hint = format!(
            "{}, {} ({}): {}",
            line.label,
            commit(point),
            point.run,
            write(point.value)
        );
        if let (Some(low), Some(high)) = (point.low, point.high) {
            let items = upright(centre.0, y.at(low), y.at(high), ink);
            scene.add_of("interval", line.number, None, items);
            hint.push_str(&format!(" [{}, {}]", write(low), write(high)));
        }
        let shape = mark(marker(line.number), centre, 4.5, ink, false);
        scene.add_of("mark", line.number, Some(hint), shape);
    }
    let (first, last) = (series.points.first()?, series.points.last()?);
    Some(format!(
        "{}: {} at first, {} at last, {} run(s)",
        line.label,
        write(first.value),
        write(last.value),
        series.points.len()
    ))
}
