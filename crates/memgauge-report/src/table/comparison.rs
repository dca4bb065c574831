//! A comparison in sentences and tables.

use std::fmt::Write as _;

use super::by_key::{arms_by_key, by_key_note, decided_ceiling, decided_cell, pairs_by_key, told};
use super::cell::milliseconds;
use super::repeats::{self, Named};
use super::{Style, Table, UNKNOWN};
use crate::compare::{Change, Comparison, POWER, Pair, PairSlice};
use crate::statistics::{FEW_DISCORDANT, PairedDifference, Verdict};

/// The whole comparison: sentences first, then the tables. `listed`: how many questions won and lost are named for
/// each pair.
pub fn comparison(comparison: &Comparison, style: Style, listed: usize) -> String {
    let mut text = String::new();
    let title = format!("Compared by {}, {}", comparison.metric, about(comparison));
    text.push_str(&style.title(&title));
    text.push('\n');
    text.push_str(&style.prose(&sentences(comparison, style)));
    text.push('\n');
    for pair in &comparison.pairs {
        text.push_str(&pair_table(comparison, pair).render(style));
        text.push('\n');
        text.push_str(&style.prose(&changes(pair, listed, style)));
    }
    text.push_str(&arms(comparison).render(style));
    text.push('\n');
    text.push_str(&latencies(comparison).render(style));
    text.push('\n');
    if let Some(errata) = &comparison.errata {
        let head = format!("{} ({})", comparison.metric, comparison.names.label());
        for table in [
            pairs_by_key(errata, comparison.margin, comparison.forced),
            arms_by_key(errata, &head, &comparison.slices),
        ] {
            text.push_str(&table.render(style));
            text.push('\n');
        }
        let note = by_key_note(errata, &comparison.metric);
        text.push_str(&style.prose(&format!("{note}\n\n")));
    }
    let repeated = repeats::tables(comparison.arms.iter().map(|arm| Named {
        name: &arm.label,
        repeats: arm.repeats.as_ref(),
        variance: &arm.variance,
        judge: arm.judge.as_ref(),
    }));
    for table in &repeated {
        text.push_str(&table.render(style));
        text.push('\n');
    }
    if !repeated.is_empty() {
        text.push_str(&style.prose(&format!("{}\n\n", repeats::NOTE)));
    }
    for note in &comparison.notes {
        text.push_str(&style.prose(&format!("Note: {note}.\n")));
    }
    text.push_str(&style.prose(&reading(comparison)));
    text
}

/// Each pair in a sentence; before them why the whole may mean nothing.
fn sentences(comparison: &Comparison, style: Style) -> String {
    let mut text = String::new();
    if comparison.forced {
        text.push_str(
            "FORCED: these arms are not comparable; what follows covers what they have in common and may mean nothing:\n",
        );
        for reason in &comparison.incomparable {
            let _ = writeln!(text, "{}{reason}", style.bullet());
        }
        text.push('\n');
    }
    for pair in &comparison.pairs {
        let sentence = sentence(comparison, pair);
        if !sentence.is_empty() {
            let _ = writeln!(text, "{}{sentence}", style.bullet());
        }
    }
    text
}

fn about(comparison: &Comparison) -> String {
    let slice = comparison.slices.first().map_or(UNKNOWN, String::as_str);
    let mut datasets: Vec<&str> = comparison
        .arms
        .iter()
        .map(|arm| arm.facts.dataset.name.as_str())
        .collect();
    datasets.dedup();
    let mut keys: Vec<&str> = comparison
        .arms
        .iter()
        .map(|arm| arm.facts.key.as_str())
        .collect();
    keys.dedup();
    format!(
        "{} ({}), {} key, dataset {}",
        if slice.starts_with(|c: char| c.is_ascii_digit()) {
            format!("categories {slice}")
        } else {
            slice.to_owned()
        },
        comparison.names.label(),
        keys.join(" and "),
        datasets.join(" and ")
    )
}

/// `+1.2 [-0.3, +2.7]`, in points.
pub fn points(difference: &PairedDifference) -> String {
    format!(
        "{:+.1} [{:+.1}, {:+.1}]",
        100.0 * difference.mean,
        100.0 * difference.interval.low,
        100.0 * difference.interval.high
    )
}

/// What the first slice says, in words.
pub fn sentence(comparison: &Comparison, pair: &Pair) -> String {
    let Some(slice) = pair.slices.first() else {
        return String::new();
    };
    let (arm, reference) = (&pair.arm, &pair.reference);
    let (Some(difference), Some(verdict)) = (&slice.difference, slice.verdict) else {
        let slice = &slice.slice;
        return format!("{arm} and {reference} share no question of {slice}.");
    };
    let margin = 100.0 * comparison.margin;
    let points = points(difference);
    let smallest = slice.smallest_detectable.map_or_else(
        || UNKNOWN.to_owned(),
        |points| format!("{:.1}", 100.0 * points),
    );
    let mut text = match verdict {
        Verdict::Better => format!("{arm} is better than {reference}: {points} points"),
        Verdict::Worse => format!("{arm} is worse than {reference}: {points} points"),
        Verdict::NoDifferenceFound => format!(
            "No difference found between {arm} and {reference}: {points} points, inside ±{margin:.1}"
        ),
        Verdict::CannotTell => format!(
            "Cannot tell {arm} and {reference} apart: {points} points; a true difference of {smallest} would have shown \
             with {:.0} % power",
            100.0 * POWER
        ),
    };
    let _ = write!(
        text,
        ". {} questions: {} won, {} lost, {} equal.",
        difference.n, difference.won, difference.lost, difference.tied
    );
    if let Some(p) = slice.p_holm
        && !slice.survives_holm(comparison.bootstrap.confidence)
    {
        let _ = write!(
            text,
            " Among {} comparisons that is not enough: p = {} after Holm's correction.",
            comparison.pairs.len(),
            p_value(p)
        );
    }
    text
}

pub(super) fn p_value(p: f64) -> String {
    if p < 0.0001 {
        "<0.0001".to_owned()
    } else {
        format!("{p:.4}")
    }
}

/// Slices of one pair.
pub fn pair_table(comparison: &Comparison, pair: &Pair) -> Table {
    let mut table = Table::new(&[
        &format!("{} - {}", pair.arm, pair.reference),
        "n",
        "Δ points [95 %]",
        "p",
        "Holm",
        "McNemar",
        "won",
        "lost",
        "equal",
        "smallest at 80 %",
        "verdict",
    ]);
    let unknown = || UNKNOWN.to_owned();
    for slice in &pair.slices {
        let Some(difference) = &slice.difference else {
            continue;
        };
        table.rows.push(vec![
            slice.slice.clone(),
            difference.n.to_string(),
            points(difference),
            p_value(difference.p_value),
            slice.p_holm.map_or_else(unknown, p_value),
            mcnemar(slice),
            difference.won.to_string(),
            difference.lost.to_string(),
            difference.tied.to_string(),
            slice
                .smallest_detectable
                .map_or_else(unknown, |least| format!("{:.1}", 100.0 * least)),
            slice.verdict.map_or_else(unknown, |verdict| {
                let told = told(verdict, comparison.forced);
                match slice.survives_holm(comparison.bootstrap.confidence) {
                    true => told,
                    false => format!("{told}, not after Holm"),
                }
            }),
        ]);
    }
    table
}

fn mcnemar(slice: &PairSlice) -> String {
    match &slice.mcnemar {
        None => UNKNOWN.to_owned(),
        Some(test) if test.is_thin() => format!(
            "{} ({} discordant: too few)",
            p_value(test.p_value),
            test.only_first + test.only_second
        ),
        Some(test) => p_value(test.p_value),
    }
}

fn changes(pair: &Pair, listed: usize, style: Style) -> String {
    let line = |what: &str, changes: &[Change]| {
        let named: Vec<&str> = changes
            .iter()
            .take(listed)
            .map(|change| change.question.as_str())
            .collect();
        let rest = changes.len() - named.len();
        match (named.is_empty(), rest) {
            (true, 0) => format!("{}{what}: none", style.bullet()),
            (true, _) => format!("{}{what}: {rest} question(s)", style.bullet()),
            (false, 0) => format!("{}{what}: {}", style.bullet(), named.join(", ")),
            (false, _) => format!(
                "{}{what}: {} and {rest} more",
                style.bullet(),
                named.join(", ")
            ),
        }
    };
    let (arm, reference) = (&pair.arm, &pair.reference);
    format!(
        "{}\n{}\n\n",
        line(&format!("{arm} won against {reference}"), &pair.won),
        line(&format!("{arm} lost against {reference}"), &pair.lost)
    )
}

/// Every arm by itself.
fn arms(comparison: &Comparison) -> Table {
    let mut head = vec![comparison.metric.clone()];
    head.extend(["asked", "failed"].map(str::to_owned));
    head.extend(comparison.slices.iter().cloned());
    let mut table = Table {
        head,
        rows: Vec::new(),
    };
    for arm in &comparison.arms {
        let control = if arm.facts.control { " *" } else { "" };
        let mut row = vec![
            format!("{}{control}", arm.label),
            arm.asked.to_string(),
            arm.failed.to_string(),
        ];
        let means = arm.means.iter().enumerate();
        row.extend(means.map(|(at, mean)| decided_cell(comparison.errata.as_ref(), at, *mean)));
        table.rows.push(row);
    }
    if let Some(errata) = &comparison.errata {
        table.rows.push(decided_ceiling(errata, &table.head, 3));
    }
    table
}

/// How long searches take, pair by pair.
fn latencies(comparison: &Comparison) -> Table {
    let mut table = Table::new(&[
        "search p95",
        "arm ms",
        "reference ms",
        "ratio [95 %]",
        "why there is none",
    ]);
    for pair in &comparison.pairs {
        let found = &pair.search_p95;
        let unknown = || UNKNOWN.to_owned();
        table.rows.push(vec![
            format!("{} / {}", pair.arm, pair.reference),
            found.arm_ms.map_or_else(unknown, milliseconds),
            found.reference_ms.map_or_else(unknown, milliseconds),
            found.ratio.map_or_else(unknown, |found| {
                format!(
                    "{:.2} [{:.2}, {:.2}]",
                    found.ratio, found.interval.low, found.interval.high
                )
            }),
            found.reason.clone().unwrap_or_default(),
        ]);
    }
    table
}

/// How to read the tables.
fn reading(comparison: &Comparison) -> String {
    let family = match comparison.pairs.len() {
        1 => "one comparison".to_owned(),
        several => format!("{several} comparisons"),
    };
    format!(
        "Δ: arm minus reference on the questions that both answered, x 100, with its {:.0} % two-stage cluster-bootstrap \
         interval ({} resamples, seed {}). Verdict, from the interval alone: better or worse = it excludes 0; no difference \
         found = it lies inside ±{:.1}; cannot tell = the rest. Holm: p corrected over {family} (first row; below it over \
         all categories of all comparisons). McNemar: exact, for right or wrong; it takes questions for independent and \
         decides nothing (with fewer than {FEW_DISCORDANT} discordant questions it can hardly show anything). Smallest: \
         true difference that would have been found with {:.0} % power. search p95: of the searches that were measured live, \
         arm over reference; below 1 the arm is faster. * = control.\n",
        100.0 * comparison.bootstrap.confidence,
        comparison.bootstrap.resamples,
        comparison.bootstrap.seed,
        100.0 * comparison.margin,
        100.0 * POWER,
    )
}
