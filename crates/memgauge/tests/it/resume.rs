//! Runs that are killed, interrupted, or run into a full disk, and go on.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::{bytes, end, memgauge, only_run};

const ARGUMENTS: [&str; 6] = [
    "run",
    "experiments/quickstart.toml",
    "--quiet",
    "--limit",
    "25",
    "--out",
];
const FILES: [&str; 3] = ["records.jsonl", "ingest.jsonl", "contexts.jsonl"];

fn undisturbed(folder: &Path) -> PathBuf {
    let out = folder.join("undisturbed");
    let ended = end(memgauge().args(ARGUMENTS).arg(&out));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    only_run(&out)
}

fn resume(run: &Path) {
    let ended = end(memgauge().args(["run", "--quiet", "--resume"]).arg(run));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
}

fn assert_same(run: &Path, whole: &Path) {
    for file in FILES {
        assert!(bytes(run, file) == bytes(whole, file), "{file} differs");
    }
    // Other clocks, but each thing measured once.
    assert_eq!(timed(run), timed(whole));
}

/// What was measured, without the measurements.
fn timed(run: &Path) -> Vec<String> {
    let text = String::from_utf8(bytes(run, "timings.jsonl")).expect("UTF-8");
    text.lines()
        .map(|line| {
            let row: serde_json::Value = serde_json::from_str(line).expect("JSON");
            format!(
                "{} {} {} {} {}",
                row["variant"], row["phase"], row["conversation"], row["session"], row["question"]
            )
        })
        .collect()
}

#[cfg(unix)]
#[test]
fn a_killed_run_goes_on_to_the_same_records() {
    let folder = tempfile::tempdir().expect("a folder");
    let whole = undisturbed(folder.path());
    let mut unfinished = 0;
    for (attempt, delay) in [60, 150, 300, 500, 800].into_iter().enumerate() {
        let out = folder.path().join(format!("killed-{attempt}"));
        let mut child = memgauge()
            .args(ARGUMENTS)
            .arg(&out)
            .stdout(Stdio::null())
            .spawn()
            .expect("memgauge starts");
        // Wait for the manifest, so that there is something to resume.
        let begun = || {
            std::fs::read_dir(&out)
                .ok()?
                .next()?
                .ok()
                .map(|entry| entry.path())
        };
        for _ in 0..400 {
            if begun().is_some_and(|run| run.join("manifest.json").exists()) {
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::sleep(Duration::from_millis(delay));
        child.kill().expect("a kill");
        child.wait().expect("an end");
        let run = only_run(&out);
        if !run.join("summary.json").exists() {
            unfinished += 1;
        }
        resume(&run);
        assert_same(&run, &whole);
    }
    assert!(
        unfinished > 0,
        "every run had finished before it was killed"
    );
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_says_how_to_go_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("runs");
    let child = memgauge()
        .args(ARGUMENTS)
        .arg(&out)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("memgauge starts");
    for _ in 0..400 {
        if out.is_dir() {
            break;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let killed = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .expect("kill");
    assert!(killed.success());
    let output = child.wait_with_output().expect("an end");
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(130), "{message}");
    let run = only_run(&out);
    assert!(
        message.contains(&format!("memgauge run --resume {}", run.display())),
        "{message}"
    );
    resume(&run);
    assert_same(&run, &undisturbed(folder.path()));
}

#[cfg(unix)]
#[test]
fn a_full_disk_stops_the_run_and_what_was_written_stays() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("runs");
    // A limit on the size of files, its signal ignored, refuses writes as a full disk does.
    let command = format!(
        "trap '' XFSZ; ulimit -f 700; exec \"$0\" {} \"$1\"",
        ARGUMENTS.join(" ")
    );
    let ended = end(Command::new("bash")
        .current_dir(crate::root())
        .env_clear()
        .args(["-c", &command, env!("CARGO_BIN_EXE_memgauge")])
        .arg(&out));
    assert_eq!(ended.code, 4, "{}\n{}", ended.stdout, ended.stderr);
    assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
    let run = only_run(&out);
    let show = end(memgauge().arg("show").arg(&run));
    assert_eq!(show.code, 0, "{}", show.stderr);
    assert!(show.stderr.contains("not finished"), "{}", show.stderr);
    resume(&run);
    assert_same(&run, &undisturbed(folder.path()));
}

#[test]
fn a_run_in_use_is_refused_and_another_config_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = undisturbed(folder.path());
    let lock = std::fs::File::open(run.join(".lock")).expect("the lock");
    lock.try_lock().expect("nobody holds it");
    let ended = end(memgauge().args(["run", "--resume"]).arg(&run));
    assert_eq!(ended.code, 2, "{}", ended.stderr);
    assert!(
        ended.stderr.contains("in use by another run"),
        "{}",
        ended.stderr
    );
    drop(lock);
    let ended = end(memgauge()
        .args(["run", "--limit", "3", "--resume"])
        .arg(&run));
    assert_eq!(ended.code, 2, "{}", ended.stderr);
    // A finished run that is resumed is summarised again and stays what it is.
    let before = bytes(&run, "records.jsonl");
    resume(&run);
    assert!(before == bytes(&run, "records.jsonl"));
}
