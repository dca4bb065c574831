//! Accuracy by category, with the best honest score where it is known.

use memgauge_report::statistics::{Column, Domain, Estimate};
use memgauge_report::summary::SLICES;

use crate::drawing::{Sketch, Sketches};
use crate::error::PlotError;
use crate::number::{percent, percent_tick};
use crate::palette::{Ink, marker};
use crate::results::{Results, System};
use crate::scene::{
    Anchor, Frame, Item, MEDIUM, Rect, SMALL, Scale, Scene, WIDTH, legend, mark, upright,
};

/// Strata of every slice of [`SLICES`].
const DOMAINS: [Domain<'static>; 6] = [&[0, 1, 2, 3], &[0], &[1], &[2], &[3], &[4]];

pub(crate) fn sketches(results: &Results) -> Result<Sketches, PlotError> {
    let asked = results.asked();
    let columns = results.columns(&asked);
    let columns: Vec<Column<'_>> = columns.iter().map(Vec::as_slice).collect();
    let own = results.own(&asked);
    let means = results
        .bootstrap
        .own_means(&asked.layout, &own, &DOMAINS, &columns)?;
    // Slices that any arm has a value for.
    let slices: Vec<usize> = (0..SLICES.len())
        .filter(|at| {
            means
                .iter()
                .any(|row| row.get(*at).is_some_and(Option::is_some))
        })
        .collect();
    if slices.is_empty() {
        return Ok(Sketches::Nothing(format!(
            "no arm has {}",
            results.metric.name
        )));
    }
    Ok(Sketches::Drawn(vec![sketch(results, &slices, &means)]))
}

fn sketch(results: &Results, slices: &[usize], means: &[Vec<Option<Estimate>>]) -> Sketch {
    let metric = &results.metric.name;
    let at = |system: usize, slice: usize| means.get(system)?.get(slice).copied().flatten();
    let systems: Vec<usize> = (0..results.systems.len())
        .filter(|system| slices.iter().any(|slice| at(*system, *slice).is_some()))
        .collect();
    let mut scene = Scene::new(0.0);
    let (groups, high) = legend(&results.entries(&systems), 6.0);
    scene.groups.extend(groups);
    let area = Rect::new(48.0, high + 46.0, WIDTH - 12.0, high + 46.0 + 300.0);
    let frame = Frame { area };
    let ceilings: Vec<(usize, f64)> = slices
        .iter()
        .flat_map(|slice| {
            results
                .ceilings(SLICES.get(*slice).copied().unwrap_or_default())
                .into_iter()
                .map(|best| (*slice, best))
        })
        .collect();
    let top = means
        .iter()
        .flatten()
        .flatten()
        .map(|estimate| estimate.interval.high)
        .chain(ceilings.iter().map(|(_, best)| *best))
        .fold(0.05, f64::max);
    let y = Scale::linear(0.0, (top * 1.06).min(1.02), area.bottom, area.top);
    let ticks = y.ticks(7, percent_tick);
    let title = results.metric.title();
    scene.add("axis", frame.y_axis(&y, &ticks, &title));
    scene.add(
        "axis",
        vec![Item::line(
            (area.left, area.bottom),
            (area.right, area.bottom),
            Ink::Axis,
            1,
        )],
    );

    let band = area.width() / slices.len() as f64;
    let step = ((band - 22.0) / systems.len() as f64).min(18.0);
    let radius = (step / 2.6).clamp(2.5, 5.0);
    let mut above = Vec::new();
    let mut said = Vec::new();
    for (place, slice) in slices.iter().enumerate() {
        let left = area.left + band * place as f64;
        let middle = left + band / 2.0;
        let name = SLICES.get(*slice).copied().unwrap_or_default();
        let shown = if *slice == 0 {
            "categories 1-4"
        } else {
            results.names.slice(name)
        };
        let counts = || {
            let estimates = systems.iter().filter_map(|system| at(*system, *slice));
            estimates.map(|estimate| estimate.n)
        };
        let mut words = vec![Item::text(
            (middle, area.bottom + 14.0),
            shown,
            MEDIUM,
            Ink::Text,
            Anchor::Middle,
        )];
        if let (Some(least), Some(most)) = (counts().min(), counts().max()) {
            let written = |n: usize| memgauge_report::table::thousands(n as f64);
            let text = match least == most {
                true => format!("n = {}", written(most)),
                false => format!("n = {} to {}", written(least), written(most)),
            };
            let at = (middle, area.bottom + 29.0);
            words.push(Item::text(at, text, SMALL, Ink::Muted, Anchor::Middle));
        }
        if place > 0 {
            words.push(Item::line(
                (left, area.top),
                (left, area.bottom - 1.0),
                Ink::Grid,
                1,
            ));
        }
        scene.add("axis", words);
        for (_, best) in ceilings.iter().filter(|(of, _)| of == slice) {
            let level = y.at(*best);
            let text = format!("ceiling {}", percent(*best));
            scene.add(
                "ceiling",
                vec![
                    Item::line(
                        (left + 4.0, level),
                        (left + band - 4.0, level),
                        Ink::Text,
                        2,
                    ),
                    Item::text(
                        (middle, level - 9.0),
                        text,
                        SMALL,
                        Ink::Text,
                        Anchor::Middle,
                    ),
                ],
            );
        }
        let mut x = middle - step * (systems.len() as f64 - 1.0) / 2.0;
        let mut spoken = Vec::new();
        for system in &systems {
            if let Some(estimate) = at(*system, *slice) {
                let ink = Ink::Colour(*system);
                let label = results.systems.get(*system).map_or("", System::label);
                let hint = format!(
                    "{label}, {shown}: {} [{}, {}], n = {}",
                    percent(estimate.mean),
                    percent(estimate.interval.low),
                    percent(estimate.interval.high),
                    estimate.n
                );
                let (low, high) = (y.at(estimate.interval.low), y.at(estimate.interval.high));
                scene.add_of("interval", *system, None, upright(x, low, high, ink));
                let centre = (x, y.at(estimate.mean));
                let mut shape = mark(marker(*system), centre, radius, ink, false);
                if results.is_above(*system, name, estimate.mean) {
                    above.push(format!("{label} in {shown}"));
                    let at = (x, high - 8.0);
                    shape.push(Item::text(at, "!", MEDIUM, Ink::Text, Anchor::Middle).bold());
                }
                spoken.push(hint.clone());
                scene.add_of("mark", *system, Some(hint), shape);
            }
            x += step;
        }
        said.push(spoken.join("; "));
    }
    scene.height = area.bottom + 40.0;
    let mut caption = format!(
        "Means with 95 % intervals; categories by {}.",
        results.names.label()
    );
    if slices.contains(&5) {
        caption.push_str(" Adversarial questions are not among categories 1-4.");
    }
    if !ceilings.is_empty() {
        caption.push_str(
            " Ceiling: the best honest score, given the known mistakes of the key; ! marks a score above it.",
        );
    }
    if let Some(against) = results.against_labels() {
        caption.push_str(&format!(" {against}."));
    }
    scene.caption(16.0, &caption);
    let mut notes = results.notes();
    if !above.is_empty() {
        notes.push(format!(
            "above the ceiling, which no honest answer reaches: {}",
            above.join(", ")
        ));
    }
    if !results.metric.missing.is_empty() {
        notes.push(format!(
            "without {metric}: {}",
            results.metric.missing.join(", ")
        ));
    }
    Sketch {
        name: "category".to_owned(),
        title: "Accuracy by category".to_owned(),
        alt: format!("{title}. {}.", said.join(". ")),
        notes,
        scene,
    }
}
