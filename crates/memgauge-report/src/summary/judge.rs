//! What a judge said about a variant's answers.

use memgauge_core::Category;

use super::JudgeSummary;
use crate::record::mean_label;
use crate::statistics::{mean, standard_deviation};

/// One answer and what each run of the judge said about it: null = an error.
pub(crate) struct Judged {
    /// Category of the question.
    pub(crate) category: Category,
    /// Label of every run, in their order.
    pub(crate) labels: Vec<Option<bool>>,
}

/// Summary of the judgements of one variant; `None` where nothing was judged. J itself, with its
/// intervals, is a metric among the others.
pub(crate) fn judge_summary(answers: &[Judged]) -> Option<JudgeSummary> {
    let scored = || {
        let judged = answers.iter().filter(|answer| !answer.labels.is_empty());
        judged.filter(|answer| answer.category.is_scored())
    };
    let runs = scored().map(|answer| answer.labels.len()).max()?;
    let per_run: Vec<Option<f64>> = (0..runs)
        .map(|run| mean_label(scored().map(|answer| answer.labels.get(run).copied().flatten())))
        .collect();
    let known: Vec<f64> = per_run.iter().copied().flatten().collect();
    let errors = |answer: &Judged| answer.labels.iter().filter(|label| label.is_none()).count();
    Some(JudgeSummary {
        runs,
        answers: scored().count(),
        errors: scored().map(errors).sum(),
        without_label: scored()
            .filter(|answer| errors(answer) == answer.labels.len())
            .count(),
        mean_of_runs: mean(&known),
        sd_of_runs: standard_deviation(&known),
        per_run,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(category: Category, labels: &[Option<bool>]) -> Judged {
        Judged {
            category,
            labels: labels.to_vec(),
        }
    }

    #[test]
    fn errors_are_no_labels_and_category_5_is_left_out() {
        let answers = [
            judged(Category::SingleHop, &[Some(true), Some(true)]),
            judged(Category::Temporal, &[Some(false), Some(true)]),
            judged(Category::Temporal, &[None, Some(false)]),
            judged(Category::Temporal, &[None, None]),
            judged(Category::Adversarial, &[Some(true), Some(true)]),
            judged(Category::SingleHop, &[]),
        ];
        let summary = judge_summary(&answers).unwrap();
        assert_eq!((summary.runs, summary.answers), (2, 4));
        assert_eq!((summary.errors, summary.without_label), (3, 1));
        assert_eq!(summary.per_run, [Some(0.5), Some(2.0 / 3.0)]);
        let sd = summary.sd_of_runs.unwrap();
        assert!(
            (sd - (2.0 / 3.0 - 0.5) / 2_f64.sqrt()).abs() < 1e-12,
            "{sd}"
        );
        assert!(judge_summary(&answers[5..]).is_none());
    }
}
