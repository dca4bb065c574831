//! The surrogate judge, J from few labels, and the judge card, over imported files and over the sample.

use std::path::{Path, PathBuf};

use memgauge_core::Embedder as _;
use memgauge_model::{Static, StaticWeights};
use memgauge_report::RunDir;
use memgauge_report::statistics::{Bootstrap, Power, Predicted, mean, standard_deviation};
use memgauge_report::surrogate::{Design, Surrogate, fit, labelled};
use serde_json::Value;

use crate::{Ended, end, memgauge, only_run, real_data};

/// Name of the run, file of the fixtures.
const FILES: [(&str, &str); 5] = [
    ("memobase-0503", "memobase_eval_0503_3000.json"),
    (
        "full-context",
        "evermemos-format_fullcontext_gpt-4o-mini.json",
    ),
    (
        "full-context-reasoning",
        "evermemos-format_fullcontext_gpt-4o-mini-reasoning.json",
    ),
    ("wrong-vague", "evermemos-format_wrong-but-vague.json"),
    ("wrong-specific", "evermemos-format_wrong-and-specific.json"),
];

/// Imports the first `count` of [`FILES`].
fn imported(data: &Path, out: &Path, count: usize) -> Vec<PathBuf> {
    let one = |(name, file): &(&str, &str)| {
        let out = out.join(name);
        let ended = end(memgauge()
            .env("MEMGAUGE_DATA", data)
            .args(["import", "--quiet", "--name", name, "--out"])
            .args([&out, &data.join("fixtures").join(file)]));
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        only_run(&out)
    };
    FILES.iter().take(count).map(one).collect()
}

fn json(ended: &Ended) -> Value {
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    serde_json::from_str(&ended.stdout).expect("JSON")
}

fn designs(runs: &[PathBuf]) -> Vec<Design> {
    let embedder = Static::new(StaticWeights::Zipf);
    let embed = |text: &str| embedder.embed_text(text);
    let mut designs = Vec::new();
    for run in runs {
        let systems = labelled(&RunDir::open(run).expect("a run")).expect("records");
        designs.extend(systems.iter().map(|system| Design::new(system, &embed)));
    }
    designs
}

/// Every answer of the system at `left_out` with the estimate of a model fitted on the others, by conversation.
fn held_out(designs: &[Design], left_out: usize) -> Vec<Vec<(f64, f64)>> {
    let others = designs.iter().enumerate().filter(|(at, _)| *at != left_out);
    let others: Vec<&Design> = others.map(|(_, design)| design).collect();
    let model = fit(&others, "static", 10.0).expect("a fit");
    let design = &designs[left_out];
    let mut clusters: std::collections::BTreeMap<_, Vec<(f64, f64)>> = Default::default();
    for ((row, label), conversation) in design
        .rows
        .iter()
        .zip(&design.labels)
        .zip(&design.conversations)
    {
        let pair = (model.of_features(row), f64::from(u8::from(*label)));
        clusters.entry(conversation.clone()).or_default().push(pair);
    }
    clusters.into_values().collect()
}

#[test]
fn real_data_surrogate_judge_reaches_its_targets() {
    let Some(data) = real_data("surrogate-judge") else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let runs = imported(&data, folder.path(), 3);

    let found = json(&end(memgauge()
        .args(["surrogate", "evaluate", "--format", "json"])
        .args(&runs)));
    let rows = found["held_out"].as_array().expect("rows");
    let of = |key: &str| -> Vec<f64> {
        rows.iter()
            .map(|row| row[key].as_f64().expect("a number"))
            .collect()
    };
    assert_eq!(rows.len(), 3);
    let (agreement, auc) = (of("agreement"), of("auc"));
    assert!(mean(&agreement) >= Some(0.87), "{agreement:?}");
    assert!(mean(&auc) >= Some(0.92), "{auc:?}");
    for (j, estimated) in of("j").into_iter().zip(of("j_estimated")) {
        assert!((j - estimated).abs() <= 0.04, "{j} {estimated}");
    }
    // Far beyond always saying "right".
    for (agreement, majority) in agreement.iter().zip(of("majority")) {
        assert!(*agreement > majority + 0.05);
    }

    // The committed model is what a fit on these files gives.
    let file = folder.path().join("surrogate.json");
    let ended = end(memgauge()
        .args(["surrogate", "fit", "-o"])
        .arg(&file)
        .args(&runs));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let model: Surrogate =
        serde_json::from_slice(&std::fs::read(&file).expect("a file")).expect("a model");
    let built_in = Surrogate::built_in().expect("the built-in model");
    assert_eq!(model.fitted_on, built_in.fitted_on);
    assert!((model.intercept - built_in.intercept).abs() < 1e-6);
    for (new, old) in model.weights.iter().zip(&built_in.weights) {
        assert_eq!(new.feature, old.feature);
        assert!((new.weight - old.weight).abs() < 1e-6, "{new:?} {old:?}");
    }
    assert_eq!(model.embedder, Static::new(StaticWeights::Zipf).id());
    // Once more, byte for byte.
    let again = folder.path().join("again.json");
    end(memgauge()
        .args(["surrogate", "fit", "-o"])
        .arg(&again)
        .args(&runs));
    assert_eq!(
        std::fs::read(&file).expect("a file"),
        std::fs::read(&again).expect("a file")
    );

    // Scoring leaves J and the records alone.
    let records = std::fs::read(runs[0].join("records.jsonl")).expect("records");
    let scored = json(&end(memgauge()
        .args(["surrogate", "score", "--format", "json"])
        .arg(&runs[0])));
    let variant = &scored[0]["variants"][0];
    assert!((variant["j"]["1-4"]["mean"].as_f64().expect("J") - 0.7091).abs() < 1e-4);
    assert!(variant["j_estimated"]["1-4"]["mean"].is_number());
    assert_eq!(
        records,
        std::fs::read(runs[0].join("records.jsonl")).expect("records")
    );
    let shown = end(memgauge().arg("show").arg(&runs[0]));
    assert!(
        shown.stdout.contains("J~ is an estimate"),
        "{}",
        shown.stdout
    );
}

#[test]
fn real_data_prediction_powered_j_is_unbiased_and_covers() {
    let Some(data) = real_data("prediction-powered") else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let designs = designs(&imported(&data, folder.path(), 3));
    let bootstrap = Bootstrap {
        resamples: 60,
        ..Bootstrap::default()
    };
    let (size, draws) = (200, 300);
    for left_out in 0..designs.len() {
        let clusters = held_out(&designs, left_out);
        let labels: Vec<f64> = clusters.iter().flatten().map(|(_, label)| *label).collect();
        let truth = mean(&labels).expect("labels");
        let (mut scores, mut covered, mut as_good_as) = (Vec::new(), 0, Vec::new());
        for seed in 0..draws {
            let known = lots(labels.len(), size, seed);
            let mut at = 0..;
            let drawn: Vec<Vec<Predicted>> = clusters
                .iter()
                .map(|inside| {
                    let one = |(estimate, label): &(f64, f64)| Predicted {
                        estimate: *estimate,
                        label: at.next().filter(|at| known[*at]).map(|_| *label),
                    };
                    inside.iter().map(one).collect()
                })
                .collect();
            let found = bootstrap
                .prediction_powered(&drawn, Power::One)
                .expect("labels");
            scores.push(found.powered.score);
            covered += usize::from(found.powered.of_these_questions.contains(truth));
            as_good_as.push(found.labels_for_the_same_width);
        }
        let error = standard_deviation(&scores).expect("scores") / (draws as f64).sqrt();
        let bias = mean(&scores).expect("scores") - truth;
        assert!(bias.abs() < 3.5 * error, "{left_out}: {bias} {error}");
        // 0.95 meant, standard deviation 0.013.
        let covered = covered as f64 / draws as f64;
        assert!((0.91..=0.985).contains(&covered), "{left_out}: {covered}");
        let worth = mean(&as_good_as).expect("widths");
        assert!(worth > 1.3 * size as f64, "{left_out}: {worth}");
        eprintln!(
            "{}: J {truth:.4}, bias {bias:+.4} ({error:.4}), covered {covered:.3}, {size} labels worth {worth:.0}",
            designs[left_out].source.name
        );
    }
}

/// Which of `all` are among `size` drawn without replacement.
fn lots(all: usize, size: usize, seed: u64) -> Vec<bool> {
    let lot = |at: usize| *blake3::hash(format!("{seed} {at}").as_bytes()).as_bytes();
    let mut order: Vec<usize> = (0..all).collect();
    order.sort_by_key(|at| lot(*at));
    let mut known = vec![false; all];
    for at in order.into_iter().take(size) {
        known[at] = true;
    }
    known
}

#[test]
fn real_data_judge_card_of_stored_labels() {
    let Some(data) = real_data("judge-card") else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let runs = imported(&data, folder.path(), 5);
    let known = |kind: &str, run: &Path| format!("{kind}={}", run.display());
    let found = json(&end(memgauge()
        .args([
            "judge-card",
            "--format",
            "json",
            "--assume-sensitivity",
            "1",
        ])
        .args(["--known-wrong", &known("vague", &runs[3])])
        .args(["--known-wrong", &known("specific", &runs[4])])
        .arg("--correct")
        .arg(&runs[1])));
    let rate = |at: usize| found["known"][at]["accepted"].as_f64().expect("a rate");
    assert_eq!(found["known"][0]["kind"], "vague");
    assert_eq!(
        format!("{:.2} {:.2}", 100.0 * rate(0), 100.0 * rate(1)),
        "62.81 10.61"
    );
    assert_eq!(found["known"][0]["answers"], 1_540);
    assert_eq!(found["known"][0]["labels"], 4_620);
    assert_eq!(found["between_runs"].as_array().map(Vec::len), Some(3));
    // (J - false accepts) / (1 - false accepts) where all right answers are accepted.
    let corrected = found["corrected"].as_array().expect("rows");
    for row in corrected {
        let (j, specificity) = (
            row["j"]["mean"].as_f64().expect("J"),
            row["specificity"].as_f64().expect("a share"),
        );
        let score = row["score"].as_f64().expect("a score");
        assert!((score - (j + specificity - 1.0) / specificity).abs() < 1e-12);
        assert!((j - 0.742_857).abs() < 1e-5, "{j}");
    }
    assert_eq!(corrected.len(), 2);
    // Nothing known about right answers, nothing corrected.
    let refused = end(memgauge()
        .args([
            "judge-card",
            "--known-wrong",
            &known("vague", &runs[3]),
            "--correct",
        ])
        .arg(&runs[1]));
    assert_eq!(refused.code, 2);
    assert!(
        refused.stderr.contains("--assume-sensitivity"),
        "{}",
        refused.stderr
    );
}

/// A judge that lets talk pass, cannot read sentences, and is strict about talk when it is told to be.
const SCRIPT: &str = r#"
[[rule]]
matches = "(?s)CORRECT only if all.*to grade: (Something to do|Some time|It is hard)"
within = "prompt"
form = "verdict"
reply = { label = "WRONG" }
[[rule]]
contains = "to grade: The answer is"
within = "prompt"
form = "verdict"
reply = "I would rather not say."
[[rule]]
form = "verdict"
reply = { label = "CORRECT" }
"#;

#[test]
fn a_judge_is_tried_on_known_answers_of_the_sample() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("script.toml"), SCRIPT).expect("a script");
    let config = format!(
        "name = \"tried\"\ndataset = {{ kind = \"sample\" }}\n[models.chat]\nkind = \"fake\"\nscript = {:?}\n\
         [[variant]]\nname = \"none\"\nsystem = {{ kind = \"no-memory\" }}\n",
        at("script.toml").display().to_string()
    );
    std::fs::write(at("tried.toml"), config).expect("a config");
    let run = |more: &[&str]| {
        end(memgauge()
            .args([
                "judge-card",
                "--quiet",
                "--traffic",
                "live",
                "--format",
                "json",
                "--config",
            ])
            .arg(at("tried.toml"))
            .args(["--known", &at("card").display().to_string()])
            .args([
                "--prompt",
                "lenient",
                "--prompt",
                "strict",
                "--runs",
                "2",
                "--per-kind",
                "12",
            ])
            .args(more))
    };
    let ended = run(&[]);
    // Errors of the judge are told by the code, and are no verdicts.
    assert_eq!(ended.code, 3, "{}", ended.stderr);
    let found: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    let rate = |judge: &str, kind: &str| -> Value {
        let known = found["known"].as_array().expect("rows");
        let row = known
            .iter()
            .find(|row| row["judge"] == judge && row["kind"] == kind);
        row.unwrap_or_else(|| panic!("{judge} {kind}: {found}"))
            .clone()
    };
    assert_eq!(rate("lenient", "vague")["accepted"], 1.0);
    assert_eq!(rate("strict", "vague")["accepted"], 0.0);
    assert_eq!(rate("strict", "vague")["role"], "known-wrong");
    let sentence = rate("lenient", "sentence");
    assert_eq!(
        (
            &sentence["answers"],
            &sentence["labels"],
            &sentence["errors"]
        ),
        (&12.into(), &0.into(), &24.into())
    );
    assert_eq!(sentence["accepted"], Value::Null);
    assert!(
        rate("lenient", "verbatim")["interval"]["low"]
            .as_f64()
            .expect("a bound")
            > 0.5
    );
    // The two runs of a scripted judge agree, its two prompts do not.
    for row in found["between_runs"].as_array().expect("rows") {
        assert_eq!(
            (row["runs"].clone(), row["unanimous"].clone()),
            (2.into(), 1.0.into())
        );
    }
    let between = found["between_judges"].as_array().expect("rows");
    let vague = between
        .iter()
        .find(|row| row["run"] == "known-answers/vague")
        .expect("a row");
    assert_eq!(
        (&vague["judge"], &vague["other"]),
        (&"lenient".into(), &"strict".into())
    );
    assert_eq!((&vague["share"], &vague["n"]), (&0.0.into(), &12.into()));
    // The card stands in files, and asking again goes on with what is there.
    let card = std::fs::read(at("card/judge-card.json")).expect("the card");
    assert!(
        std::fs::read_to_string(at("card/judge-card.md"))
            .expect("the card")
            .contains("| wrong, vague: accepted")
    );
    assert_eq!(run(&[]).stdout, ended.stdout);
    assert_eq!(
        std::fs::read(at("card/judge-card.json")).expect("the card"),
        card
    );
    // Another sample is another run.
    let other = run(&["--seed", "7"]);
    assert_eq!(other.code, 2, "{}", other.stderr);
    assert!(other.stderr.contains("exists already"), "{}", other.stderr);
}

#[test]
fn a_sample_of_answers_is_judged_and_powers_j() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    std::fs::write(
        at("script.toml"),
        "[[rule]]\ncontains = \"a\"\nform = \"verdict\"\nreply = { label = \"CORRECT\" }\n",
    )
    .expect("a script");
    let ended = end(memgauge()
        .args(["run", "experiments/quickstart.toml", "--quiet", "--out"])
        .arg(at("runs")));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let run = only_run(&at("runs"));
    let judge = |size: &str| {
        let script = at("script.toml").display().to_string();
        let ended = end(memgauge()
            .args([
                "judge",
                "--quiet",
                "--traffic",
                "live",
                "--sample",
                size,
                "--seed",
                "3",
            ])
            .args([
                "--set",
                &format!("models.chat={{kind=\"fake\",script={script:?}}}"),
            ])
            .arg(&run));
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        std::fs::read_to_string(run.join("judgements-lenient.jsonl")).expect("judgements")
    };
    let variants = |text: &str| -> std::collections::BTreeMap<String, usize> {
        let rows = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).expect("a row"));
        let mut counts = std::collections::BTreeMap::new();
        for row in rows {
            *counts
                .entry(row["variant"].as_str().expect("a name").to_owned())
                .or_default() += 1;
        }
        counts
    };
    let small = judge("10");
    assert!(
        variants(&small).values().all(|count| *count <= 10),
        "{small}"
    );
    // A larger sample of the same seed keeps what was judged.
    let large = judge("20");
    assert!(small.lines().all(|line| large.contains(line)));
    let powered = json(&end(memgauge()
        .args([
            "surrogate",
            "powered",
            "--judge",
            "lenient",
            "--format",
            "json",
        ])
        .arg(&run)));
    assert!(
        powered["held_out"]["agreement"]
            .as_f64()
            .is_some_and(|share| share > 0.8)
    );
    let powered = &powered["variants"];
    let score = &powered[0]["score"];
    assert_eq!(
        score["labelled"],
        variants(&large)[powered[0]["name"].as_str().expect("a name")]
    );
    // Every label says right, so the labels alone leave nothing uncertain.
    assert_eq!(score["labels_alone"]["score"], 1.0);
    let unjudged = end(memgauge().args(["surrogate", "powered"]).arg(&run));
    assert_eq!(unjudged.code, 2);
    assert!(
        unjudged
            .stderr
            .contains("fewer than two answers have a label"),
        "{}",
        unjudged.stderr
    );
    let unnamed = end(memgauge()
        .args(["surrogate", "powered", "--judge", "nobody"])
        .arg(&run));
    assert_eq!(unnamed.code, 2);
    assert!(
        unnamed.stderr.contains("judgements-nobody.jsonl"),
        "{}",
        unnamed.stderr
    );
}
