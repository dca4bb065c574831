//! Arms compared.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::repeats::run_config;
use crate::{Ended, bytes, end, memgauge};

/// Two retrievers on two of the sample's conversations.
pub fn sample_run(folder: &Path, name: &str, more: &[&str]) -> PathBuf {
    let config = format!(
        r#"
name = "{name}"
dataset = {{ kind = "sample", conversations = ["sample-1", "sample-2"] }}
controls = false

[[variant]]
name = "hybrid"
system = {{ kind = "turns", retriever = {{ kind = "hybrid", k = 5 }} }}

[[variant]]
name = "no-memory"
system = {{ kind = "no-memory" }}
"#
    );
    run_config(folder, name, &config, more)
}

/// A copy of a run with its records changed line by line, and a key laid over its manifest.
pub fn altered(
    run: &Path,
    to: &Path,
    change: impl Fn(&mut Value),
    key: &str,
    value: Value,
) -> PathBuf {
    std::fs::create_dir_all(to).expect("a folder");
    let read = |file: &str| String::from_utf8(bytes(run, file)).expect("UTF-8");
    let mut manifest: Value = serde_json::from_str(&read("manifest.json")).expect("JSON");
    manifest[key] = value;
    let mut records = String::new();
    for line in read("records.jsonl").lines() {
        let mut record: Value = serde_json::from_str(line).expect("JSON");
        change(&mut record);
        records.push_str(&format!("{record}\n"));
    }
    for (file, text) in [
        ("manifest.json", manifest.to_string()),
        ("records.jsonl", records),
        ("summary.json", read("summary.json")),
    ] {
        std::fs::write(to.join(file), text).expect("a file");
    }
    to.to_owned()
}

/// A copy of a run that says that it is about another dataset.
pub fn of_another_dataset(run: &Path, to: &Path) -> PathBuf {
    let manifest: Value = serde_json::from_slice(&bytes(run, "manifest.json")).expect("JSON");
    let mut dataset = manifest["dataset"].clone();
    dataset["content"] = "another".into();
    altered(run, to, |_| {}, "dataset", dataset)
}

/// `imported` of a manifest that tells nothing of judge and answer model.
pub fn untold() -> Value {
    serde_json::json!({
        "format": "mem0", "files": [], "answer_model": null, "answer_prompt": null, "judge_model": null,
        "judge_prompt": null, "accuracy": null, "rows": 1, "matched": 1, "folded": 0, "conflicting": 0,
        "unmatched": 0, "unreadable": 0, "findings": {}, "missing": {}, "judge_runs": 3,
    })
}

/// `memgauge compare` with these arguments.
pub fn compare(arguments: &[&str]) -> Ended {
    end(memgauge().arg("compare").args(arguments))
}

/// A path as an argument.
pub fn text(path: &Path) -> String {
    path.display().to_string()
}

/// What a command that ended well wrote as JSON.
pub fn json(ended: &Ended) -> Value {
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    serde_json::from_str(&ended.stdout).expect("JSON")
}

#[test]
fn variants_of_a_run_are_compared_question_by_question() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = text(&sample_run(folder.path(), "pair", &[]));
    // A directory stands for all its variants but the controls.
    let found = json(&compare(&[&run, "--format", "json"]));
    assert_eq!(found["metric"], "f1.locomo");
    assert_eq!(found["pairs"].as_array().map(Vec::len), Some(1));
    let pair = &found["pairs"][0];
    assert_eq!(
        (&pair["arm"], &pair["reference"]),
        (&"no-memory".into(), &"hybrid".into())
    );
    let all = &pair["slices"][0];
    assert_eq!(
        (&all["slice"], &all["verdict"]),
        (&"1-4".into(), &"worse".into())
    );
    let count = |key: &str| all["difference"][key].as_u64().expect("a count");
    assert_eq!(count("won") + count("lost") + count("tied"), count("n"));
    assert_eq!(
        pair["lost"].as_array().map(Vec::len),
        Some(usize::try_from(count("lost")).expect("few"))
    );
    assert_eq!(all["p_holm"], all["difference"]["p_value"]);
    assert_eq!(all["mcnemar"], Value::Null);
    assert!(
        all["smallest_detectable"]
            .as_f64()
            .is_some_and(|least| least > 0.0)
    );

    let (a, b) = (format!("{run}:no-memory"), format!("{run}:hybrid"));
    let told = compare(&[&a, &b, "--questions", "2"]).stdout;
    assert!(
        told.contains("hybrid is better than no-memory: +"),
        "{told}"
    );
    assert!(
        told.contains("hybrid won against no-memory: sample-1/q"),
        "{told}"
    );
    let wanted = format!("and {} more", count("lost") - 2);
    assert!(told.contains(&wanted), "{told}");

    let csv = compare(&[&a, &b, "--format", "csv"]).stdout;
    let mut lines = csv.lines();
    assert_eq!(
        lines.next(),
        Some("arm,reference,question,category,arm_value,reference_value,outcome,forced")
    );
    let won = lines
        .clone()
        .filter(|line| line.ends_with(",won,false"))
        .count();
    assert_eq!(u64::try_from(won).expect("few"), count("lost"));
    assert!(lines.all(|line| line.starts_with("hybrid,no-memory,sample-")));

    // Against itself in the other order everything turns round; the same seed gives the same numbers.
    let again = json(&compare(&[&a, &b, "--format", "json"]));
    let turned = &again["pairs"][0]["slices"][0]["difference"];
    assert_eq!(
        turned["mean"].as_f64().map(|m| -m),
        all["difference"]["mean"].as_f64()
    );
    assert_eq!(again, json(&compare(&[&a, &b, "--format", "json"])));
}

#[test]
fn categories_and_margins_can_be_chosen() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = text(&sample_run(folder.path(), "pair", &[]));
    let found = json(&compare(&[
        &run,
        "--category",
        "temporal,4",
        "--margin",
        "100",
        "--metric",
        "evidence.context",
        "--format",
        "json",
    ]));
    assert_eq!(
        found["slices"],
        serde_json::json!(["temporal+single-hop", "temporal", "single-hop"])
    );
    assert_eq!(found["margin"], 1.0);
    let found = json(&compare(&[
        &run,
        "--category",
        "adversarial",
        "--format",
        "json",
    ]));
    assert_eq!(found["pairs"][0]["slices"][0]["slice"], "adversarial");
}

#[test]
fn names_are_those_asked_for_and_errata_leave_questions_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = sample_run(folder.path(), "pair", &[]);
    let manifest: Value = serde_json::from_slice(&bytes(&run, "manifest.json")).expect("JSON");
    let errata = folder.path().join("errata.toml");
    let content = &manifest["dataset"]["content"];
    let rows = "[[erratum]]\nid = \"sample-1/q0\"\nkind = \"incomplete\"\n";
    let text_of = format!("memgauge-errata = 1\ndataset = {content}\nsource = \"a test\"\n{rows}");
    std::fs::write(&errata, text_of).expect("a file");
    let (run, errata) = (text(&run), text(&errata));
    let count = |more: &[&str]| {
        let arguments: Vec<&str> = [run.as_str(), "--format", "json"]
            .into_iter()
            .chain(more.iter().copied())
            .collect();
        let found = json(&compare(&arguments));
        let n = found["pairs"][0]["slices"][0]["difference"]["n"].clone();
        (found, n.as_u64().expect("a count"))
    };
    let (published, all) = count(&[]);
    let (clean, rest) = count(&["--errata", &errata]);
    assert_eq!(all, rest + 1);
    let key = |found: &Value| found["arms"][0]["facts"]["key"].clone();
    assert_eq!(
        (key(&published), key(&clean)),
        ("published".into(), "published, clean subset".into())
    );
    // What the paper calls single-hop is multi-hop in LOCOMO.
    let (paper, n) = count(&["--names", "mem0-paper", "--category", "single-hop"]);
    assert_eq!(
        (&paper["names"], &paper["slices"]),
        (&"mem0-paper".into(), &serde_json::json!(["single-hop"]))
    );
    assert_eq!(n, count(&["--category", "multi-hop"]).1);
    let told = compare(&[&run, "--names", "mem0-paper", "--errata", &errata]).stdout;
    assert!(
        told.contains("names of Mem0's paper), published, clean subset key"),
        "{told}"
    );
}

#[test]
fn runs_under_other_conditions_are_refused_unless_forced() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = sample_run(folder.path(), "pair", &[]);
    let few = text(&sample_run(folder.path(), "few", &["--limit", "5"]));
    let whole = text(&run);
    let refused = compare(&[&whole, &few]);
    assert_eq!(refused.code, 12, "{}", refused.stderr);
    assert!(refused.stdout.is_empty());
    assert!(
        refused
            .stderr
            .contains("few:hybrid and pair:hybrid: other questions: "),
        "{}",
        refused.stderr
    );
    assert!(refused.stderr.contains("--force"), "{}", refused.stderr);
    let forced = compare(&[&whole, &few, "--force"]);
    assert_eq!(forced.code, 0, "{}", forced.stderr);
    assert!(
        forced
            .stdout
            .contains("FORCED: these arms are not comparable"),
        "{}",
        forced.stdout
    );
    let found = json(&compare(&[&whole, &few, "--force", "--format", "json"]));
    assert_eq!(found["forced"], true);
    assert_eq!(found["incomparable"][0]["what"], "questions");
    let table = compare(&[&whole, &few, "--force", "--format", "csv"]);
    assert!(table.stderr.contains("FORCED"), "{}", table.stderr);
    let mut rows = table.stdout.lines().skip(1);
    assert!(rows.all(|row| row.ends_with(",true")), "{}", table.stdout);

    let other = of_another_dataset(&run, &folder.path().join("other"));
    let refused = compare(&[&whole, &text(&other)]);
    assert_eq!(refused.code, 12);
    assert!(
        refused.stderr.contains("other dataset: sample (another)"),
        "{}",
        refused.stderr
    );

    let renamed = |record: &mut Value| {
        let category = record["category"].as_u64().expect("a number");
        record["category"] = [4, 2, 1, 3, 5][usize::try_from(category - 1).expect("small")].into();
    };
    let names = altered(
        &run,
        &folder.path().join("names"),
        renamed,
        "name",
        "names".into(),
    );
    let refused = compare(&[&whole, &text(&names)]);
    assert_eq!(refused.code, 12);
    assert!(
        refused.stderr.contains("other category names"),
        "{}",
        refused.stderr
    );
}

#[test]
fn labels_of_another_judge_or_of_one_that_nobody_named_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = sample_run(folder.path(), "pair", &[]);
    // Three runs of a judge: the last one finds everything right.
    let labelled = |record: &mut Value| {
        let right = record["scores"]["f1.locomo"]
            .as_f64()
            .is_some_and(|f1| f1 > 0.5);
        if record["category"] != 5 {
            let judgement = |(run, label): (u32, bool)| {
                serde_json::json!({"run": run, "label": label, "score": null, "reply": null,
                                   "request": null, "error": null})
            };
            record["judge"] = (f64::from(1 + 2 * u8::from(right)) / 3.0).into();
            record["judgements"] = [(0, right), (1, right), (2, true)].map(judgement).into();
        }
    };
    let imported = altered(
        &run,
        &folder.path().join("imported"),
        labelled,
        "imported",
        untold(),
    );
    let twin = altered(
        &run,
        &folder.path().join("twin"),
        labelled,
        "imported",
        untold(),
    );
    let (imported, twin) = (text(&imported), text(&twin));
    let refused = compare(&[&format!("{imported}:hybrid"), &format!("{twin}:hybrid")]);
    assert_eq!(refused.code, 12, "{}", refused.stdout);
    assert!(
        refused
            .stderr
            .contains("judge not known: model and prompt of"),
        "{}",
        refused.stderr
    );
    assert!(
        refused.stderr.contains("--metric f1.locomo"),
        "{}",
        refused.stderr
    );
    // Of one file the judge is the same, whoever it was; labels get a McNemar test.
    let found = json(&compare(&[&imported, "--format", "json"]));
    assert_eq!(found["metric"], "j");
    let test = &found["pairs"][0]["slices"][0]["mcnemar"];
    assert!(test["p_value"].as_f64().is_some_and(|p| p < 0.05), "{test}");
    let arm = &found["arms"][0];
    assert_eq!(arm["judge"]["runs"], 3);
    assert!(
        arm["judge"]["sd_of_runs"]
            .as_f64()
            .is_some_and(|sd| sd > 0.1)
    );
    let parts = &arm["variance"]["j"];
    assert!(
        parts["judge"].as_f64().is_some_and(|part| part > 0.0),
        "{parts}"
    );
    assert_eq!(
        (&parts["memories"], &parts["answers"]),
        (&Value::Null, &Value::Null)
    );
    let told = compare(&[&imported]).stdout;
    assert!(
        told.contains("over runs") && told.contains("variance of a score, %"),
        "{told}"
    );
    let text = compare(&[&imported, &twin, "--metric", "f1.locomo"]);
    assert_eq!(text.code, 0, "{}", text.stderr);
    assert!(
        text.stdout.contains("No difference found between"),
        "{}",
        text.stdout
    );
}

#[test]
fn what_is_no_arm_is_told_with_what_there_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = text(&sample_run(folder.path(), "pair", &[]));
    for (arguments, wanted) in [
        (
            vec![format!("{run}:hybrit"), run.clone()],
            "unknown variant `hybrit`, did you mean `hybrid`?",
        ),
        (
            vec![format!("{run}:hybrid")],
            "a comparison needs two arms: there is only hybrid",
        ),
        (
            vec!["nowhere".to_owned(), run.clone()],
            "nowhere: not a run directory",
        ),
        (vec![run.clone(), run.clone()], "this arm is named twice"),
        (
            vec![run.clone(), "--metric".to_owned(), "f1".to_owned()],
            "unknown metric `f1`",
        ),
        (
            vec![run.clone(), "--metric".to_owned(), "j".to_owned()],
            "hybrid has no j; every arm has: f1.locomo",
        ),
        (
            vec![run.clone(), "--category".to_owned(), "6".to_owned()],
            "unknown category `6`",
        ),
        (
            vec![run.clone(), "--margin".to_owned(), "nan".to_owned()],
            "must be 0 or more points",
        ),
    ] {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let ended = compare(&arguments);
        assert_eq!(ended.code, 2, "{arguments:?}: {}", ended.stderr);
        assert!(
            ended.stderr.contains(wanted),
            "{arguments:?}: {}",
            ended.stderr
        );
    }
}
