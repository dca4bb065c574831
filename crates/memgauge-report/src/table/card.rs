//! The judge card as text.

use super::{Style, Table, UNKNOWN};
use crate::card::{CardReport, Role, Sensitivity};
use crate::statistics::Interval;

fn percent(value: Option<f64>) -> String {
    value.map_or_else(
        || UNKNOWN.to_owned(),
        |value| format!("{:.2}", 100.0 * value),
    )
}

fn plain(value: Option<f64>) -> String {
    value.map_or_else(|| UNKNOWN.to_owned(), |value| format!("{value:.3}"))
}

fn range(interval: Option<Interval>) -> String {
    interval.map_or_else(
        || UNKNOWN.to_owned(),
        |interval| format!("{:.2}–{:.2}", 100.0 * interval.low, 100.0 * interval.high),
    )
}

/// The tables of a card; those without a row are left out.
pub fn judge_card(card: &CardReport, style: Style) -> String {
    let mut known = Table::new(&[
        "known answers",
        "judge",
        "run",
        "answers",
        "labels",
        "errors",
        "wrong verdicts %",
        "[95 %]",
    ]);
    for rate in &card.known {
        let (name, verdicts, interval) = match &rate.role {
            Role::KnownRight { kind } => {
                let turned = |interval: Interval| Interval {
                    low: 1.0 - interval.high,
                    high: 1.0 - interval.low,
                };
                let rejected = rate.accepted.map(|accepted| 1.0 - accepted);
                (
                    format!("right, {kind}: rejected"),
                    rejected,
                    rate.interval.map(turned),
                )
            }
            Role::KnownWrong { kind } => (
                format!("wrong, {kind}: accepted"),
                rate.accepted,
                rate.interval,
            ),
            Role::Judged => continue,
        };
        known.rows.push(vec![
            name,
            rate.judge.clone(),
            rate.run.clone(),
            rate.answers.to_string(),
            rate.labels.to_string(),
            rate.errors.to_string(),
            percent(verdicts),
            range(interval),
        ]);
    }
    let mut runs = Table::new(&[
        "between runs",
        "judge",
        "runs",
        "answers",
        "all the same %",
        "Fleiss' kappa",
        "alpha",
    ]);
    runs.rows.extend(card.between_runs.iter().map(|one| {
        vec![
            one.run.clone(),
            one.judge.clone(),
            one.runs.to_string(),
            one.answers.to_string(),
            percent(Some(one.unanimous)),
            plain(one.fleiss_kappa),
            plain(one.alpha),
        ]
    }));
    let mut judges = Table::new(&[
        "between judges",
        "one",
        "other",
        "answers",
        "the same %",
        "Cohen's kappa",
        "alpha",
    ]);
    judges.rows.extend(card.between_judges.iter().map(|one| {
        vec![
            one.run.clone(),
            one.judge.clone(),
            one.other.clone(),
            one.agreement.n.to_string(),
            percent(Some(one.agreement.share)),
            plain(one.agreement.kappa),
            plain(one.alpha),
        ]
    }));
    let mut corrected = Table::new(&[
        "corrected",
        "judge",
        "J [95 %]",
        "wrong answers",
        "specificity",
        "sensitivity",
        "corrected J",
        "[95 %]",
    ]);
    corrected.rows.extend(card.corrected.iter().map(|one| {
        let j = one.j.map_or_else(
            || UNKNOWN.to_owned(),
            |mean| match (mean.low, mean.high) {
                (Some(low), Some(high)) => {
                    format!(
                        "{:.2} [{}]",
                        100.0 * mean.mean,
                        range(Some(Interval { low, high }))
                    )
                }
                _ => percent(Some(mean.mean)),
            },
        );
        vec![
            one.run.clone(),
            one.judge.clone(),
            j,
            one.wrong.clone(),
            plain(Some(one.specificity)),
            match one.sensitivity {
                Sensitivity::Measured(share) => format!("{share:.3}"),
                Sensitivity::Assumed(share) => format!("{share:.3} (assumed)"),
            },
            percent(one.score),
            range(one.interval),
        ]
    }));
    let tables = [known, runs, judges, corrected];
    let tables = tables.iter().filter(|table| !table.rows.is_empty());
    let mut text: Vec<String> = tables.map(|table| table.render(style)).collect();
    text.push(style.prose(
        "wrong verdicts: mean over the answers of the share of labels that are wrong, with Wilson's interval over \
         answers. errors: judgements that failed or could not be read, in no rate. Corrected J by Rogan and Gladen \
         (1978), interval by bootstrap over the run and the known answers; it holds as far as the run's wrong answers \
         are like the known-wrong ones of its row.\n",
    ));
    text.join("\n")
}
