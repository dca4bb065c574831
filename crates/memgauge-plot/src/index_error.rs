//! What approximate indexes of vectors miss.

use memgauge_report::summary::IndexError;

use crate::drawing::{Sketch, Sketches};
use crate::number::{count, percent, percent_tick};
use crate::palette::{Ink, marker};
use crate::results::{Results, System};
use crate::scene::{
    Anchor, Entry, Frame, Item, MEDIUM, Rect, SMALL, Scale, Scene, WIDTH, across, fitted, legend,
    mark,
};

const NAMES: f64 = 230.0;
const ROW: f64 = 48.0;

/// What is drawn of an index: which number it is, its name, its value.
type Part = (usize, String, f64);

pub(crate) fn sketches(results: &Results) -> Sketches {
    let rows: Vec<(usize, &System, &IndexError)> = results
        .systems
        .iter()
        .enumerate()
        .filter_map(|(at, system)| {
            let error = system.summary.as_ref()?.index_error.as_ref()?;
            Some((at, system, error))
        })
        .collect();
    if rows.is_empty() {
        return Sketches::Nothing(
            "no arm has an approximate index of vectors beside an arm of the same run that is exact and the same otherwise"
                .to_owned(),
        );
    }
    let parts: Vec<Vec<Part>> = rows.iter().map(|(_, _, error)| parts(error)).collect();
    let names: Vec<String> = parts
        .iter()
        .max_by_key(|parts| parts.len())
        .map(|parts| parts.iter().map(|(_, name, _)| name.clone()).collect())
        .unwrap_or_default();
    let mut scene = Scene::new(0.0);
    let entries: Vec<Entry> = names
        .iter()
        .enumerate()
        .map(|(number, name)| Entry {
            text: name.clone(),
            ink: Ink::Colour(number),
            marker: Some(marker(number)),
            system: None,
        })
        .collect();
    let (groups, high) = legend(&entries, 6.0);
    scene.groups.extend(groups);
    let area = Rect::new(
        NAMES + 16.0,
        high + 14.0,
        WIDTH - 64.0,
        high + 20.0 + ROW * rows.len() as f64,
    );
    let most = parts
        .iter()
        .flatten()
        .map(|(_, _, share)| *share)
        .fold(0.0, f64::max);
    let n = rows
        .iter()
        .map(|(_, _, error)| error.questions)
        .min()
        .unwrap_or(0);
    let most = bounds(most, n).1;
    let x = Scale::linear(0.0, (most * 1.06).clamp(0.01, 1.0), area.left, area.right);
    let frame = Frame { area };
    scene.add(
        "axis",
        frame.x_axis(&x, &x.ticks(6, percent_tick), "Share (%)"),
    );
    let mut said = Vec::new();
    for (place, ((at, system, error), parts)) in rows.iter().zip(&parts).enumerate() {
        let top = area.top + 4.0 + ROW * place as f64;
        let name = fitted(system.label(), MEDIUM, NAMES);
        let against = fitted(&format!("against {}", error.exact), SMALL, NAMES);
        scene.add_of(
            "label",
            *at,
            Some(format!("{} against {}", system.label(), error.exact)),
            vec![
                Item::text((16.0, top + 16.0), name, MEDIUM, Ink::Text, Anchor::Start),
                Item::text(
                    (16.0, top + 31.0),
                    against,
                    SMALL,
                    Ink::Muted,
                    Anchor::Start,
                ),
            ],
        );
        let step = (ROW - 8.0) / parts.len().max(1) as f64;
        for (number, what, share) in parts {
            let y = top + 4.0 + step * (*number as f64 + 0.5);
            let ink = Ink::Colour(*number);
            let hint = format!(
                "{}: {what} {} % of {} questions",
                system.label(),
                percent(*share),
                count(error.questions as f64)
            );
            // Only the answers are counts of right and wrong.
            if *number + 1 == parts.len() {
                let (low, high) = bounds(*share, error.questions);
                scene.add_of("interval", *at, None, across(x.at(low), x.at(high), y, ink));
            }
            let shape = mark(marker(*number), (x.at(*share), y), 4.5, ink, false);
            scene.add_of("mark", *at, Some(hint.clone()), shape);
            said.push(hint);
        }
    }
    scene.height = area.bottom + 44.0;
    scene.caption(
        16.0,
        "Missed: memories among the k nearest that the index does not find among its k, mean over questions. Bar: 95 % \
         interval of Wilson for the share of answers, as if questions were independent.",
    );
    Sketches::Drawn(vec![Sketch {
        name: "index-error".to_owned(),
        title: "What approximate indexes miss".to_owned(),
        alt: format!("{}.", said.join(". ")),
        notes: results.notes(),
        scene,
    }])
}

fn parts(error: &IndexError) -> Vec<Part> {
    let missed = error.missed.iter();
    let mut parts: Vec<Part> = missed
        .enumerate()
        .map(|(number, (depth, share))| (number, format!("missed of the {depth} nearest"), *share))
        .collect();
    parts.push((
        parts.len(),
        "answers changed".to_owned(),
        error.answers_changed,
    ));
    parts
}

/// The interval of a share of `n` questions.
fn bounds(share: f64, n: usize) -> (f64, f64) {
    let found = memgauge_report::statistics::wilson_of_share(share, n, 0.95);
    found.map_or((share, share), |interval| (interval.low, interval.high))
}
