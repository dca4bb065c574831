//! Paired differences to a reference, as a forest plot.

use memgauge_report::arm::Arm;
use memgauge_report::compare::{CompareError, CompareOptions, Comparison, PairSlice, compare};

use crate::drawing::{Sketch, Sketches};
use crate::error::PlotError;
use crate::number::percent_tick;
use crate::palette::{Ink, marker};
use crate::results::Results;
use crate::scene::{
    Anchor, Frame, Item, MEDIUM, Rect, SMALL, Scale, Scene, WIDTH, across, fitted, mark,
    names_width,
};

/// Widest name on the left, and width of the numbers on the right.
const NAMES: f64 = 210.0;
const NUMBERS: f64 = 190.0;
const ROW: f64 = 24.0;

pub(crate) fn sketches(results: &Results) -> Result<Sketches, PlotError> {
    if let Some(comparison) = &results.comparison {
        if comparison.pairs.is_empty() {
            return Ok(Sketches::Nothing("no two arms are comparable".to_owned()));
        }
        return Ok(Sketches::Drawn(vec![sketch(results, comparison)]));
    }
    let has = |arm: &Arm| !results.metric.missing.contains(&arm.label);
    let known: Vec<usize> = (0..results.systems.len())
        .filter(|at| results.systems.get(*at).is_some_and(|one| has(&one.arm)))
        .collect();
    if known.len() < 2 {
        return Ok(Sketches::Nothing(format!(
            "a difference needs two arms with {}",
            results.metric.name
        )));
    }
    let reference = reference(results, &known);
    let order: Vec<usize> = std::iter::once(reference)
        .chain(known.iter().copied().filter(|at| *at != reference))
        .collect();
    // All against one, whichever run they come from.
    let arms: Vec<Arm> = order
        .iter()
        .filter_map(|at| results.systems.get(*at))
        .map(|system| Arm {
            selection: 0,
            ..system.arm.clone()
        })
        .collect();
    let options = CompareOptions {
        metric: Some(results.metric.name.clone()),
        names: results.names,
        force: true,
        bootstrap: results.bootstrap,
        ..CompareOptions::default()
    };
    let comparison = match compare(&arms, &options) {
        Ok(comparison) => comparison,
        Err(error @ (CompareError::NothingShared { .. } | CompareError::Few(_))) => {
            return Ok(Sketches::Nothing(error.to_string()));
        }
        Err(error) => return Err(error.into()),
    };
    let apart: Vec<String> = comparison
        .incomparable
        .iter()
        .map(ToString::to_string)
        .collect();
    let comparison = comparison.comparable();
    if comparison.pairs.is_empty() {
        return Ok(Sketches::Nothing(format!(
            "no two arms are comparable: {}",
            apart.join("; ")
        )));
    }
    Ok(Sketches::Drawn(vec![sketch(results, &comparison)]))
}

/// The variant that a sweep made the others of, where it is among the arms; otherwise the first.
fn reference(results: &Results, known: &[usize]) -> usize {
    let of = |at: &usize| results.systems.get(*at);
    let bases = known.iter().filter_map(|at| {
        let system = of(at)?;
        Some((&system.arm.dir, system.base.as_ref()?))
    });
    let named = |dir, base: &str| {
        let is_it =
            |at: &&usize| of(at).is_some_and(|one| one.arm.dir == dir && one.arm.variant == base);
        known.iter().find(is_it).copied()
    };
    let mut bases = bases.filter_map(|(dir, base)| named(dir.clone(), base));
    bases.next().or_else(|| known.first().copied()).unwrap_or(0)
}

fn sketch(results: &Results, comparison: &Comparison) -> Sketch {
    let mut references = comparison.pairs.iter().map(|pair| pair.reference.as_str());
    let reference = match references.next() {
        Some(first) if references.all(|other| other == first) => first,
        _ => "the arm of the same name in the first run",
    };
    let rows: Vec<(usize, &str, Option<&PairSlice>)> = comparison
        .pairs
        .iter()
        .filter_map(|pair| {
            let at = results.labels().position(|label| label == pair.arm)?;
            Some((at, pair.arm.as_str(), pair.slices.first()))
        })
        .collect();
    let differences = || {
        rows.iter()
            .filter_map(|(_, _, slice)| slice.as_ref()?.difference)
    };
    let far = differences()
        .flat_map(|one| [one.interval.low.abs(), one.interval.high.abs()])
        .fold(comparison.margin * 1.5, f64::max);
    let low = differences()
        .map(|one| one.interval.low)
        .fold(-comparison.margin * 1.5, f64::min);
    let high = differences()
        .map(|one| one.interval.high)
        .fold(comparison.margin * 1.5, f64::max);
    let room = far * 0.06;

    let mut scene = Scene::new(0.0);
    let against = format!("against {reference}");
    let said = rows
        .iter()
        .map(|(_, name, _)| *name)
        .chain([against.as_str()]);
    let names = names_width(said, NAMES);
    let area = Rect::new(
        names + 28.0,
        34.0,
        WIDTH - NUMBERS - 16.0,
        40.0 + ROW * rows.len() as f64,
    );
    let x = Scale::linear(low - room, high + room, area.left, area.right);
    let (from, to) = (x.at(-comparison.margin), x.at(comparison.margin));
    scene.add(
        "margin",
        vec![Item::Area {
            points: vec![
                (from, area.top),
                (to, area.top),
                (to, area.bottom),
                (from, area.bottom),
            ],
            ink: Ink::Axis,
            alpha: 0.14,
        }],
    );
    let frame = Frame { area };
    let title = format!("{} minus that of the reference, points", short(results));
    let mut axis = frame.x_axis(&x, &x.ticks(6, signed_tick), &title);
    let zero = x.at(0.0);
    axis.push(Item::line(
        (zero, area.top),
        (zero, area.bottom),
        Ink::Axis,
        2,
    ));
    let head =
        |at: f64, text: &str, anchor| Item::text((at, 16.0), text, SMALL, Ink::Muted, anchor);
    axis.push(head(16.0, &fitted(&against, SMALL, names), Anchor::Start));
    axis.push(head(zero - 8.0, "worse", Anchor::End));
    axis.push(head(zero + 8.0, "better", Anchor::Start));
    axis.push(head(WIDTH - 62.0, "points [95 %]", Anchor::End));
    axis.push(head(WIDTH - 12.0, "p, Holm", Anchor::End));
    scene.add("axis", axis);

    let mut said = Vec::new();
    for (place, (at, name, slice)) in rows.iter().enumerate() {
        let y = area.top + 6.0 + ROW * (place as f64 + 0.5) - 3.0;
        let label = fitted(name, MEDIUM, names);
        let hint = Some((*name).to_owned());
        let text = Item::text((16.0, y), label, MEDIUM, Ink::Text, Anchor::Start);
        scene.add_of("label", *at, hint, vec![text]);
        let Some((difference, slice)) = slice.and_then(|slice| Some((slice.difference?, slice)))
        else {
            let text = Item::text((WIDTH - 62.0, y), "–", MEDIUM, Ink::Muted, Anchor::End);
            scene.add_of("number", *at, None, vec![text]);
            continue;
        };
        let ink = Ink::Colour(*at);
        let (low, high) = (
            x.at(difference.interval.low),
            x.at(difference.interval.high),
        );
        let numbers = format!(
            "{} [{}, {}]",
            points(difference.mean),
            points(difference.interval.low),
            points(difference.interval.high)
        );
        let p = slice.p_holm.map_or_else(|| "–".to_owned(), probability);
        let verdict = slice
            .verdict
            .map_or_else(String::new, |verdict| format!(", {verdict}"));
        let hint = format!("{name}: {numbers}, p {p}{verdict}, n = {}", difference.n);
        scene.add_of("interval", *at, None, across(low, high, y, ink));
        let shape = mark(marker(*at), (x.at(difference.mean), y), 5.0, ink, false);
        scene.add_of("mark", *at, Some(hint.clone()), shape);
        let text = |x, text: &str| Item::text((x, y), text, SMALL, Ink::Text, Anchor::End);
        scene.add_of(
            "number",
            *at,
            None,
            vec![text(WIDTH - 62.0, &numbers), text(WIDTH - 12.0, &p)],
        );
        said.push(hint);
    }
    scene.height = area.bottom + 44.0;
    scene.caption(
        16.0,
        &format!(
            "Paired by question over categories 1 to 4, with 95 % intervals. Shaded: differences inside ±{} points count as \
             none. p: of the bootstrap, corrected by Holm over all comparisons.",
            percent_tick(comparison.margin)
        ),
    );
    let mut notes = results.notes();
    notes.extend(
        comparison
            .incomparable
            .iter()
            .map(|reason| format!("not drawn, because not comparable: {reason}")),
    );
    notes.extend(
        comparison
            .notes
            .iter()
            .filter(|note| !notes.contains(note))
            .cloned()
            .collect::<Vec<_>>(),
    );
    if !results.metric.missing.is_empty() {
        notes.push(format!(
            "without {}: {}",
            results.metric.name,
            results.metric.missing.join(", ")
        ));
    }
    Sketch {
        name: "ablation".to_owned(),
        title: "Differences to the reference".to_owned(),
        alt: format!(
            "{title}; the reference is {reference}. {}.",
            said.join(". ")
        ),
        notes,
        scene,
    }
}

/// The metric in few words.
fn short(results: &Results) -> String {
    match results.metric.name.as_str() {
        "j" => "J".to_owned(),
        name => name.to_owned(),
    }
}

/// A tick with a minus sign that is as wide as a digit.
fn signed_tick(share: f64) -> String {
    percent_tick(share).replace('-', "−")
}

/// A difference in points, with its sign.
fn points(difference: f64) -> String {
    let text = format!("{:+.1}", 100.0 * difference);
    match text.strip_prefix('-') {
        Some("0.0") => "0.0".to_owned(),
        Some(rest) => format!("−{rest}"),
        None => text,
    }
}

fn probability(p: f64) -> String {
    if p < 0.001 {
        "<0.001".to_owned()
    } else {
        format!("{p:.3}")
    }
}
