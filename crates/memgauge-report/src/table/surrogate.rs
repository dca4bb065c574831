//! Tables of the surrogate judge.

use memgauge_core::CategoryNames;

use super::cell::percent_with_interval;
use super::{Style, Table, UNKNOWN};
use crate::powered::PoweredVariant;
use crate::statistics::{Interval, SampledScore, mean};
use crate::summary::SLICES;
use crate::surrogate::{HeldOut, HeldOutMeans, SurrogateReport};

fn points(value: f64) -> String {
    format!("{:.2}", 100.0 * value)
}

fn share(value: Option<f64>) -> String {
    value.map_or_else(|| UNKNOWN.to_owned(), |value| format!("{value:.3}"))
}

fn range(interval: Interval) -> String {
    format!("{:.2}–{:.2}", 100.0 * interval.low, 100.0 * interval.high)
}

/// What stands beside every J~.
pub(super) fn unseen(held_out: Option<HeldOutMeans>) -> String {
    held_out.map_or_else(
        || "its agreement with labels that it has not seen is not known".to_owned(),
        |means| {
            format!(
                "on systems that it was not fitted on it has the judge's label in {:.1} % of the answers (AUC {:.3}); \
                 always saying the more frequent label has it in {:.1} %",
                100.0 * means.agreement,
                means.auc,
                100.0 * means.majority
            )
        },
    )
}

/// Columns for what stands beside every J~, where a style has no place for sentences.
fn beside(table: &mut Table, held_out: Option<HeldOutMeans>) {
    let columns = [
        ("J~ agreement", held_out.map(|means| means.agreement)),
        ("majority class", held_out.map(|means| means.majority)),
    ];
    for (head, value) in columns {
        table.head.push(head.to_owned());
        for row in &mut table.rows {
            row.push(share(value));
        }
    }
}

/// J~ of a run's variants, J beside it where the run has a judge.
pub fn estimated(report: &SurrogateReport, style: Style) -> String {
    let mut head = vec!["system", "J~ 1-4 [95 %]"];
    head.extend([
        "~ multi-hop",
        "~ temporal",
        "~ open-domain",
        "~ single-hop",
        "J 1-4",
        "J~ - J",
    ]);
    let mut table = Table::new(&head);
    for variant in &report.variants {
        let star = if variant.control { "*" } else { "" };
        let slice = |slice: &&str| variant.j_estimated.get(*slice).and_then(Option::as_ref);
        let pooled = slice(&"1-4");
        let judged = variant.j.get("1-4").and_then(Option::as_ref);
        let difference = pooled
            .zip(judged)
            .map(|(ours, theirs)| ours.mean - theirs.mean);
        let mut row = vec![
            format!("{}{star}", variant.name),
            percent_with_interval(pooled.copied()),
        ];
        let categories = SLICES.iter().skip(1).take(4);
        row.extend(
            categories.map(|name| {
                slice(name).map_or_else(|| UNKNOWN.to_owned(), |mean| points(mean.mean))
            }),
        );
        row.push(judged.map_or_else(|| UNKNOWN.to_owned(), |mean| points(mean.mean)));
        row.push(difference.map_or_else(|| UNKNOWN.to_owned(), |by| format!("{:+.2}", 100.0 * by)));
        table.rows.push(row);
    }
    if style == Style::Csv {
        beside(&mut table, report.held_out);
    }
    let held_out = unseen(report.held_out);
    table.render(style) + &style.note(&format!(
        "J~ is an estimate from text features, not J: {held_out}. It cannot see what a lenient judge accepts. \
         Intervals are over questions and know nothing of the error of the estimate. Categories by {}. * = control.\n\
         fitted on: {}",
        CategoryNames::Official.label(),
        report.fitted_on.join(", "),
    ))
}

/// J from a sample of labels; `held_out` is what the model reaches on labels that it has not seen.
pub fn powered(
    variants: &[PoweredVariant],
    held_out: Option<HeldOutMeans>,
    style: Style,
) -> String {
    let mut table = Table::new(&[
        "system",
        "n",
        "labels",
        "J [95 %]",
        "of these n",
        "labels alone [95 %]",
        "of these n",
        "width",
        "same as labels",
        "J~",
        "all labels",
    ]);
    let scored =
        |score: SampledScore| format!("{} [{}]", points(score.score), range(score.interval));
    let width = |interval: Interval| interval.high - interval.low;
    for variant in variants {
        let all = variant
            .all_labels
            .map_or_else(|| UNKNOWN.to_owned(), points);
        table.rows.push(match &variant.score {
            None => {
                let mut row = vec![variant.name.clone()];
                row.resize(table.head.len() - 1, UNKNOWN.to_owned());
                row.push(all);
                row
            }
            Some(score) => {
                let (ours, alone) = (score.powered, score.labels_alone);
                let whole = width(alone.of_these_questions);
                vec![
                    variant.name.clone(),
                    score.questions.to_string(),
                    score.labelled.to_string(),
                    scored(ours),
                    range(ours.of_these_questions),
                    scored(alone),
                    range(alone.of_these_questions),
                    if whole > 0.0 {
                        format!("{:.0} %", 100.0 * width(ours.of_these_questions) / whole)
                    } else {
                        UNKNOWN.to_owned()
                    },
                    format!("{:.0}", score.labels_for_the_same_width),
                    points(score.estimates_alone),
                    all,
                ]
            }
        });
    }
    if style == Style::Csv {
        beside(&mut table, held_out);
    }
    let lambdas: Vec<String> = variants
        .iter()
        .filter_map(|variant| variant.score.map(|score| format!("{:.2}", score.lambda)))
        .collect();
    table.render(style) + &style.note(&format!(
        "J = lambda x mean J~ of all + mean of (label - lambda x J~) of the labelled, which must be a random \
         sample; lambda {}. [95 %]: cluster bootstrap. of these n: for what all labels of these questions would say. \
         width: of that interval, against labels alone. same as labels: so many labels alone would be as exact. J~ is \
         an estimate, not J: {}.",
        lambdas.join(", "),
        unseen(held_out),
    ))
}

/// The estimate beside labels that it was not fitted on; `apart` are systems that no model was fitted on.
pub fn evaluated(held_out: &[HeldOut], apart: &[HeldOut], style: Style) -> String {
    let mut table = Table::new(&[
        "system",
        "n",
        "agreement",
        "majority class",
        "AUC",
        "J",
        "J~",
        "J~ - J",
        "~-J 1",
        "2",
        "3",
        "4",
    ]);
    let difference = |j: f64, estimated: f64| format!("{:+.2}", 100.0 * (estimated - j));
    let row = |name: String, one: &HeldOut| {
        let mut row = vec![
            name,
            one.n.to_string(),
            share(Some(one.agreement)),
            share(Some(one.majority)),
            share(one.auc),
            points(one.j),
            points(one.j_estimated),
            difference(one.j, one.j_estimated),
        ];
        for number in 1..=4 {
            let of = one
                .by_category
                .iter()
                .find(|of| of.category.number() == number);
            row.push(of.map_or_else(|| UNKNOWN.to_owned(), |of| difference(of.j, of.j_estimated)));
        }
        row
    };
    table
        .rows
        .extend(held_out.iter().map(|one| row(one.name.clone(), one)));
    let of = |value: &dyn Fn(&HeldOut) -> Option<f64>| {
        mean(&held_out.iter().filter_map(value).collect::<Vec<f64>>())
    };
    let mut means = vec!["mean".to_owned(), UNKNOWN.to_owned()];
    means.extend([
        share(of(&|one| Some(one.agreement))),
        share(of(&|one| Some(one.majority))),
        share(of(&|one| one.auc)),
    ]);
    means.resize(table.head.len(), UNKNOWN.to_owned());
    table.rows.push(means);
    table.rows.extend(
        apart
            .iter()
            .map(|one| row(format!("{} (apart)", one.name), one)),
    );
    table.render(style) + &style.note(
        "Each system is estimated by a model fitted on the others; those apart by the model fitted on all that are \
         not apart. agreement: estimate cut at one half = majority of the stored labels. majority class: always saying \
         the more frequent label. J here is the share of majority labels.",
    )
}
