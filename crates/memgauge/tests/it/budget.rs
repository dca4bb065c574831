//! Limits of what a run may take: dollars, tokens, time.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::paid::{PRICES, REPLY, config, rows, run, server};
use crate::{end, memgauge, only_run};

/// Ten questions, answered and judged.
const TEN: &str = r#"
dataset = { kind = "sample", conversations = ["sample-1"], limit = 10 }
answerer = { kind = "llm", prompt = "answer/short" }
judge = { kind = "llm" }
variant = [{ name = "lexical", system = { kind = "turns", retriever = { kind = "lexical", k = 3 }, fusion = { kind = "single" } } }]
"#;

/// What the next call may take, as the message says.
fn next(message: &str) -> f64 {
    let line = message
        .lines()
        .find(|line| line.starts_with("stopped before "))
        .expect("a limit");
    let words = line.split([' ', ';']);
    let mut numbers = words.filter_map(|word| word.parse().ok());
    numbers.next_back().expect("a number")
}

fn dollars(rows: &[Value]) -> f64 {
    rows.iter().filter_map(|row| row["dollars"].as_f64()).sum()
}

#[test]
fn a_run_stops_before_it_costs_more_and_goes_on_as_it_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = server(Duration::ZERO);
    let file = config(folder.path(), &server, PRICES, TEN);
    let cache = folder.path().join("the cache");
    let cache = cache.to_str().expect("UTF-8");
    // With nothing to spend nothing is sent, and the message says what the first call may cost.
    let options = ["--jobs", "1", "--cache", cache, "--max-cost"];
    let ended = run(
        &file,
        folder.path(),
        "none",
        &[&options[..], &["0"]].concat(),
    );
    assert_eq!(ended.code, 5, "{}", ended.stderr);
    assert!(server.requests().is_empty());
    let limit = next(&ended.stderr) + 5.5 * REPLY;
    let max = limit.to_string();

    let ended = run(
        &file,
        folder.path(),
        "runs",
        &[&options[..], &[&max]].concat(),
    );
    assert_eq!(ended.code, 5, "{}", ended.stderr);
    let told = format!("stopped before --max-cost {max}: ");
    assert!(ended.stderr.contains(&told), "{}", ended.stderr);
    let first = server.requests().len();
    let dir = only_run(&folder.path().join("runs"));
    let paid = rows(&dir, "paid.jsonl");
    assert!((1..18).contains(&first), "{first}");
    assert_eq!(paid.len(), first);
    assert!((dollars(&paid) - first as f64 * REPLY).abs() < 1e-9);
    assert!(dollars(&paid) <= limit, "{}", dollars(&paid));
    assert!(!dir.join("summary.json").exists());

    // What was taken before counts: nothing more fits.
    let resume = |more: &[&str]| {
        end(memgauge()
            .args(["run", "--quiet", "--resume"])
            .arg(&dir)
            .args(["--jobs", "1", "--cache", cache])
            .args(more))
    };
    let again = resume(&["--max-cost", &max]);
    assert_eq!(again.code, 5, "{}", again.stderr);
    assert_eq!(server.requests().len(), first);

    // The command that it names, as it stands there.
    let told = again
        .stderr
        .lines()
        .find_map(|line| line.strip_prefix("go on with: memgauge "))
        .expect("a command");
    let shell = format!("{} {told}", env!("CARGO_BIN_EXE_memgauge"));
    let mut command = std::process::Command::new("sh");
    let ended = end(command.arg("-c").arg(&shell).current_dir(crate::root()));
    assert_eq!(ended.code, 0, "{shell}\n{}", ended.stderr);
    let records = rows(&dir, "records.jsonl");
    assert_eq!(records.len(), 10);
    assert!(records.iter().all(|record| record["outcome"] == "answered"));
    let scored = records.iter().filter(|record| !record["judge"].is_null());
    // Nothing was paid twice.
    let all = 10 + scored.count();
    assert_eq!(server.requests().len(), all);
    assert_eq!(rows(&dir, "paid.jsonl").len(), all);
    let work = &crate::paid::summary(&dir)["work"];
    assert_eq!(
        (&work["made"], &work["distinct"]),
        (&all.into(), &all.into())
    );

    // Replies that are kept cost nothing.
    let free = run(
        &file,
        folder.path(),
        "free",
        &["--cache", cache, "--max-cost", "0"],
    );
    assert_eq!(free.code, 0, "{}", free.stderr);
    assert_eq!(server.requests().len(), all);
    let free = only_run(&folder.path().join("free"));
    assert!(!free.join("paid.jsonl").exists());
}

#[test]
fn a_run_stops_before_it_takes_more_tokens() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = server(Duration::ZERO);
    // No price is needed for it.
    let file = config(folder.path(), &server, "", TEN);
    let options = ["--traffic", "live", "--jobs", "1", "--max-tokens"];
    let none = run(
        &file,
        folder.path(),
        "none",
        &[&options[..], &["0"]].concat(),
    );
    assert_eq!(none.code, 5, "{}", none.stderr);
    let limit = next(&none.stderr) as u64 + 80;
    let max = limit.to_string();
    let ended = run(
        &file,
        folder.path(),
        "runs",
        &[&options[..], &[&max]].concat(),
    );
    assert_eq!(ended.code, 5, "{}", ended.stderr);
    let told = format!("of {max} tokens are used");
    assert!(ended.stderr.contains(&told), "{}", ended.stderr);
    assert!(ended.stderr.contains(" --max-tokens "), "{}", ended.stderr);
    let dir = only_run(&folder.path().join("runs"));
    let used: u64 = rows(&dir, "paid.jsonl")
        .iter()
        .map(|row| {
            row["input_tokens"].as_u64().unwrap_or(0) + row["output_tokens"].as_u64().unwrap_or(0)
        })
        .sum();
    assert_eq!(used, 15 * server.requests().len() as u64);
    assert!(used > 0 && used <= limit, "{used}");
}

#[test]
fn a_run_begins_nothing_that_may_end_too_late() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = server(Duration::from_millis(250));
    let many = TEN.replace("limit = 10", "limit = 40");
    let file = config(folder.path(), &server, PRICES, &many);
    let limit = Duration::from_secs(4);
    let begun = Instant::now();
    let ended = run(
        &file,
        folder.path(),
        "runs",
        &["--traffic", "live", "--jobs", "1", "--max-time", "4s"],
    );
    assert_eq!(ended.code, 5, "{}", ended.stderr);
    assert!(
        ended.stderr.contains("stopped before --max-time 4s"),
        "{}",
        ended.stderr
    );
    let dir = only_run(&folder.path().join("runs"));
    assert!(rows(&dir, "records.jsonl").len() < 40);
    // From the first request to the last less has passed than there was.
    let requests = server.requests();
    if let (Some(first), Some(last)) = (requests.first(), requests.last()) {
        assert!(
            last.at - first.at < limit,
            "{:?} of {:?}",
            last.at - first.at,
            begun.elapsed()
        );
    }
}

#[test]
fn a_limit_in_dollars_needs_prices() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = server(Duration::ZERO);
    let file = config(folder.path(), &server, "", TEN);
    let ended = run(
        &file,
        folder.path(),
        "runs",
        &["--traffic", "live", "--max-cost", "1"],
    );
    assert_eq!(ended.code, 2, "{}", ended.stderr);
    for word in ["models.chat", "--max-cost", "price-input", "paid.toml:"] {
        assert!(ended.stderr.contains(word), "{word}: {}", ended.stderr);
    }
    assert!(!folder.path().join("runs").exists());
    assert!(server.requests().is_empty());
    for wrong in [
        ["--max-cost", "much"],
        ["--max-time", "5"],
        ["--max-tokens", "1.5"],
    ] {
        let ended = run(&file, folder.path(), "runs", &wrong);
        assert_eq!(ended.code, 2, "{}", ended.stderr);
    }
}

#[test]
fn a_judging_stops_before_it_costs_more_and_nothing_is_paid_twice() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = server(Duration::ZERO);
    let file = config(folder.path(), &server, PRICES, TEN);
    let cache = folder.path().join("cache");
    let cache = cache.to_str().expect("UTF-8");
    let ended = run(&file, folder.path(), "runs", &["--cache", cache]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let dir = only_run(&folder.path().join("runs"));
    let before = server.requests().len();
    let judge = |more: &[&str]| {
        end(memgauge()
            .args(["judge", "--quiet", "--prompt", "strict", "--jobs", "1"])
            .args(["--cache", cache])
            .arg(&dir)
            .args(more))
    };
    let none = judge(&["--max-cost", "0"]);
    assert_eq!(none.code, 5, "{}", none.stderr);
    assert_eq!(server.requests().len(), before);
    let max = (next(&none.stderr) + 2.5 * REPLY).to_string();
    let ended = judge(&["--max-cost", &max]);
    assert_eq!(ended.code, 5, "{}", ended.stderr);
    let told = format!("stopped before --max-cost {max}: ");
    assert!(ended.stderr.contains(&told), "{}", ended.stderr);
    assert!(
        ended
            .stderr
            .contains("go on with the same command and --max-cost ")
    );
    // Every reply that was paid is a line of the file, and what was paid counts when it goes on.
    let judged = rows(&dir, "judgements-strict.jsonl");
    let paid = server.requests().len() - before;
    assert!((1..10).contains(&paid), "{paid}");
    assert_eq!(judged.len(), paid);
    assert!((dollars(&judged) - paid as f64 * REPLY).abs() < 1e-9);
    let again = judge(&["--max-cost", &max]);
    assert_eq!(again.code, 5, "{}", again.stderr);
    assert_eq!(server.requests().len() - before, paid);

    let tokens = judge(&["--max-tokens", "1"]);
    assert_eq!(tokens.code, 5, "{}", tokens.stderr);
    assert!(tokens.stderr.contains("stopped before --max-tokens 1"));
    let time = judge(&["--max-time", "0s"]);
    assert_eq!(time.code, 5, "{}", time.stderr);
    assert_eq!(server.requests().len() - before, paid);

    let rest = judge(&["--max-cost", "5"]);
    assert_eq!(rest.code, 0, "{}", rest.stderr);
    let judged = rows(&dir, "judgements-strict.jsonl").len();
    assert_eq!(server.requests().len() - before, judged);
}
