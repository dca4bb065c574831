//! Plots as files.

use std::path::Path;
use std::time::Duration;

use crate::compare::{altered, of_another_dataset, sample_run, untold};
use crate::{end, memgauge, only_run, paid};

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> = entries
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    names.sort();
    names
}

#[test]
fn a_run_becomes_files_and_the_same_run_the_same_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = sample_run(folder.path(), "pair", &[]);
    let imported = altered(
        &run,
        &folder.path().join("imported"),
        |_| {},
        "imported",
        untold(),
    );
    let plot = |out: &str, more: &[&str]| {
        let arms = [run.clone(), format!("{}:hybrid", imported.display()).into()];
        let out = folder.path().join(out);
        end(memgauge()
            .arg("plot")
            .args(arms)
            .args(more)
            .arg("--out")
            .arg(out))
    };
    let ended = plot("one", &[]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let written: Vec<&str> = ended.stdout.lines().collect();
    let found = names(&folder.path().join("one"));
    assert_eq!(
        found,
        [
            "ablation.svg",
            "category.svg",
            "latency.svg",
            "pareto-p95.svg",
            "pareto-tokens.svg",
            "tokens.svg",
            "waterfall.svg"
        ]
    );
    assert_eq!(written.len(), found.len());
    assert!(
        written.iter().all(|path| Path::new(path).is_file()),
        "{written:?}"
    );
    for kind in ["index-error: nothing to draw: ", "trend: nothing to draw: "] {
        assert!(ended.stderr.contains(kind), "{}", ended.stderr);
    }
    // Three arms, told apart by their runs.
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).expect("a file");
    let front = read("one/pareto-tokens.svg");
    for label in ["imported:hybrid", "no-memory"] {
        assert!(front.contains(label), "{label}");
    }
    assert_eq!(plot("two", &[]).code, 0);
    for name in &found {
        let [one, two] = ["one", "two"].map(|at| read(&format!("{at}/{name}")));
        assert!(one == two, "{name}");
    }
    let png = plot(
        "png",
        &[
            "--kind",
            "category,waterfall",
            "--png",
            "--names",
            "mem0-paper",
        ],
    );
    assert_eq!(png.code, 0, "{}", png.stderr);
    assert_eq!(
        names(&folder.path().join("png")),
        [
            "category.png",
            "category.svg",
            "waterfall.png",
            "waterfall.svg"
        ]
    );
    assert!(read("png/category.svg").contains("categories by names of Mem0"));
}

#[test]
fn what_does_not_compare_is_not_drawn_as_if_it_did() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = sample_run(folder.path(), "pair", &[]);
    let other = of_another_dataset(&run, &folder.path().join("other"));
    let out = folder.path().join("plots");
    let mut command = memgauge();
    command.args(["plot", "--kind", "pareto,ablation"]);
    command.arg(format!("{}:no-memory", run.display()));
    command.arg(format!("{}:hybrid", run.display()));
    command.arg(format!("{}:hybrid", other.display()));
    let ended = end(command.arg("--out").arg(&out));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    for told in [
        "not drawn, because of another dataset than the first",
        "not drawn, because not comparable",
    ] {
        assert!(ended.stderr.contains(told), "{told}: {}", ended.stderr);
    }
    for name in ["pareto-tokens.svg", "ablation.svg"] {
        let svg = std::fs::read_to_string(out.join(name)).expect("a file");
        assert!(!svg.contains("data-system=\"2\""), "{name}");
        assert!(svg.contains("data-system=\"1\""), "{name}");
    }
}

#[test]
fn mistakes_are_told_and_nothing_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = sample_run(folder.path(), "pair", &[]);
    let out = folder.path().join("out");
    let plot = |more: &[&str]| {
        end(memgauge()
            .arg("plot")
            .arg(&run)
            .args(more)
            .arg("--out")
            .arg(&out))
    };
    for (more, told) in [
        (&["--kind", "pie"][..], "waterfall"),
        (&["--metric", "recall"][..], "unknown metric `recall`"),
        (&["--metric", "j"][..], "no arm has j"),
        (
            &["--kind", "index-error"][..],
            "nothing of what was asked for can be drawn",
        ),
        (
            &["--kind", "trend", "--history", "nowhere.jsonl"][..],
            "memgauge history add",
        ),
    ] {
        let ended = plot(more);
        assert_eq!(ended.code, 2, "{more:?}: {}", ended.stderr);
        assert!(ended.stderr.contains(told), "{more:?}: {}", ended.stderr);
    }
    assert!(!out.exists());
}

#[test]
fn a_history_becomes_a_trend() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = sample_run(folder.path(), "pair", &[]);
    let history = folder.path().join("history.jsonl");
    let mut command = memgauge();
    command
        .args(["history", "add", "--commit", "0123abcd"])
        .arg(&run);
    assert_eq!(end(command.arg("--file").arg(&history)).code, 0);
    let mut command = memgauge();
    command.args(["history", "plot", "--file"]).arg(&history);
    let ended = end(command.arg("--out").arg(folder.path().join("trend.jpg")));
    assert_eq!(ended.code, 2, "{}", ended.stderr);
    assert!(ended.stderr.contains(".svg or .png"), "{}", ended.stderr);
    let svg = folder.path().join("trend.svg");
    let mut command = memgauge();
    command.args(["history", "plot", "--file"]).arg(&history);
    let ended = end(command.arg("--out").arg(&svg));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let text = std::fs::read_to_string(&svg).expect("a file");
    assert!(
        text.contains("0123abcd") && text.contains("hybrid"),
        "{text}"
    );
    let mut command = memgauge();
    command.args(["plot", "--kind", "trend"]).arg(&run);
    command.arg("--history").arg(&history);
    let ended = end(command.arg("--out").arg(folder.path().join("plots")));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(
        ended.stdout.trim().ends_with("trend-f1-locomo.svg"),
        "{}",
        ended.stdout
    );
}

/// A memory of facts in two retrievals, made twice and asked twice.
const FACTS: &str = r#"
dataset = { kind = "sample", limit = 3 }
repeats = { ingest = 2, answer = 2 }
answerer = { kind = "llm", prompt = "answer/short" }
judge = { kind = "llm" }

[[variant]]
name = "facts"
[variant.system]
kind = "turns"
embedder = "vectors"
extractor = { kind = "llm", batch = 0, summary = { enabled = false } }
retriever = { kind = "hybrid", k = 3 }

[[sweep]]
variant = "facts"
[sweep.axes]
"system.retriever.k" = [3, 5]
"#;

#[test]
fn tokens_and_money_have_intervals_from_what_each_question_was_charged() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = paid::server(Duration::ZERO);
    let file = paid::config(folder.path(), &server, paid::PRICES, FACTS);
    let ended = paid::run(&file, folder.path(), "runs", &["--traffic", "live"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let out = folder.path().join("plots");
    let mut command = memgauge();
    command.args(["plot", "--kind", "tokens"]);
    command.arg(only_run(&folder.path().join("runs")));
    let ended = end(command.arg("--out").arg(&out));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(names(&out), ["tokens-money.svg", "tokens.svg"]);
    assert!(
        !ended.stderr.contains("without an interval"),
        "{}",
        ended.stderr
    );
    for name in names(&out) {
        let svg = std::fs::read_to_string(out.join(&name)).expect("a file");
        assert_eq!(svg.matches("class=\"interval\"").count(), 2, "{name}");
    }
}
