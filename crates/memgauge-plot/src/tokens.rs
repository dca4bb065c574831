//! Tokens and money of a question, by stage, its share of the ingestion included.

use std::collections::{BTreeMap, BTreeSet};

use memgauge_core::Stage;
use memgauge_report::statistics::{Estimate, Interval};
use memgauge_report::summary::{Cost, VariantSummary};

use crate::drawing::{Sketch, Sketches};
use crate::number::{count, dollars};
use crate::palette::Ink;
use crate::results::{Charged, Results, Shares, System};
use crate::scene::{
    Anchor, Entry, Frame, Item, MEDIUM, Rect, SMALL, Scale, Scene, WIDTH, across, fitted, legend,
    names_width,
};

/// Widest name on the left.
const NAMES: f64 = 200.0;
const ROW: f64 = 26.0;
/// Two ways to the same sum are no farther apart than this share of it.
const SAME: f64 = 1e-6;

/// Stages that are charged to a system, in the order of the work, and their names.
const STAGES: [(Stage, &str); 5] = [
    (Stage::Extract, "extraction"),
    (Stage::Update, "update"),
    (Stage::Index, "index"),
    (Stage::Search, "search"),
    (Stage::Answer, "answer"),
];

/// What one question takes at a system: by stage, or in all where a model was not called.
#[derive(Clone)]
struct Bar {
    system: usize,
    /// Number in [`STAGES`] -> amount.
    parts: Vec<(usize, f64)>,
    /// Mean tokens of contexts, where no model behind an API was called.
    context: Option<f64>,
    /// Interval of the whole; `None` where the charges of the questions do not add up to it.
    interval: Option<Interval>,
}

impl Bar {
    fn total(&self) -> f64 {
        let parts: f64 = self.parts.iter().map(|(_, amount)| amount).sum();
        parts + self.context.unwrap_or(0.0)
    }

    /// Its farthest end.
    fn end(&self) -> f64 {
        let high = self.interval.map_or(0.0, |interval| interval.high);
        self.total().max(high)
    }
}

pub(crate) fn sketches(results: &Results) -> Sketches {
    let mut drawn = Vec::new();
    let tokens = bars(
        results,
        &|cost| Some((cost.input_tokens? + cost.output_tokens?) as f64),
        |charged| &charged.tokens,
    );
    let with_context: Vec<Bar> = results
        .systems
        .iter()
        .enumerate()
        .filter_map(|(at, system)| {
            let calls = tokens.iter().find(|bar| bar.system == at);
            match calls {
                Some(bar) => Some(bar.clone()),
                None if is_without_calls(system) => {
                    let context = context(results, system)?;
                    Some(Bar {
                        system: at,
                        parts: Vec::new(),
                        context: Some(context.mean),
                        interval: Some(context.interval),
                    })
                }
                None => None,
            }
        })
        .collect();
    if !with_context.is_empty() {
        drawn.push(sketch(
            results,
            &with_context,
            (
                "tokens",
                "Tokens of a question",
                "Tokens per question, sent and received",
            ),
            count,
        ));
    }
    let money = bars(results, &|cost| cost.dollars, |charged| &charged.dollars);
    if money.iter().any(|bar| bar.total() > 0.0) {
        drawn.push(sketch(
            results,
            &money,
            (
                "tokens-money",
                "Money of a question",
                "US dollars per question",
            ),
            dollars,
        ));
    }
    if drawn.is_empty() {
        return Sketches::Nothing(
            "no model behind an API was called whose tokens are known, and no context was counted"
                .to_owned(),
        );
    }
    Sketches::Drawn(drawn)
}

/// Whether a finished run says that no model behind an API was called, or nothing is known but contexts.
fn is_without_calls(system: &System) -> bool {
    let summary = system.summary.as_ref();
    summary.is_none_or(|summary| summary.stages.is_empty())
}

/// The arms of which every stage tells the amount.
fn bars(
    results: &Results,
    amount: &dyn Fn(&Cost) -> Option<f64>,
    shares: fn(&Charged) -> &Shares,
) -> Vec<Bar> {
    let systems = results.systems.iter().enumerate();
    systems
        .filter_map(|(at, system)| {
            let summary = system.summary.as_ref()?;
            let parts = parts(system, summary, amount)?;
            let mut bar = Bar {
                system: at,
                parts,
                context: None,
                interval: None,
            };
            let found = results.bootstrap.mean(shares(&system.charged));
            let is_it = |found: &Estimate| (found.mean - bar.total()).abs() <= SAME * bar.total();
            bar.interval = found.filter(is_it).map(|found| found.interval);
            Some(bar)
        })
        .collect()
}

/// Amount of each stage for one question: stages of the ingestion are shared by the questions that a memory was asked,
/// the others by the answers. `None` where no model was called, or a stage does not tell.
fn parts(
    system: &System,
    summary: &VariantSummary,
    amount: &dyn Fn(&Cost) -> Option<f64>,
) -> Option<Vec<(usize, f64)>> {
    let answers = system.arm.answers.len() as f64;
    let per_memory = system.arm.facts.answers.max(1);
    let asked: BTreeSet<_> = system
        .arm
        .answers
        .keys()
        .map(|(question, repeat)| (question, repeat / per_memory))
        .collect();
    let memories = asked.len() as f64;
    if summary.stages.is_empty() || answers == 0.0 {
        return None;
    }
    let mut parts = Vec::new();
    for (number, (stage, _)) in STAGES.iter().enumerate() {
        if let Some(calls) = summary.stages.get(stage) {
            let among = match stage {
                Stage::Search | Stage::Answer => answers,
                _ => memories,
            };
            parts.push((number, amount(&calls.cost)? / among));
        }
    }
    Some(parts)
}

/// Mean tokens of the contexts of categories 1 to 4, with the interval.
fn context(results: &Results, system: &System) -> Option<Estimate> {
    let mut clusters: BTreeMap<_, Vec<f64>> = BTreeMap::new();
    for ((question, _), answer) in &system.arm.answers {
        if answer.category.is_scored()
            && let Some(tokens) = answer.context_tokens
        {
            let of = clusters.entry(&question.conversation).or_default();
            of.push(tokens as f64);
        }
    }
    let clusters: Vec<Vec<f64>> = clusters.into_values().collect();
    results.bootstrap.mean(&clusters)
}

fn sketch(
    results: &Results,
    bars: &[Bar],
    (name, title, axis): (&str, &str, &str),
    write: fn(f64) -> String,
) -> Sketch {
    let mut scene = Scene::new(0.0);
    let occurs = |number: usize| {
        let mut parts = bars.iter().flat_map(|bar| &bar.parts);
        parts.any(|(of, amount)| *of == number && *amount > 0.0)
    };
    let mut entries: Vec<Entry> = STAGES
        .iter()
        .enumerate()
        .filter(|(number, _)| occurs(*number))
        .map(|(number, (stage, text))| Entry {
            text: match stage {
                Stage::Search | Stage::Answer => (*text).to_owned(),
                _ => format!("{text}, shared out"),
            },
            ink: Ink::Colour(number),
            marker: None,
            system: None,
        })
        .collect();
    if bars.iter().any(|bar| bar.context.is_some()) {
        entries.push(Entry {
            text: "context alone: no model behind an API was called".to_owned(),
            ink: Ink::Faded,
            marker: None,
            system: None,
        });
    }
    let (groups, high) = legend(&entries, 6.0);
    scene.groups.extend(groups);
    let labels = bars
        .iter()
        .filter_map(|bar| results.systems.get(bar.system));
    let names = names_width(labels.map(System::label), NAMES);
    let area = Rect::new(
        names + 28.0,
        high + 14.0,
        WIDTH - 84.0,
        high + 20.0 + ROW * bars.len() as f64,
    );
    let most = bars.iter().map(Bar::end).fold(0.0, f64::max);
    let x = Scale::linear(
        0.0,
        if most > 0.0 { most * 1.04 } else { 1.0 },
        area.left,
        area.right,
    );
    let frame = Frame { area };
    scene.add("axis", frame.x_axis(&x, &x.ticks(6, write), axis));
    let mut said = Vec::new();
    for (place, bar) in bars.iter().enumerate() {
        let Some(system) = results.systems.get(bar.system) else {
            continue;
        };
        let middle = area.top + 4.0 + ROW * (place as f64 + 0.5);
        let label = fitted(system.label(), MEDIUM, names);
        let text = Item::text((16.0, middle), label, MEDIUM, Ink::Text, Anchor::Start);
        scene.add_of(
            "label",
            bar.system,
            Some(system.label().to_owned()),
            vec![text],
        );
        let mut from = 0.0;
        let mut words = Vec::new();
        let mut part = |scene: &mut Scene, what: &str, amount: f64, ink: Ink| {
            let (left, right) = (x.at(from), x.at(from + amount));
            from += amount;
            let said = format!("{what} {}", write(amount));
            let hint = format!("{}: {said}", system.label());
            words.push(said);
            if amount > 0.0 {
                let gap = if right - left > 3.0 { 1.0 } else { 0.0 };
                let rect = Rect::new(left, middle - 7.0, right - gap, middle + 7.0);
                scene.add_of(
                    "part",
                    bar.system,
                    Some(hint),
                    vec![Item::Box { rect, ink }],
                );
            }
        };
        for (number, amount) in &bar.parts {
            let what = STAGES.get(*number).map_or("", |(_, name)| name);
            part(&mut scene, what, *amount, Ink::Colour(*number));
        }
        if let Some(mean) = bar.context {
            part(&mut scene, "context", mean, Ink::Faded);
        }
        if let Some(interval) = bar.interval {
            let (low, high) = (x.at(interval.low), x.at(interval.high));
            scene.add_of(
                "interval",
                bar.system,
                None,
                across(low, high, middle, Ink::Text),
            );
        }
        let text = Item::text(
            (x.at(bar.end()) + 7.0, middle),
            write(bar.total()),
            SMALL,
            Ink::Text,
            Anchor::Start,
        );
        scene.add_of("number", bar.system, None, vec![text]);
        said.push(format!(
            "{}: {} ({})",
            system.label(),
            write(bar.total()),
            words.join(", ")
        ));
    }
    scene.height = area.bottom + 44.0;
    let mut caption = "The judge is never charged to a system.".to_owned();
    if bars.iter().any(|bar| !bar.parts.is_empty()) {
        caption.push_str(
            " Ingestion is shared out among the questions that were asked of its memories.",
        );
    }
    if bars.iter().any(|bar| bar.context.is_some()) {
        caption.push_str(" Contexts in cl100k_base, mean over categories 1 to 4.");
    }
    if bars.iter().any(|bar| bar.interval.is_some()) {
        caption.push_str(" Brackets: 95 % interval of the whole.");
    }
    scene.caption(16.0, &caption);
    let mut notes = results.notes();
    let missing: Vec<&str> = results
        .systems
        .iter()
        .enumerate()
        .filter(|(at, _)| !bars.iter().any(|bar| bar.system == *at))
        .map(|(_, system)| system.label())
        .collect();
    let unsure: Vec<&str> = bars
        .iter()
        .filter(|bar| bar.interval.is_none())
        .filter_map(|bar| Some(results.systems.get(bar.system)?.label()))
        .collect();
    if !unsure.is_empty() {
        notes.push(format!(
            "without an interval, because timings.jsonl tells no charges of its questions that add up to its calls: {}",
            unsure.join(", ")
        ));
    }
    if !missing.is_empty() {
        notes.push(format!(
            "not drawn, because it is not known in full: {}",
            missing.join(", ")
        ));
    }
    Sketch {
        name: name.to_owned(),
        title: title.to_owned(),
        alt: format!("{axis}. {}.", said.join(". ")),
        notes,
        scene,
    }
}
