//! Accuracy against what it costs, with the Pareto front and its uncertainty.

mod costs;

use memgauge_report::statistics::{CostColumn, Front, FrontArm, FrontPoint, Layout, Tradeoff};
use memgauge_report::summary::SLICES;

use self::costs::{Column, Costs, latency, tokens};
use crate::drawing::{Sketch, Sketches};
use crate::error::PlotError;
use crate::number::{count, duration, percent, percent_tick};
use crate::palette::{Ink, marker};
use crate::results::{Results, System};
use crate::scene::{
    Anchor, Frame, Item, Label, MEDIUM, Point, Rect, SMALL, Scale, Scene, WIDTH, across, fitted,
    mark, place, upright, width,
};

/// Room for the mark before a label.
const KEY: f64 = 13.0;

/// Categories 1 to 4, as strata.
const SCORED: [usize; 4] = [0, 1, 2, 3];
/// Widest label in pixels.
const LONGEST: f64 = 240.0;

/// How the plot is read.
const READING: &str = "Line: Pareto front; band: its 95 % interval. Percentages: share of resamples in which no other arm is better \
     in one and no worse in the other. Grey and hollow: another arm dominates it. Bars: 95 % intervals.";

pub(crate) fn sketches(results: &Results) -> Result<Sketches, PlotError> {
    let asked = results.asked();
    let mut gains = results.columns(&asked);
    // A front is one of arms that were asked about the same: those of the first one's dataset.
    let is_home = |system: &System| results.is_home(system);
    for (gain, system) in gains.iter_mut().zip(&results.systems) {
        if !is_home(system) {
            gain.fill(None);
        }
    }
    let mut drawn_from = vec![false; asked.questions.len()];
    for (own, system) in results.own(&asked).iter().zip(&results.systems) {
        for (drawn, own) in drawn_from.iter_mut().zip(own) {
            *drawn |= *own && is_home(system);
        }
    }
    let layout = asked.layout.only(&drawn_from);
    let mut drawn = Vec::new();
    for costs in [tokens(results, &asked), latency(results, &asked)] {
        let front = front(results, &layout, &gains, &costs)?;
        if front.arms.iter().any(Option::is_some) {
            drawn.push(sketch(results, &costs, &front));
        }
    }
    if drawn.is_empty() {
        return Ok(Sketches::Nothing(format!(
            "no arm has {} together with tokens of its contexts or times of its searches",
            results.metric.name
        )));
    }
    Ok(Sketches::Drawn(drawn))
}

fn front(
    results: &Results,
    layout: &Layout,
    gains: &[Vec<Option<f64>>],
    costs: &Costs,
) -> Result<Front, PlotError> {
    let arms: Vec<Tradeoff<'_>> = gains
        .iter()
        .zip(&costs.of)
        .map(|(gain, cost)| Tradeoff {
            gain,
            cost: match cost {
                Column::Mean(column) => CostColumn::Mean(column),
                Column::Samples(samples) => {
                    CostColumn::Percentile(samples, costs.percent.unwrap_or(95.0))
                }
            },
        })
        .collect();
    Ok(results.bootstrap.front(layout, &SCORED, &arms)?)
}

fn sketch(results: &Results, costs: &Costs, front: &Front) -> Sketch {
    let known: Vec<(usize, &FrontArm)> = front
        .arms
        .iter()
        .enumerate()
        .filter_map(|(at, arm)| Some((at, arm.as_ref()?)))
        .collect();
    let crowd = known.len().saturating_sub(8) as f64;
    let area = Rect::new(56.0, 40.0, WIDTH - 20.0, 420.0 + 14.0 * crowd);
    let frame = Frame { area };
    let ends = |of: fn(&FrontArm) -> [f64; 3]| -> Vec<f64> {
        known.iter().flat_map(|(_, arm)| of(arm)).collect()
    };
    let x = Scale::fitting(
        &ends(|arm| [arm.point.cost, arm.cost.low, arm.cost.high]),
        area.left,
        area.right,
    );
    let gains = ends(|arm| [arm.point.gain, arm.gain.low, arm.gain.high]);
    let y = gain_scale(&gains, area);
    let write = |cost: f64| {
        if costs.is_time {
            duration(cost)
        } else {
            count(cost)
        }
    };

    let mut scene = Scene::new(area.bottom + 44.0);
    let title = if x.is_log() {
        format!("{}, logarithmic", costs.axis)
    } else {
        costs.axis.clone()
    };
    scene.add("axis", frame.x_axis(&x, &x.ticks(6, write), &title));
    let ticks = y.ticks(7, percent_tick);
    scene.add("axis", frame.y_axis(&y, &ticks, &results.metric.title()));
    if let Some(points) = band(front, &x, &y, area) {
        let ink = Ink::Axis;
        scene.add(
            "front-interval",
            vec![Item::Area {
                points,
                ink,
                alpha: 0.16,
            }],
        );
    }
    let ceilings = results.ceilings(SLICES[0]);
    let (inside, beyond): (Vec<f64>, Vec<f64>) = ceilings
        .into_iter()
        .partition(|best| y.at(*best) > area.top + 12.0);
    for best in &inside {
        scene.add("ceiling", ceiling(*best, y.at(*best), area));
    }
    let steps = staircase(&known, &x, &y, area);
    scene.add(
        "front",
        vec![Item::Path {
            points: steps.clone(),
            ink: Ink::Axis,
            thickness: 2,
        }],
    );

    let mut avoid: Vec<Rect> = steps
        .windows(2)
        .filter_map(|pair| match pair {
            [(ax, ay), (bx, by)] => Some(Rect::new(
                ax.min(*bx) - 1.0,
                ay.min(*by) - 1.0,
                ax.max(*bx) + 1.0,
                ay.max(*by) + 1.0,
            )),
            _ => None,
        })
        .collect();
    avoid.extend(inside.iter().map(|best| {
        let level = y.at(*best);
        Rect::new(area.left, level - 16.0, area.right, level + 1.0)
    }));
    let mut labels = Vec::with_capacity(known.len());
    for (system, arm) in &known {
        let centre = (x.at(arm.point.cost), y.at(arm.point.gain));
        let (left, right) = (x.at(arm.cost.low), x.at(arm.cost.high));
        let (bottom, top) = (y.at(arm.gain.low), y.at(arm.gain.high));
        let ink = ink(*system, arm);
        let mut items = upright(centre.0, bottom, top, ink);
        items.extend(across(left, right, centre.1, ink));
        scene.add_of("interval", *system, None, items);
        avoid.push(Rect::new(left, centre.1 - 3.0, right, centre.1 + 3.0));
        avoid.push(Rect::new(centre.0 - 3.0, top, centre.0 + 3.0, bottom));
        let name = results.systems.get(*system).map_or("", System::label);
        let flag = match results.is_above(*system, SLICES[0], arm.point.gain) {
            true => " !",
            false => "",
        };
        let text = format!(
            "{}{flag} · {}",
            fitted(name, MEDIUM, LONGEST),
            share(arm.share)
        );
        labels.push((*system, centre, text, hint(name, arm, &write)));
    }
    for ((system, arm), (_, centre, _, hint)) in known.iter().zip(&labels) {
        let items = mark(
            marker(*system),
            *centre,
            5.5,
            ink(*system, arm),
            !arm.is_on_front,
        );
        scene.add_of("mark", *system, Some(hint.clone()), items);
    }
    let wanted: Vec<Label> = labels
        .iter()
        .map(|(_, centre, text, _)| Label {
            mark: *centre,
            width: KEY + width(text, MEDIUM),
            height: 14.0,
        })
        .collect();
    let room = Rect::new(
        area.left + 2.0,
        area.top - 6.0,
        area.right + 16.0,
        area.bottom - 2.0,
    );
    for ((system, centre, text, hint), placed) in
        labels.into_iter().zip(place(&wanted, &avoid, room))
    {
        if let Some(end) = placed.leader {
            let line = Item::line(centre, end, Ink::Axis, 1);
            scene.add_of("leader", system, None, vec![line]);
        }
        let arm = known.iter().find(|(at, _)| *at == system);
        let is_on = arm.is_some_and(|(_, arm)| arm.is_on_front);
        let words = if is_on { Ink::Text } else { Ink::Muted };
        let middle = (placed.rect.top + placed.rect.bottom) / 2.0;
        // Its mark again: where marks crowd, the nearest one need not be the label's own.
        let key = (placed.rect.left + KEY / 2.0 - 2.0, middle);
        let colour = arm.map_or(Ink::Muted, |(_, arm)| ink(system, arm));
        let mut items = mark(marker(system), key, 4.0, colour, !is_on);
        let at = (placed.rect.left + KEY, middle);
        items.push(Item::text(at, text, MEDIUM, words, Anchor::Start));
        scene.add_of("label", system, Some(hint), items);
    }
    let mut caption = READING.to_owned();
    if !(inside.is_empty() && beyond.is_empty()) {
        caption.push_str(" Ceiling: the best honest score, given the known mistakes of the key");
        if !beyond.is_empty() {
            let beyond: Vec<String> = beyond.iter().map(|best| percent(*best)).collect();
            caption.push_str(&format!(" ({}, above the drawing)", beyond.join(", ")));
        }
        caption.push_str("; ! marks a score above it.");
    }
    if let Some(against) = results.against_labels() {
        caption.push_str(&format!(" {against}."));
    }
    scene.caption(16.0, &caption);
    let mut notes = results.notes();
    notes.extend(costs.notes.iter().cloned());
    let foreign = results.systems.iter();
    let foreign: Vec<&str> = foreign
        .filter(|system| !results.is_home(system))
        .map(System::label)
        .collect();
    if !foreign.is_empty() {
        notes.push(format!(
            "not drawn, because of another dataset than the first: {}",
            foreign.join(", ")
        ));
    }
    let missing = results.systems.iter().zip(&front.arms);
    let missing: Vec<&str> = missing
        .filter(|(system, arm)| arm.is_none() && results.is_home(system))
        .map(|(system, _)| system.label())
        .collect();
    if !missing.is_empty() {
        notes.push(format!(
            "not drawn, because {} or {} is not known: {}",
            results.metric.name,
            costs.against,
            missing.join(", ")
        ));
    }
    Sketch {
        name: costs.name.to_owned(),
        title: format!("Accuracy against {}", costs.against),
        alt: alt(results, &known, &write),
        notes,
        scene,
    }
}

/// The line of a best honest score.
fn ceiling(best: f64, level: f64, area: Rect) -> Vec<Item> {
    let text = format!("ceiling {}", percent(best));
    let at = (area.right - 4.0, level - 9.0);
    vec![
        Item::line((area.left, level), (area.right, level), Ink::Text, 2),
        Item::text(at, text, SMALL, Ink::Text, Anchor::End),
    ]
}

/// Accuracy from a bit below the lowest end to a bit above the highest, inside 0 to 1.
fn gain_scale(gains: &[f64], area: Rect) -> Scale {
    let low = gains.iter().copied().fold(f64::INFINITY, f64::min);
    let high = gains.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let room = ((high - low) * 0.08).max(0.02);
    let (low, high) = ((low - room).max(-0.01), (high + room).min(1.01));
    Scale::linear(low, high, area.bottom, area.top)
}

fn ink(system: usize, arm: &FrontArm) -> Ink {
    if arm.is_on_front {
        Ink::Colour(system)
    } else {
        Ink::Faded
    }
}

fn share(share: f64) -> String {
    match 100.0 * share {
        all if all >= 99.95 => "100 %".to_owned(),
        most if most > 99.0 => ">99 %".to_owned(),
        0.0 => "0 %".to_owned(),
        few if few < 1.0 => "<1 %".to_owned(),
        some => format!("{some:.0} %"),
    }
}

fn hint(name: &str, arm: &FrontArm, write: &dyn Fn(f64) -> String) -> String {
    format!(
        "{name}: {} [{}, {}] at {} [{}, {}]; on the front in {} of resamples",
        percent(arm.point.gain),
        percent(arm.gain.low),
        percent(arm.gain.high),
        write(arm.point.cost),
        write(arm.cost.low),
        write(arm.cost.high),
        share(arm.share)
    )
}

fn alt(results: &Results, known: &[(usize, &FrontArm)], write: &dyn Fn(f64) -> String) -> String {
    let name = |at: usize| results.systems.get(at).map_or("", System::label);
    let said: Vec<String> = known
        .iter()
        .map(|(at, arm)| hint(name(*at), arm, write))
        .collect();
    format!("{}. {}.", results.metric.title(), said.join(". "))
}

/// The observed front as steps from the bottom of the area to its right.
fn staircase(known: &[(usize, &FrontArm)], x: &Scale, y: &Scale, area: Rect) -> Vec<Point> {
    let mut front: Vec<FrontPoint> = known
        .iter()
        .filter(|(_, arm)| arm.is_on_front)
        .map(|(_, arm)| arm.point)
        .collect();
    front.sort_by(|a, b| a.cost.total_cmp(&b.cost).then(a.gain.total_cmp(&b.gain)));
    let mut steps = Vec::with_capacity(2 * front.len() + 1);
    let mut height = area.bottom;
    for point in front {
        let (across, up) = (x.at(point.cost), y.at(point.gain));
        steps.push((across, height));
        steps.push((across, up));
        height = up;
    }
    steps.push((area.right, height));
    steps
}

/// Where the front was in 95 of 100 resamples: for every place on the x axis the interval of the best accuracy that is to
/// be had at no more cost. As a polygon.
fn band(front: &Front, x: &Scale, y: &Scale, area: Rect) -> Option<Vec<Point>> {
    const STEP: f64 = 4.0;
    let columns = (area.width() / STEP).floor() as usize;
    // Best gain by column, resample by resample; below everything where nothing is to be had.
    let mut reached: Vec<Vec<f64>> = vec![Vec::with_capacity(front.resamples.len()); columns + 1];
    for points in &front.resamples {
        let mut best = vec![f64::NEG_INFINITY; columns + 1];
        for point in points.iter().flatten() {
            let from = ((x.at(point.cost) - area.left) / STEP).ceil().max(0.0) as usize;
            for cell in best.iter_mut().skip(from) {
                *cell = cell.max(point.gain);
            }
        }
        for (column, gain) in reached.iter_mut().zip(best) {
            column.push(gain);
        }
    }
    let (mut above, mut below) = (Vec::new(), Vec::new());
    for (column, mut gains) in reached.into_iter().enumerate() {
        gains.sort_unstable_by(f64::total_cmp);
        let last = gains.len().checked_sub(1)?;
        let at = |share: f64| gains.get((share * last as f64).round() as usize).copied();
        let (low, high) = (at(0.025)?, at(0.975)?);
        if high.is_finite() {
            let pixel = |gain: f64| {
                if gain.is_finite() {
                    y.at(gain).clamp(area.top, area.bottom)
                } else {
                    area.bottom
                }
            };
            let across = area.left + STEP * column as f64;
            above.push((across, pixel(high)));
            below.push((across, pixel(low)));
        }
    }
    below.reverse();
    above.extend(below);
    (above.len() >= 3).then_some(above)
}
