//! Where questions were lost, from the conversation to a right answer.

use std::collections::BTreeMap;

use memgauge_report::loss::{LossStage, LossSummary};
use memgauge_report::statistics::{Estimate, StatisticsError};
use memgauge_report::summary::{SLICES, layout};

use crate::drawing::{Sketch, Sketches};
use crate::error::PlotError;
use crate::number::{count, percent, percent_tick};
use crate::palette::Ink;
use crate::results::{Results, System};
use crate::scene::{
    Anchor, Entry, Frame, Item, MEDIUM, Rect, SMALL, Scale, Scene, WIDTH, across, fitted, legend,
    names_width, width,
};

/// Widest name on the left.
const NAMES: f64 = 200.0;
const ROW: f64 = 38.0;

/// The stages from the last to the first: what came furthest is next to what is right.
const ORDER: [LossStage; 11] = [
    LossStage::Right,
    LossStage::RightButJudgedWrong,
    LossStage::InContextAnsweredWrong,
    LossStage::CutByBudget,
    LossStage::RankedBelowK,
    LossStage::NotACandidate,
    LossStage::MergedOrDeleted,
    LossStage::NeverExtracted,
    LossStage::GoldOrEvidenceFaulty,
    LossStage::Failed,
    LossStage::Unknown,
];

fn ink(stage: LossStage) -> Ink {
    match stage {
        LossStage::Right => Ink::Colour(2),
        LossStage::RightButJudgedWrong => Ink::Text,
        LossStage::InContextAnsweredWrong => Ink::Colour(1),
        LossStage::CutByBudget => Ink::Colour(4),
        LossStage::RankedBelowK => Ink::Colour(5),
        LossStage::NotACandidate => Ink::Colour(0),
        LossStage::MergedOrDeleted => Ink::Colour(3),
        LossStage::NeverExtracted => Ink::Muted,
        LossStage::GoldOrEvidenceFaulty => Ink::Faded,
        LossStage::Failed => Ink::Axis,
        LossStage::Unknown => Ink::Grid,
    }
}

pub(crate) fn sketches(results: &Results) -> Result<Sketches, PlotError> {
    let rows: Vec<(usize, &LossSummary, &BTreeMap<LossStage, u64>)> = results
        .systems
        .iter()
        .enumerate()
        .filter_map(|(at, system)| {
            let loss = system.loss.as_ref()?;
            let stages = loss.slices.get(SLICES[0])?;
            (stages.values().sum::<u64>() > 0).then_some((at, loss, stages))
        })
        .collect();
    if rows.is_empty() {
        return Ok(Sketches::Nothing(
            "the summaries say nothing about losses: the runs are not finished, or of an older memgauge".to_owned(),
        ));
    }
    let mut scene = Scene::new(0.0);
    let occurs = |stage: &LossStage| {
        rows.iter()
            .any(|(_, _, of)| of.get(stage).is_some_and(|n| *n > 0))
    };
    let shown: Vec<LossStage> = ORDER.into_iter().filter(|stage| occurs(stage)).collect();
    let entries: Vec<Entry> = shown
        .iter()
        .map(|stage| Entry {
            text: stage.name().replace('-', " "),
            ink: ink(*stage),
            marker: None,
            system: None,
        })
        .collect();
    let (groups, high) = legend(&entries, 6.0);
    scene.groups.extend(groups);
    let labels = rows
        .iter()
        .filter_map(|(at, _, _)| results.systems.get(*at));
    let names = names_width(labels.map(System::label), NAMES);
    let area = Rect::new(
        names + 28.0,
        high + 18.0,
        WIDTH - 20.0,
        high + 22.0 + ROW * rows.len() as f64,
    );
    let x = Scale::linear(0.0, 1.0, area.left, area.right);
    let frame = Frame { area };
    let title = "Questions of categories 1 to 4 (%)";
    scene.add("axis", frame.x_axis(&x, &x.ticks(6, percent_tick), title));
    let mut said = Vec::new();
    for (place, (at, _, stages)) in rows.iter().enumerate() {
        let Some(system) = results.systems.get(*at) else {
            continue;
        };
        let top = area.top + 5.0 + ROW * place as f64;
        said.push(row(&mut scene, *at, system, stages, &shown, (&x, top)));
        if let Some(right) = right(system, results)? {
            let level = top + 8.0;
            let (low, high) = (x.at(right.interval.low), x.at(right.interval.high));
            scene.add_of("interval", *at, None, across(low, high, level, Ink::Text));
        }
    }
    scene.height = area.bottom + 46.0;
    let bracketed = |(at, ..): &(usize, _, _)| results.systems.get(*at)?.right.as_ref();
    let count = rows.iter().filter(|row| bracketed(row).is_some()).count();
    let rules = rows.first().map_or_else(String::new, |(_, loss, _)| {
        format!(
            "Right: {} of at least {}. Needed: {} gold turn.",
            loss.metric,
            loss.threshold,
            loss.needs.name()
        )
    });
    scene.caption(
        16.0,
        &match count {
            0 => format!("{rules} Losses go by the labels of the runs' own judge."),
            some if some < rows.len() => format!(
                "{rules} Brackets: 95 % interval of what is right; where there is none, losses go by the labels of the run's \
                 own judge."
            ),
            _ => format!("{rules} Brackets: 95 % interval of what is right."),
        },
    );
    let mut notes = results.notes();
    let missing: Vec<&str> = results
        .systems
        .iter()
        .enumerate()
        .filter(|(at, _)| !rows.iter().any(|(of, _, _)| of == at))
        .map(|(_, system)| system.label())
        .collect();
    if !missing.is_empty() {
        notes.push(format!(
            "nothing is known of the losses of {}",
            missing.join(", ")
        ));
    }
    Ok(Sketches::Drawn(vec![Sketch {
        name: "waterfall".to_owned(),
        title: "Where questions were lost".to_owned(),
        alt: format!("{}.", said.join(". ")),
        notes,
        scene,
    }]))
}

/// One bar; returns what it shows, in words.
fn row(
    scene: &mut Scene,
    at: usize,
    system: &System,
    stages: &BTreeMap<LossStage, u64>,
    shown: &[LossStage],
    (x, top): (&Scale, f64),
) -> String {
    let all = stages.values().sum::<u64>() as f64;
    let name = fitted(system.label(), MEDIUM, NAMES);
    let label = Item::text((16.0, top + 8.0), name, MEDIUM, Ink::Text, Anchor::Start);
    scene.add_of("label", at, Some(system.label().to_owned()), vec![label]);
    let mut from = 0.0;
    // Numbers are written below their part where they have room.
    let mut free = x.at(0.0);
    let mut words = Vec::new();
    for stage in shown {
        let n = stages.get(stage).copied().unwrap_or(0);
        if n == 0 {
            continue;
        }
        let share = n as f64 / all;
        let (left, right) = (x.at(from), x.at(from + share));
        from += share;
        let hint = format!(
            "{}: {} {} % ({})",
            system.label(),
            stage.name().replace('-', " "),
            percent(share),
            count(n as f64)
        );
        // A line of paper between parts.
        let gap = if right - left > 3.0 { 1.0 } else { 0.0 };
        let mut items = vec![Item::Box {
            rect: Rect::new(left, top, right - gap, top + 16.0),
            ink: ink(*stage),
        }];
        let text = percent(share);
        let wide = width(&text, SMALL);
        let middle = (left + right) / 2.0;
        if middle - wide / 2.0 >= free && right - left > 0.7 * wide {
            free = middle + wide / 2.0 + 3.0;
            let at = (middle, top + 23.0);
            items.push(Item::text(at, text, SMALL, Ink::Muted, Anchor::Middle));
        }
        scene.add_of("part", at, Some(hint), items);
        words.push(format!(
            "{} {} %",
            stage.name().replace('-', " "),
            percent(share)
        ));
    }
    format!("{}: {}", system.label(), words.join(", "))
}

/// Share of what is right over categories 1 to 4, with its interval.
fn right(system: &System, results: &Results) -> Result<Option<Estimate>, StatisticsError> {
    let Some(right) = &system.right else {
        return Ok(None);
    };
    let scored = right
        .iter()
        .filter(|(_, (category, _))| category.is_scored());
    let scored: BTreeMap<_, _> = scored
        .map(|(question, (category, share))| ((question.clone(), 0), (*category, *share)))
        .collect();
    let categories = scored.iter().map(|(id, of)| (id.clone(), of.0)).collect();
    let (layout, _) = layout(&categories);
    let column: Vec<Option<f64>> = scored.values().map(|(_, share)| Some(*share)).collect();
    let mut found = results
        .bootstrap
        .means(&layout, &[&[0, 1, 2, 3]], &[&column])?;
    Ok(found.pop().and_then(|mut row| row.pop().flatten()))
}
