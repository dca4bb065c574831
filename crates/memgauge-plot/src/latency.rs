//! Distributions of latencies, a panel per stage.

use memgauge_report::statistics::{Bootstrap, PercentileEstimate};

use crate::drawing::{Sketch, Sketches};
use crate::number::{count, duration};
use crate::palette::{Ink, marker};
use crate::results::{REPLAYED, Results, Samples, Stage, System};
use crate::scene::{
    Anchor, Frame, Item, Point, Rect, SMALL, Scale, Scene, WIDTH, across, legend, mark,
};

/// Height of the curves, and of an arm's row below them.
const CURVES: f64 = 150.0;
const ROW: f64 = 12.0;
/// Percentiles that are marked.
const MARKED: [f64; 3] = [50.0, 95.0, 99.0];

/// One arm in one panel.
struct Curve<'a> {
    system: usize,
    name: &'a str,
    samples: &'a Samples,
    p95: Option<PercentileEstimate>,
}

pub(crate) fn sketches(results: &Results) -> Sketches {
    // As in `summary.json`: a percentile's interval needs fewer resamples than a mean's.
    let bootstrap = Bootstrap {
        resamples: results.bootstrap.resamples.min(1_000),
        ..results.bootstrap
    };
    let panels: Vec<(Stage, Vec<Curve<'_>>)> = Stage::ALL
        .into_iter()
        .map(|stage| (stage, curves(results, stage, &bootstrap)))
        .filter(|(_, curves)| !curves.is_empty())
        .collect();
    if panels.is_empty() {
        return Sketches::Nothing("the runs hold no timings".to_owned());
    }
    let mut scene = Scene::new(0.0);
    let shown: Vec<usize> = (0..results.systems.len())
        .filter(|at| {
            panels
                .iter()
                .any(|(_, curves)| curves.iter().any(|one| one.system == *at))
        })
        .collect();
    let (groups, high) = legend(&results.entries(&shown), 6.0);
    scene.groups.extend(groups);
    let columns = if panels.len() == 1 { 1 } else { 2 };
    let wide = WIDTH / columns as f64;
    let mut top = high + 14.0;
    let mut said = Vec::new();
    for row in panels.chunks(columns) {
        let most = row
            .iter()
            .map(|(_, curves)| curves.len())
            .max()
            .unwrap_or(0);
        let strip = ROW * most as f64 + 6.0;
        for (column, (stage, curves)) in row.iter().enumerate() {
            let left = wide * column as f64;
            let area = Rect::new(
                left + 46.0,
                top + 28.0,
                left + wide - 34.0,
                top + 28.0 + CURVES,
            );
            panel(&mut scene, area, strip, *stage, curves);
            said.push(words(*stage, curves));
        }
        top += 28.0 + CURVES + strip + 44.0;
    }
    scene.height = top - 6.0;
    let mut caption = "Share of raw samples that took no longer, warm-up left out; marks at p50, p95 and p99. Below: p95 with \
                       its 95 % interval."
        .to_owned();
    let mut curves = panels.iter().flat_map(|(_, curves)| curves);
    if curves.any(|curve| curve.samples.is_replayed) {
        caption.push_str(" Thin and hollow: not measured in this run, but made of own time and recorded times of the provider.");
    }
    scene.caption(16.0, &caption);
    let mut notes = results.notes();
    let mut replayed: Vec<&str> = panels
        .iter()
        .flat_map(|(_, curves)| curves)
        .filter(|curve| curve.samples.is_replayed)
        .map(|curve| curve.name)
        .collect();
    replayed.sort_unstable();
    replayed.dedup();
    if !replayed.is_empty() {
        notes.push(format!("{REPLAYED}: {}", replayed.join(", ")));
    }
    let machines = results.systems.iter().map(|system| &system.machine);
    let first = machines.clone().next();
    if machines.clone().any(|machine| Some(machine) != first) {
        notes.push("times were measured on different machines".to_owned());
    }
    Sketches::Drawn(vec![Sketch {
        name: "latency".to_owned(),
        title: "Latency by stage".to_owned(),
        alt: said.join(" "),
        notes,
        scene,
    }])
}

fn curves<'a>(results: &'a Results, stage: Stage, bootstrap: &Bootstrap) -> Vec<Curve<'a>> {
    let systems = results.systems.iter().enumerate();
    systems
        .filter_map(|(at, system)| {
            let samples = system.timings.get(&stage)?;
            Some(Curve {
                system: at,
                name: System::label(system),
                samples,
                p95: bootstrap.percentile(&samples.clusters, 95.0),
            })
        })
        .collect()
}

fn panel(scene: &mut Scene, area: Rect, strip: f64, stage: Stage, curves: &[Curve<'_>]) {
    let whole = Rect {
        bottom: area.bottom + strip,
        ..area
    };
    let ends: Vec<f64> = curves
        .iter()
        .flat_map(|curve| {
            let sorted = &curve.samples.sorted;
            // The far tails would squeeze the rest.
            let low = memgauge_report::statistics::nearest_rank(sorted, 0.5);
            let high = memgauge_report::statistics::nearest_rank(sorted, 99.5);
            let bars = curve.p95.map(|p95| [p95.interval.low, p95.interval.high]);
            low.into_iter()
                .chain(high)
                .chain(bars.into_iter().flatten())
        })
        .collect();
    let x = Scale::log(&ends, area.left, area.right);
    let y = Scale::linear(0.0, 100.0, area.bottom, area.top);
    let mut axes = vec![Item::text(
        (area.left - 30.0, area.top - 16.0),
        stage.title(),
        crate::scene::MEDIUM,
        Ink::Text,
        Anchor::Start,
    )];
    let frame = Frame { area: whole };
    axes.extend(frame.x_axis(&x, &x.ticks(5, duration), ""));
    for percent in MARKED {
        let (y, is_last) = (y.at(percent), percent > 98.0);
        axes.push(Item::line((area.left, y), (area.right, y), Ink::Grid, 1));
        let (at, anchor) = if is_last {
            ((area.right + 5.0, y), Anchor::Start)
        } else {
            ((area.left - 5.0, y), Anchor::End)
        };
        let text = format!("p{percent:.0}");
        axes.push(Item::text(at, text, SMALL, Ink::Muted, anchor));
    }
    let floor = area.bottom;
    axes.push(Item::line(
        (area.left, floor),
        (area.right, floor),
        Ink::Axis,
        1,
    ));
    axes.push(Item::text(
        (area.left - 5.0, floor),
        "0 %",
        SMALL,
        Ink::Muted,
        Anchor::End,
    ));
    axes.push(Item::text(
        (area.left - 5.0, (floor + whole.bottom) / 2.0 + 2.0),
        "p95",
        SMALL,
        Ink::Muted,
        Anchor::End,
    ));
    scene.add("axis", axes);
    for (row, curve) in curves.iter().enumerate() {
        let ink = Ink::Colour(curve.system);
        let is_hollow = curve.samples.is_replayed;
        let points = steps(&curve.samples.sorted, &x, &y, area);
        let line = Item::Path {
            points,
            ink,
            thickness: if is_hollow { 1 } else { 2 },
        };
        scene.add_of("curve", curve.system, Some(hint(curve)), vec![line]);
        let mut marks = Vec::new();
        for percent in MARKED {
            if let Some(ms) = curve.samples.percentile(percent) {
                let at = (x.at(ms), y.at(percent));
                marks.extend(mark(marker(curve.system), at, 4.0, ink, is_hollow));
            }
        }
        scene.add_of("mark", curve.system, Some(hint(curve)), marks);
        let height = floor + 10.0 + ROW * row as f64;
        if let Some(p95) = curve.p95 {
            let (low, high) = (x.at(p95.interval.low), x.at(p95.interval.high));
            scene.add_of(
                "interval",
                curve.system,
                None,
                across(low, high, height, ink),
            );
            let shape = mark(
                marker(curve.system),
                (x.at(p95.value), height),
                4.0,
                ink,
                is_hollow,
            );
            scene.add_of("mark", curve.system, Some(hint(curve)), shape);
        }
    }
}

/// The distribution function as steps; points of one pixel are one.
fn steps(sorted: &[f64], x: &Scale, y: &Scale, area: Rect) -> Vec<Point> {
    let all = sorted.len().max(1) as f64;
    let mut points: Vec<Point> = Vec::new();
    let mut height = area.bottom;
    for (at, ms) in sorted.iter().enumerate() {
        let across = x.at(*ms).round();
        let up = y.at(100.0 * (at + 1) as f64 / all).round();
        match points.last_mut() {
            Some(last) if last.0 == across => last.1 = up,
            _ => {
                points.push((across, height));
                points.push((across, up));
            }
        }
        height = up;
    }
    points
}

fn hint(curve: &Curve<'_>) -> String {
    let of = |percent| {
        let found = curve.samples.percentile(percent);
        found.map_or_else(String::new, duration)
    };
    let interval = curve.p95.map_or_else(String::new, |p95| {
        format!(
            " [{}, {}]",
            duration(p95.interval.low),
            duration(p95.interval.high)
        )
    });
    format!(
        "{}: p50 {}, p95 {}{interval}, p99 {} of {} samples",
        curve.name,
        of(50.0),
        of(95.0),
        of(99.0),
        count(curve.samples.sorted.len() as f64)
    )
}

fn words(stage: Stage, curves: &[Curve<'_>]) -> String {
    let each: Vec<String> = curves.iter().map(hint).collect();
    format!("{}: {}.", stage.title(), each.join("; "))
}
