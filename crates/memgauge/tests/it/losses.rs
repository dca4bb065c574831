//! Where questions were lost.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::{end, memgauge, only_run};

fn run(folder: &Path) -> PathBuf {
    let out = folder.join("runs");
    let mut command = memgauge();
    command.args(["run", "experiments/quickstart.toml", "--quiet", "--out"]);
    let ended = end(command.arg(&out));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    only_run(&out)
}

fn json(run: &Path, arguments: &[&str]) -> Value {
    let mut command = memgauge();
    command.arg("show").arg(run).args(arguments);
    let ended = end(command.args(["--format", "json"]));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    serde_json::from_str(&ended.stdout).expect("JSON")
}

fn variant<'a>(summary: &'a Value, name: &str) -> &'a Value {
    let mut variants = summary["variants"].as_array().expect("variants").iter();
    variants
        .find(|variant| variant["name"] == name)
        .expect(name)
}

#[test]
fn every_question_has_one_stage_and_the_lists_are_the_totals() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = run(folder.path());
    let summary = json(&run, &[]);
    let of = |name: &str, stage: &str| {
        let stages = &variant(&summary, name)["loss"]["slices"]["1-4"];
        stages[stage].as_u64().expect("a count")
    };
    for one in summary["variants"].as_array().expect("variants") {
        let slices = one["loss"]["slices"].as_object().expect("slices");
        let sum = |slice: &str| -> u64 {
            let stages = slices[slice].as_object().expect("stages");
            stages.values().filter_map(Value::as_u64).sum()
        };
        assert_eq!(
            Some(sum("1-4") + sum("adversarial")),
            one["questions"].as_u64(),
            "{}",
            one["name"]
        );
        assert_eq!(one["loss"]["metric"], "f1.locomo");
    }
    // Whatever is not right was lost where the system's shape says.
    for (name, stage) in [
        ("no-memory", "never-extracted"),
        ("turns-hybrid-swapped", "never-extracted"),
        ("full-context", "in-context-answered-wrong"),
        ("oracle", "in-context-answered-wrong"),
    ] {
        let stages = variant(&summary, name)["loss"]["slices"]["1-4"].as_object();
        let total: u64 = stages
            .expect("stages")
            .values()
            .filter_map(Value::as_u64)
            .sum();
        let faulty = of(name, "gold-or-evidence-faulty");
        assert_eq!(
            of(name, stage) + of(name, "right") + faulty,
            total,
            "{name}"
        );
        assert!(of(name, stage) > 0, "{name}");
    }
    assert!(of("turns-recency", "ranked-below-k") > of("turns-hybrid", "ranked-below-k"));

    let lost = json(
        &run,
        &["--lost", "ranked-below-k", "--variant", "turns-hybrid"],
    );
    let lost = lost.as_array().expect("a list");
    let scored = lost.iter().filter(|located| located["category"] != 5);
    assert_eq!(scored.count() as u64, of("turns-hybrid", "ranked-below-k"));
    for located in lost {
        assert_eq!(located["variant"], "turns-hybrid");
        let rank = located["fate"]["below"].as_u64().expect("a rank");
        assert!(rank > 10, "{located}");
    }

    // Any gold turn in the context is enough: fewer questions are lost on the way.
    let any = json(&run, &["--needs", "any"]);
    let below = |summary: &Value| {
        variant(summary, "turns-hybrid")["loss"]["slices"]["1-4"]["ranked-below-k"].as_u64()
    };
    assert!(below(&any) < below(&summary));
    // Harder to be right.
    let exact = json(&run, &["--right-by", "exact", "--right-from", "1"]);
    assert!(
        variant(&exact, "oracle")["loss"]["slices"]["1-4"]["right"].as_u64()
            < variant(&summary, "oracle")["loss"]["slices"]["1-4"]["right"].as_u64()
    );

    let between = json(&run, &["--lost-between", "turns-recency", "turns-hybrid"]);
    let stage = |name: &str| {
        let mut stages = between["stages"].as_array().expect("stages").iter();
        stages.find(|stage| stage["stage"] == name).expect(name)
    };
    for name in ["ranked-below-k", "right"] {
        assert_eq!(stage(name)["first"], of("turns-recency", name), "{name}");
        assert_eq!(stage(name)["second"], of("turns-hybrid", name), "{name}");
    }
    assert!(stage("right")["difference"]["mean"].as_f64() > Some(0.0));
    let text = end(memgauge().arg("show").arg(&run)).stdout;
    assert!(
        text.contains("never-extracted") && text.contains("needed: every gold turn"),
        "{text}"
    );
}

#[test]
fn what_cannot_be_listed_is_refused_with_what_can() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = run(folder.path());
    for (arguments, words) in [
        (&["--lost", "ranked"][..], "ranked-below-k"),
        (
            &["--lost", "right", "--variant", "turns-hybird"][..],
            "did you mean `turns-hybrid`?",
        ),
        (&["--lost-between", "rag", "rga"][..], "did you mean `rag`?"),
        (&["--right-by", "f1"][..], "f1.locomo"),
        (&["--right-from", "50"][..], "from 0 to 1"),
        (&["--second-judge", "strict"][..], "memgauge judge"),
        (&["--variant", "rag"][..], "--lost"),
    ] {
        let ended = end(memgauge().arg("show").arg(&run).args(arguments));
        assert_eq!(ended.code, 2, "{arguments:?}: {}", ended.stderr);
        assert!(
            ended.stderr.contains(words),
            "{arguments:?}: {}",
            ended.stderr
        );
    }
}
