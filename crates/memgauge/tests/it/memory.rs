//! `memgauge memory`

use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use crate::{Ended, end, memgauge};

/// Runs `memgauge memory ARGUMENTS --store DIR`.
fn memory(dir: &Path, arguments: &[&str]) -> Ended {
    end(memgauge()
        .arg("memory")
        .args(arguments)
        .arg("--store")
        .arg(dir))
}

fn done(dir: &Path, arguments: &[&str]) -> String {
    let ended = memory(dir, arguments);
    assert_eq!(ended.code, 0, "{arguments:?}: {}", ended.stderr);
    ended.stdout
}

fn json(dir: &Path, arguments: &[&str]) -> Value {
    let mut arguments = arguments.to_vec();
    arguments.extend(["--format", "json"]);
    serde_json::from_str(&done(dir, &arguments)).expect("JSON")
}

/// Runs it and returns the message of a refusal.
fn refused(dir: &Path, arguments: &[&str]) -> String {
    let ended = memory(dir, arguments);
    assert_eq!(
        ended.code, 2,
        "{arguments:?}: {}{}",
        ended.stdout, ended.stderr
    );
    assert!(ended.stdout.is_empty(), "{}", ended.stdout);
    assert_eq!(ended.stderr.trim().lines().count(), 1, "{}", ended.stderr);
    ended.stderr
}

#[test]
fn a_memory_is_kept_from_command_to_command() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("memory");
    let added = done(
        &dir,
        &[
            "add",
            "My backend is written in Rust and runs on Axum.",
            "--user",
            "ann",
            "--meta",
            "category=backend",
            "--at",
            "2024-03-01T09:30",
        ],
    );
    assert!(added.starts_with("ADD         m0"), "{added}");
    done(
        &dir,
        &[
            "add",
            "I prefer tea in the morning.",
            "--user",
            "ann",
            "--agent",
            "cook",
        ],
    );
    done(
        &dir,
        &["add", "--verbatim", "Hi!", "--user", "bob", "--run", "r1"],
    );

    let found = json(&dir, &["search", "backend in Rust", "--user", "ann"]);
    assert_eq!(found["schema_version"], 1);
    assert_eq!(found["found"].as_array().expect("found").len(), 2);
    assert_eq!(found["found"][0]["record"]["id"], 0);
    assert_eq!(
        found["found"][0]["record"]["created_at"],
        "2024-03-01T09:30:00"
    );
    assert!(found["found"][0]["score"].is_number());
    let text = done(
        &dir,
        &["search", "backend in Rust", "--user", "ann", "-n", "1"],
    );
    assert!(
        text.contains("m0") && text.contains("user=ann category=backend"),
        "{text}"
    );
    assert!(!text.contains("tea"), "{text}");
    let narrowed = json(&dir, &["search", "Rust", "--meta", "category=backend"]);
    assert_eq!(narrowed["found"].as_array().expect("found").len(), 1);
    assert_eq!(
        done(&dir, &["search", "Rust", "--user", "eve"]).trim(),
        "nothing"
    );

    let listed = |arguments: &[&str]| -> Vec<u64> {
        let mut all = vec!["list"];
        all.extend(arguments);
        let listed = json(&dir, &all);
        let memories = listed["memories"].as_array().expect("memories");
        memories
            .iter()
            .filter_map(|memory| memory["id"].as_u64())
            .collect()
    };
    assert_eq!(listed(&[]), [0, 1, 2]);
    assert_eq!(listed(&["--user", "ann", "--agent", "cook"]), [1]);
    assert_eq!(listed(&["--user", "bob", "--run", "r1"]), [2]);
    assert_eq!(listed(&["--run", "r2"]), [0; 0]);
    assert_eq!(listed(&["--limit", "1"]), [0]);

    done(&dir, &["update", "m0", "The backend is written in Go."]);
    let shown = done(&dir, &["get", "m0"]);
    assert!(
        shown.starts_with("m0: The backend is written in Go."),
        "{shown}"
    );
    assert!(shown.contains("D1:1 (replaced)"), "{shown}");
    assert_eq!(
        json(&dir, &["get", "0"])["memory"]["metadata"]["category"],
        "backend"
    );
    done(&dir, &["delete", "m0"]);
    let history = json(&dir, &["history", "m0"]);
    let ops: Vec<&str> = history["events"]
        .as_array()
        .expect("events")
        .iter()
        .filter_map(|event| event["op"].as_str())
        .collect();
    assert_eq!(ops, ["add", "update", "delete"]);
    let history = done(&dir, &["history", "m0"]);
    assert!(
        history.starts_with("2024-03-01T09:30:00  ADD "),
        "{history}"
    );
    assert!(
        history.contains(" -> The backend is written in Go."),
        "{history}"
    );

    let recent = done(&dir, &["recent", "--user", "bob", "--run", "r1"]);
    assert!(recent.trim_end().ends_with("User: Hi!"), "{recent}");
    let gone = done(&dir, &["delete", "--all", "--user", "ann"]);
    assert!(gone.starts_with("DELETE      m1"), "{gone}");
    assert_eq!(listed(&[]), [2]);
    let message = refused(&dir, &["reset"]);
    assert!(message.contains("say --yes"), "{message}");
    done(&dir, &["reset", "--yes"]);
    assert_eq!(done(&dir, &["list"]).trim(), "nothing");
}

#[test]
fn messages_come_from_a_file_or_standard_input() {
    use std::io::Write as _;
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("memory");
    let config = folder.path().join("memory.toml");
    std::fs::write(&config, "recent = 2\nsystem = { kind = \"turns\" }\n").expect("a config");
    let file = folder.path().join("messages.json");
    let messages = r#"[{"role": "user", "content": "Do you row?", "name": "Tom"},
        {"role": "assistant", "content": "I am a program."},
        {"role": "user", "content": "A pity."}]"#;
    std::fs::write(&file, messages).expect("messages");
    let file = file.to_str().expect("a path");
    let config = config.to_str().expect("a path");
    let arguments = [
        "add",
        "--messages",
        file,
        "--user",
        "tom",
        "--config",
        config,
    ];
    assert_eq!(done(&dir, &arguments).lines().count(), 3);
    assert_eq!(done(&dir, &["recent", "--user", "tom"]).lines().count(), 2);

    let mut child = memgauge()
        .args([
            "memory",
            "add",
            "--messages",
            "-",
            "--user",
            "tom",
            "--store",
        ])
        .arg(&dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("memgauge starts");
    let mut input = child.stdin.take().expect("its input");
    input.write_all(messages.as_bytes()).expect("a reader");
    drop(input);
    let output = child.wait_with_output().expect("memgauge ends");
    assert!(output.status.success());
    // The system is the one that the memory was made with.
    assert!(String::from_utf8_lossy(&output.stdout).contains("m3     Tom: Do you row?"));
}

#[test]
fn mistakes_end_with_one_clear_message() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("memory");
    for command in [
        &["list"][..],
        &["search", "tea"],
        &["history", "m0"],
        &["update", "m0", "tea"],
        &["reset", "--yes"],
    ] {
        let message = refused(&dir, command);
        assert!(message.contains("no memory at `"), "{message}");
        assert!(!dir.exists());
    }
    let message = refused(&dir, &["add", "tea"]);
    assert!(
        message.contains("at least one of user, agent and run"),
        "{message}"
    );
    assert!(!dir.exists());

    done(&dir, &["add", "I drink green tea.", "--user", "ann"]);
    for command in [
        &["get", "m7"][..],
        &["history", "7"],
        &["delete", "m7"],
        &["update", "m7", "x"],
    ] {
        let message = refused(&dir, command);
        assert!(message.contains("no memory m7"), "{message}");
    }
    done(&dir, &["delete", "m0"]);
    let message = refused(&dir, &["get", "m0"]);
    assert!(message.contains("m0 was deleted"), "{message}");
    let message = refused(&dir, &["delete", "--all"]);
    assert!(message.contains("`reset` deletes everything"), "{message}");
    let message = refused(&dir, &["search", " "]);
    assert!(message.contains("the query is empty"), "{message}");
    assert_eq!(memory(&dir, &["get", "seven"]).code, 2);
    assert_eq!(memory(&dir, &["list", "--meta", "colour"]).code, 2);

    std::fs::write(folder.path().join("notes.txt"), "mine").expect("a file");
    let message = refused(folder.path(), &["list"]);
    assert!(
        message.contains("the folder holds other things"),
        "{message}"
    );
    let broken = folder.path().join("broken");
    std::fs::create_dir(&broken).expect("a folder");
    std::fs::write(broken.join("data.mdb"), "no store").expect("a file");
    let message = refused(&broken, &["list"]);
    assert!(message.contains("is not a readable store"), "{message}");
    let config = folder.path().join("memory.toml");
    std::fs::write(&config, "[system]\nkind = \"tunrs\"\n").expect("a config");
    let config = config.to_str().expect("a path");
    let message = refused(&dir, &["search", "tea", "--config", config]);
    assert!(
        message.contains("memory.toml:2: `system.kind`"),
        "{message}"
    );
}

#[test]
fn a_second_process_is_told_that_the_memory_is_in_use() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("memory");
    done(&dir, &["add", "I drink green tea.", "--user", "ann"]);
    // Another process has it open for as long as this one holds the lock.
    let lock = std::fs::File::open(dir.join("store/lock")).expect("the lock");
    lock.lock().expect("a free lock");
    for command in [
        &["list"][..],
        &["add", "More.", "--user", "ann"],
        &["delete", "m0"],
    ] {
        let message = refused(&dir, command);
        assert!(message.contains("another process has it open"), "{message}");
        assert!(message.contains(&dir.display().to_string()), "{message}");
    }
    drop(lock);
    assert!(done(&dir, &["list"]).contains("green tea"));
}

#[test]
fn a_store_that_a_run_kept_can_be_looked_at() {
    let folder = tempfile::tempdir().expect("a folder");
    let ended = end(memgauge()
        .args([
            "run",
            "experiments/quickstart.toml",
            "--limit",
            "1",
            "--quiet",
        ])
        .args(["--conversations", "sample-1", "--set", "record.stores=true"])
        .args(["--set", "controls.swapped=[]"])
        .arg("--out")
        .arg(folder.path()));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let run = crate::only_run(folder.path());
    let stores: Vec<_> = walk(&run)
        .into_iter()
        .filter(|path| path.ends_with("data.mdb") && path.to_string_lossy().contains("mem0-rules"))
        .collect();
    let store = stores
        .first()
        .and_then(|file| file.parent())
        .expect("a store");
    for dir in [store, store.parent().expect("its system")] {
        let listed = json(dir, &["list", "--user", "sample-1"]);
        assert!(listed["memories"].as_array().expect("memories").len() > 10);
    }
}

/// Every file under `folder`.
fn walk(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(walk(&path));
        } else {
            files.push(path);
        }
    }
    files
}
