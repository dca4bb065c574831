//! Published files, read from the folder in `MEMGAUGE_DATA`; without it the tests say so and pass.

use std::path::PathBuf;

use memgauge_dataset::locomo;
use memgauge_report::import::{ImportedRun, RowStatus};
use memgauge_report::rescore::{StoredBy, rescore};
use memgauge_report::summary::VariantSummary;

use crate::{Asked, import_files};

fn data_folder(test: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("MEMGAUGE_DATA")
        .filter(|folder| !folder.is_empty())
        .map(PathBuf::from);
    match &folder {
        Some(_) => eprintln!("real-data test ran: {test}"),
        None => eprintln!("real-data test skipped: {test}"),
    }
    folder
}

/// Imports one fixture and hands the run to the test.
fn with(test: &str, file: &str, check: impl FnOnce(&ImportedRun)) {
    let Some(data) = data_folder(test) else {
        return;
    };
    let dataset = locomo::load(data.join("datasets/locomo10.json")).expect("LOCOMO");
    let folder = tempfile::tempdir().expect("a folder");
    let paths = [data.join("fixtures").join(file)];
    let runs = import_files(&paths, &dataset, &Asked::default(), folder.path()).expect("a run");
    assert_eq!(runs.len(), 1);
    check(&runs[0]);
}

/// Mean x 100 of a metric over a slice, with two decimals.
fn shown(variant: &VariantSummary, metric: &str, slice: &str) -> String {
    let mean = variant.scores[metric][slice].expect("a mean").mean;
    format!("{:.2}", 100.0 * mean)
}

/// Every row is a record, and nothing is odd about any.
fn is_whole(run: &ImportedRun, format: &str, rows: usize, findings: usize) {
    let imported = &run.imported;
    assert_eq!(imported.format, format);
    assert_eq!((imported.rows, imported.matched), (rows, rows));
    assert!(imported.renamed.is_empty(), "{:?}", imported.renamed);
    assert_eq!(imported.findings.len(), findings, "{:?}", imported.findings);
    let missing: usize = imported
        .missing
        .iter()
        .filter(|(category, _)| *category != "adversarial")
        .map(|(_, count)| count)
        .sum();
    assert_eq!(missing, 1_540 - rows.min(1_540));
}

#[test]
fn real_data_memobase_is_imported_and_scored_again() {
    with(
        "real_data_memobase_is_imported_and_scored_again",
        "memobase_eval_0503_3000.json",
        |run| {
            is_whole(run, "mem0", 1_540, 0);
            let variant = &run.summary.variants[0];
            let j: Vec<String> = ["1-4", "multi-hop", "temporal", "open-domain", "single-hop"]
                .iter()
                .map(|slice| shown(variant, "j", slice))
                .collect();
            assert_eq!(j, ["70.91", "63.83", "80.37", "52.08", "71.82"]);
            assert_eq!(shown(variant, "f1.set", "1-4"), "48.84");
            assert_eq!(shown(variant, "f1.locomo", "1-4"), "51.24");
            let bleu1 = variant.scores["bleu1"]["1-4"].expect("a mean").mean;
            assert_eq!(format!("{bleu1:.6}"), "0.351474");
            let rescored = rescore(&run.dir).expect("metrics");
            for check in &rescored.checks {
                assert!(
                    check.differences.is_empty(),
                    "{} {:?}",
                    check.metric,
                    check.stored_by
                );
                assert_eq!(check.answers, 1_540);
            }
            let of_file = rescored
                .checks
                .iter()
                .filter(|check| check.stored_by == StoredBy::File);
            assert!(
                of_file
                    .map(|check| check.metric.as_str())
                    .eq(["bleu1", "f1.set"])
            );
        },
    );
}

/// J over three labels, and the mean and standard deviation of the runs.
fn evermemos(test: &str, file: &str, j: &str, runs: &[&str]) {
    with(test, file, |run| {
        is_whole(run, "evermemos", 1_540, 0);
        let variant = &run.summary.variants[0];
        assert_eq!(shown(variant, "j", "1-4"), j);
        let judge = variant.judge.as_ref().expect("a judge");
        assert_eq!((judge.runs, judge.answers, judge.errors), (3, 1_540, 0));
        if !runs.is_empty() {
            let per_run: Vec<String> = judge
                .per_run
                .iter()
                .map(|mean| format!("{:.6}", mean.expect("labels")))
                .collect();
            assert_eq!(per_run, runs);
        }
        let stated = run.imported.accuracy.expect("the file sums up");
        assert!(
            (stated - variant.j.expect("J").mean).abs() < 5e-4,
            "{stated}"
        );
    });
}

#[test]
fn real_data_full_context_has_its_published_j() {
    let runs = ["0.742208", "0.742857", "0.743506"];
    evermemos(
        "real_data_full_context_has_its_published_j",
        "evermemos-format_fullcontext_gpt-4o-mini.json",
        "74.29",
        &runs,
    );
}

#[test]
fn real_data_reasoning_has_its_published_j() {
    let runs = ["0.798052", "0.798052", "0.800649"];
    evermemos(
        "real_data_reasoning_has_its_published_j",
        "evermemos-format_fullcontext_gpt-4o-mini-reasoning.json",
        "79.89",
        &runs,
    );
}

#[test]
fn real_data_vague_answers_are_accepted_as_published() {
    evermemos(
        "real_data_vague_answers_are_accepted_as_published",
        "evermemos-format_wrong-but-vague.json",
        "62.81",
        &[],
    );
}

#[test]
fn real_data_specific_answers_are_accepted_as_published() {
    evermemos(
        "real_data_specific_answers_are_accepted_as_published",
        "evermemos-format_wrong-and-specific.json",
        "10.61",
        &[],
    );
}

#[test]
fn real_data_zep_is_imported() {
    with(
        "real_data_zep_is_imported",
        "zep-format_one-conversation.json",
        |run| {
            is_whole(run, "zep", 152, 0);
            let rows = run.rows.iter();
            assert!(
                rows.filter_map(|row| row.question.as_ref())
                    .all(|id| id.conversation.as_str() == "conv-26")
            );
        },
    );
}

#[test]
fn real_data_backboard_is_imported_without_its_second_copy() {
    with(
        "real_data_backboard_is_imported_without_its_second_copy",
        "backboard-format_one-conversation.json",
        |run| {
            let imported = &run.imported;
            assert_eq!(
                (imported.rows, imported.matched, imported.folded),
                (162, 81, 81)
            );
            assert!(imported.findings.is_empty(), "{:?}", imported.findings);
            let j = run.summary.variants[0].j.expect("J");
            assert_eq!(j.n, 81);
            assert!((j.mean - 74.0 / 81.0).abs() < 1e-12);
            // The question that stands in category 4 and in category 5 is the one that was asked.
            let asked = |id: &str| {
                let rows = run
                    .rows
                    .iter()
                    .filter(|row| row.status == RowStatus::Matched);
                rows.filter_map(|row| row.question.as_ref())
                    .any(|question| question.to_string() == id)
            };
            assert!(asked("conv-30/q61") && !asked("conv-30/q95"));
        },
    );
}
