//! `memgauge report`

use std::path::Path;

use crate::compare::of_another_dataset;
use crate::errata::{audited, write};
use crate::{end, memgauge, only_run, real_data};

/// The quickstart on a few questions of the sample.
fn sample_run(out: &Path) -> std::path::PathBuf {
    let mut command = memgauge();
    command.args(["run", "experiments/quickstart.toml", "--quiet"]);
    command.args(["--conversations", "sample-1", "--limit", "4"]);
    let ended = end(command.arg("--out").arg(out));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    only_run(out)
}

#[test]
fn a_page_is_written_with_the_words_of_the_dataset() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = sample_run(&folder.path().join("runs"));
    let page = folder.path().join("page.html");
    let mut command = memgauge();
    let ended = end(command.arg("report").arg(&run).arg("-o").arg(&page));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let told = format!("{}: 10 system(s), 4 question(s)", page.display());
    assert!(ended.stdout.starts_with(&told), "{}", ended.stdout);
    // The run tells where the sample was, and it is there.
    assert!(!ended.stderr.contains("not at hand"), "{}", ended.stderr);
    let html = std::fs::read_to_string(&page).expect("the page");
    assert!(html.starts_with("<!DOCTYPE html>"));
    for kind in ["pareto", "latency", "category", "waterfall", "ablation"] {
        assert!(html.contains(&format!("mg-plot mg-{kind}")), "{kind}");
    }
    let again = folder.path().join("again.html");
    end(memgauge().arg("report").arg(&run).arg("-o").arg(&again));
    assert_eq!(html, std::fs::read_to_string(&again).expect("the page"));
}

#[test]
fn mistakes_are_told_and_leave_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = sample_run(&folder.path().join("runs"));
    let page = folder.path().join("page.html");
    let told = |arguments: &[&str]| {
        let mut command = memgauge();
        command.arg("report").arg(&run).arg("-o").arg(&page);
        let ended = end(command.args(arguments));
        assert_eq!(ended.code, 2, "{arguments:?}: {}", ended.stderr);
        assert!(!page.exists());
        ended.stderr
    };
    assert!(told(&["--metric", "f1.locomoo"]).contains("did you mean `f1.locomo`?"));
    assert!(told(&["--margin=-1"]).contains("must be 0 or more points"));
    assert!(told(&["nowhere"]).contains("nowhere: not a run directory"));
    assert!(told(&["--metric", "j"]).contains("no arm has j"));
    let one = format!("{}:turns-hybrid", run.display());
    let mut command = memgauge();
    command.args(["report", &one, "--metric", "f1.locomoo", "-o"]);
    let ended = end(command.arg(&page));
    assert_eq!(ended.code, 2, "{}", ended.stderr);
    assert!(
        ended.stderr.contains("did you mean `f1.locomo`?"),
        "{}",
        ended.stderr
    );
    let other = folder.path().join("other.json");
    let text = std::fs::read_to_string(crate::root().join("datasets/sample/sample.json"));
    let text = text.expect("the sample").replacen("Ann", "Anna", 1);
    std::fs::write(&other, text).expect("a dataset");
    let wrong = told(&["--dataset", &other.display().to_string()]);
    assert!(wrong.contains("no run is of it: sample ("), "{wrong}");
}

#[test]
fn errata_put_differences_under_every_key() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = sample_run(&folder.path().join("runs"));
    let other = of_another_dataset(&run, &folder.path().join("other"));
    let errata = write(
        folder.path(),
        &[audited(0, "HALLUCINATION", "Leeds", &["D1:1"])],
    );
    let arm = |run: &Path, variant: &str| format!("{}:{variant}", run.display());
    let page = |more: &[&str]| {
        let path = folder.path().join("page.html");
        let mut command = memgauge();
        command.arg("report");
        command.args([arm(&run, "turns-lexical"), arm(&run, "turns-hybrid")]);
        command
            .arg(arm(&other, "turns-hybrid"))
            .arg("-o")
            .arg(&path);
        let ended = end(command.args(more));
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        std::fs::read_to_string(path).expect("a page")
    };
    let errata = errata.display().to_string();
    let keyed = page(&["--errata", &errata]);
    assert!(keyed.contains("on categories 1-4 under the published key"));
    assert!(keyed.contains("Differences in f1.locomo × 100 under every key"));
    assert!(keyed.contains("are not comparable: other dataset"));
    // Three keys of the one pair that is comparable; the other pair stands in no table.
    let rows: Vec<&str> = keyed
        .lines()
        .filter(|line| line.starts_with("<th scope=\"row\">") && line.contains(" - "))
        .collect();
    assert_eq!(rows.len(), 3, "{rows:?}");
    // The ceiling is a row of the main table.
    assert!(keyed.contains("<th scope=\"row\">ceiling</th>"));
    let plain = page(&[]);
    assert!(!plain.contains("under every key") && !plain.contains("under the published key"));
    assert!(!plain.contains("<th scope=\"row\">ceiling</th>"));
}

#[test]
fn real_data_errata_give_ceilings_and_faulty_keys() {
    let Some(data) = real_data("real_data_errata_give_ceilings_and_faulty_keys") else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("runs");
    let mut command = memgauge();
    command.arg("--quiet").arg("import").arg("--out").arg(&out);
    command
        .arg("--dataset")
        .arg(data.join("datasets/locomo10.json"));
    let ended = end(command.arg(data.join("fixtures/memobase_eval_0503_3000.json")));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let page = folder.path().join("page.html");
    let mut command = memgauge();
    command
        .arg("report")
        .arg(only_run(&out))
        .arg("-o")
        .arg(&page);
    command
        .arg("--errata")
        .arg(data.join("fixtures/locomo-audit-errors.json"));
    let ended = end(command.args(["--names", "mem0-paper"]));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let html = std::fs::read_to_string(&page).expect("the page");
    assert!(
        html.contains("ceiling "),
        "the plot of categories has ceilings"
    );
    assert!(html.contains("j by key") && html.contains("73.5 [70.3, 76.5]"));
    assert!(html.contains("names of Mem0&#x27;s paper"));
    assert!(html.contains("dial481&#x2f;locomo-audit (156 questions)"));
    assert!(html.contains("gold-or-evidence-faulty"));
}
