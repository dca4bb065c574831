//! For people: sentences, then the table.

use std::fmt::Write as _;

use memgauge_core::CategoryNames;

use super::cell::{difference, level, told, unit};
use crate::gate::{CheckResult, GateReport, GateVerdict, Level, Outcome};
use crate::table::{Style, Table};

/// What the gate comes to, in one sentence.
#[must_use]
pub fn headline(report: &GateReport) -> String {
    let count = |verdict| report.with(verdict).count();
    let tests = report.checks.len();
    let against = format!("{} against baseline {}", report.current, report.baseline);
    match report.outcome {
        Outcome::Passed => match count(GateVerdict::Underpowered) {
            0 => format!("passed: {against}, {tests} test(s)"),
            some => format!("passed: {against}, {tests} test(s), {some} of them undecided"),
        },
        Outcome::Regressed => format!(
            "regressed: {against}, {} of {tests} test(s)",
            count(GateVerdict::Regressed)
        ),
        Outcome::Underpowered => format!(
            "underpowered: {against}, {} of {tests} test(s) cannot be decided",
            count(GateVerdict::Underpowered)
        ),
        Outcome::Incomparable => format!("incomparable: {against}, nothing was compared"),
    }
}

/// The whole report.
#[must_use]
pub fn human(report: &GateReport, style: Style) -> String {
    let mut text = String::new();
    let bullet = match style {
        Style::Markdown => "- ",
        _ => "  ",
    };
    if style == Style::Markdown {
        text.push_str("## Gate: ");
    }
    let _ = writeln!(text, "{}\n", headline(report));
    for refusal in &report.incomparable {
        let _ = writeln!(text, "{bullet}{}", refusal.message);
    }
    let told_of = |verdicts: &[GateVerdict]| -> Vec<&CheckResult> {
        let of = verdicts.iter().flat_map(|verdict| report.with(*verdict));
        of.collect()
    };
    for check in told_of(&[
        GateVerdict::Regressed,
        GateVerdict::Underpowered,
        GateVerdict::Improved,
    ]) {
        let _ = writeln!(text, "{bullet}{}: {}", check.name(), told(check));
        for loss in &check.losses {
            let _ = writeln!(
                text,
                "  {bullet}{} (category {}): {} -> {}",
                loss.question,
                loss.category,
                own(&check.metric, loss.baseline),
                own(&check.metric, loss.current)
            );
        }
    }
    if !report.checks.is_empty() {
        if report
            .checks
            .iter()
            .any(|check| check.verdict != GateVerdict::NoChange)
        {
            text.push('\n');
        }
        text.push_str(&table(report).render(style));
    }
    if !report.notes.is_empty() {
        text.push('\n');
        for note in &report.notes {
            let _ = writeln!(text, "Note: {note}.");
        }
    }
    if !report.checks.is_empty() {
        let _ = writeln!(
            text,
            "\nIntervals hold together with {:.0} % confidence over {} test(s) (Holm); regressed and improved: beyond 0 (or \
             the tolerance); no change: inside the margin; underpowered: neither. Categories by {}.",
            100.0 * report.confidence,
            report.family,
            CategoryNames::Official.label()
        );
    }
    text
}

/// The value of one question, written as means are.
fn own(metric: &str, value: f64) -> String {
    let interval = None;
    level(metric, Some(Level { value, interval }))
}

fn table(report: &GateReport) -> Table {
    let mut table = Table::new(&[
        "metric",
        "variant",
        "category",
        "n",
        "baseline",
        "current",
        "difference",
        "unit",
        "margin",
        "verdict",
    ]);
    for check in &report.checks {
        let mut verdict = check.verdict.name().to_owned();
        if check.trips {
            verdict.push_str(" !");
        }
        table.rows.push(vec![
            check.metric.clone(),
            check.variant.clone(),
            check.slice.clone(),
            check.n.to_string(),
            level(&check.metric, check.baseline),
            level(&check.metric, check.current),
            difference(check),
            unit(check.unit).to_owned(),
            format!("{}", check.margin),
            verdict,
        ]);
    }
    table
}
