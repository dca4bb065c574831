//! Where replies of models come from: recorded, replayed, cached, and looked at.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use crate::{Ended, bytes, end, memgauge, only_run};

const FILES: [&str; 3] = ["records.jsonl", "ingest.jsonl", "contexts.jsonl"];

/// A config whose embeddings go through the exchange as those of a model behind an API do.
fn config(folder: &Path) -> PathBuf {
    let path = folder.join("fake.toml");
    std::fs::write(
        &path,
        r#"
name = "fake"
dataset = { kind = "sample" }
record = { stores = true }
answerer = { kind = "llm", model = "chat" }

[models.chat]
kind = "fake"

[models.vectors]
kind = "fake-embeddings"
dimensions = 64

[[variant]]
name = "turns"
system = { kind = "turns", embedder = "vectors", retriever = { kind = "hybrid", k = 10 } }
"#,
    )
    .expect("a config");
    path
}

fn run(config: &Path, out: &Path, more: &[&str]) -> Ended {
    end(memgauge()
        .args(["run", "--limit", "3", "--out"])
        .arg(out)
        .args(more)
        .arg(config))
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

fn json(ended: &Ended) -> Value {
    serde_json::from_str(&ended.stdout).expect("JSON")
}

#[test]
fn a_recording_replays_to_the_same_bytes() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = config(folder.path());
    let first = folder.path().join("first");
    let ended = run(&config, &first, &["--traffic", "record"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(
        ended.stderr.contains("traffic record: "),
        "{}",
        ended.stderr
    );
    let first = only_run(&first);
    assert!(!first.join("calls").exists());
    let cassette = first.join("cassette.jsonl.gz");

    // Recorded again, elsewhere: the same cassette.
    let second = folder.path().join("second");
    let other = folder.path().join("kept/other.gz");
    let ended = run(
        &config,
        &second,
        &[
            "--traffic",
            "record",
            "--cassette",
            text(&other),
            "--jobs",
            "1",
        ],
    );
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let second = only_run(&second);
    assert!(!second.join("cassette.jsonl.gz").exists());
    assert!(std::fs::read(&other).expect("a cassette") == bytes(&first, "cassette.jsonl.gz"));

    let third = folder.path().join("third");
    let replay = ["--traffic", "replay", "--cassette", text(&cassette)];
    let ended = run(&config, &third, &replay);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(ended.stderr.contains(" cassette), "), "{}", ended.stderr);
    let third = only_run(&third);
    for file in FILES {
        assert!(bytes(&first, file) == bytes(&second, file), "{file}");
        assert!(bytes(&first, file) == bytes(&third, file), "{file}");
    }
    let manifest: Value = serde_json::from_slice(&bytes(&third, "manifest.json")).expect("JSON");
    assert_eq!(manifest["traffic"]["mode"], "replay");
    assert_eq!(manifest["traffic"]["cassette"], text(&cassette));

    // A run goes on as it began, and with the cassette that it began with.
    let resume = |more: &[&str]| end(memgauge().args(["run", "--resume"]).arg(&third).args(more));
    assert_eq!(resume(&[]).code, 0);
    let ended = resume(&["--traffic", "live"]);
    assert_eq!(ended.code, 2);
    assert!(
        ended.stderr.contains("--traffic replay"),
        "{}",
        ended.stderr
    );
    std::fs::copy(&other, folder.path().join("same.gz")).expect("a copy");
    let same = folder.path().join("same.gz");
    assert_eq!(resume(&["--cassette", text(&same)]).code, 0);
    let cache = folder.path().join("cache");
    let small = folder.path().join("small.gz");
    let ended = end(memgauge().args(["cache", "--cache", text(&cache), "import", text(&other)]));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    for command in [
        &["prune", "--model", "fake-embeddings"][..],
        &["export", text(&small)],
    ] {
        let ended = end(memgauge()
            .args(["cache", "--cache", text(&cache)])
            .args(command));
        assert_eq!(ended.code, 0, "{}", ended.stderr);
    }
    let ended = resume(&["--cassette", text(&small)]);
    assert_eq!(ended.code, 2);
    assert!(
        ended.stderr.contains("not the cassette"),
        "{}",
        ended.stderr
    );

    // A cassette without vectors: the first is missed, by name, and the run stops.
    let fourth = folder.path().join("fourth");
    let replay = ["--traffic", "replay", "--cassette", text(&small)];
    let ended = run(&config, &fourth, &replay);
    assert_eq!(ended.code, 4, "{}", ended.stderr);
    let told = "holds no reply of fake-embeddings/64/v1";
    assert!(ended.stderr.contains(told), "{}", ended.stderr);
}

#[test]
fn traffic_options_that_do_not_fit_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = config(folder.path());
    let out = folder.path().join("runs");
    let there = folder.path().join("there.gz");
    std::fs::write(&there, "paid for").expect("a file");
    for (more, word) in [
        (&["--traffic", "replay"][..], "needs --cassette"),
        (
            &["--traffic", "live", "--cassette", "x.gz"],
            "record or replay",
        ),
        (
            &["--traffic", "replay", "--cassette", "x.gz", "--cache", "c"],
            "--traffic cached",
        ),
        (
            &["--traffic", "replay", "--cassette", "no/such.gz"],
            "no/such.gz",
        ),
        (
            &["--traffic", "replay", "--cassette", text(&there)],
            "there.gz:1: ",
        ),
        (
            &["--traffic", "record", "--cassette", text(&there)],
            "exists already",
        ),
    ] {
        let ended = run(&config, &out, more);
        assert_eq!(ended.code, 2, "{more:?}: {}", ended.stderr);
        assert!(ended.stderr.contains(word), "{word}: {}", ended.stderr);
    }
    assert!(!out.exists(), "nothing was created");
}

#[cfg(unix)]
#[test]
fn a_killed_recording_goes_on_to_the_same_cassette() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = config(folder.path());
    let record = [
        "--traffic",
        "record",
        "--quiet",
        "--set",
        "dataset.limit=40",
    ];
    let whole = folder.path().join("whole");
    let ended = run(&config, &whole, &record);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let whole = only_run(&whole);
    let mut unfinished = 0;
    for delay in [100, 400, 800] {
        let out = folder.path().join(format!("killed-{delay}"));
        let mut child = memgauge()
            .args(["run", "--limit", "3", "--out"])
            .arg(&out)
            .args(record)
            .arg(&config)
            .stdout(std::process::Stdio::null())
            .spawn()
            .expect("memgauge starts");
        for _ in 0..2_000 {
            let begun = std::fs::read_dir(&out)
                .ok()
                .and_then(|mut runs| runs.next());
            let begun = begun.and_then(Result::ok);
            if begun.is_some_and(|run| run.path().join("calls/data.mdb").exists()) {
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::sleep(Duration::from_millis(delay));
        child.kill().expect("a kill");
        child.wait().expect("an end");
        let run = only_run(&out);
        unfinished += usize::from(!run.join("cassette.jsonl.gz").exists());
        let ended = end(memgauge().args(["run", "--quiet", "--resume"]).arg(&run));
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        for file in FILES {
            assert!(bytes(&run, file) == bytes(&whole, file), "{file}");
        }
        assert_eq!(keys(&run), keys(&whole));
        assert!(!run.join("calls").exists());
    }
    assert!(
        unfinished > 0,
        "every run had finished before it was killed"
    );
}

/// What the cassette of a run answers: kinds, keys and vectors, without shares of time and tokens,
/// which follow the batches that were sent.
fn keys(run: &Path) -> Vec<(Value, Value, Value)> {
    memgauge_model::Cassette::read(&run.join("cassette.jsonl.gz"))
        .expect("a cassette")
        .entries()
        .map(|entry| {
            let kept = match &entry.kept {
                memgauge_model::Kept::Vector(vector) => serde_json::json!(vector),
                other => Value::String(format!("{other:?}")),
            };
            (
                serde_json::json!(entry.kind),
                Value::String(entry.key.clone()),
                kept,
            )
        })
        .collect()
}

#[test]
fn a_cache_is_counted_moved_and_pruned() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = config(folder.path());
    let cassette = folder.path().join("recorded.gz");
    let record = ["--traffic", "record", "--cassette", text(&cassette)];
    let ended = run(&config, &folder.path().join("runs"), &record);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let cache = folder.path().join("cache");
    let command = |arguments: &[&str]| {
        end(memgauge()
            .args(["cache", "--cache", text(&cache)])
            .args(arguments))
    };
    let ended = command(&["stats"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(ended.stdout.contains("empty"), "{}", ended.stdout);
    assert!(!cache.exists(), "looking makes no cache");
    let ended = command(&["prune", "--all"]);
    assert_eq!(ended.code, 2);
    assert!(ended.stderr.contains("no cache at"), "{}", ended.stderr);

    let imported = json(&command(&["--json", "import", text(&cassette)]));
    let entries = imported["imported"].as_u64().expect("a number");
    assert!(entries > 100, "{imported}");
    let again = json(&command(&["--json", "import", text(&cassette)]));
    assert_eq!(
        (&again["imported"], &again["present"]),
        (&0.into(), &entries.into())
    );
    let stats = json(&command(&["stats", "--json"]));
    assert_eq!(stats["entries"], entries);
    let group = &stats["groups"][1];
    let chats = stats["groups"][0]["entries"].as_u64().expect("a number");
    let vectors = entries - chats;
    assert_eq!(stats["groups"][0]["kind"], "chat");
    assert_eq!(
        (&group["kind"], &group["entries"]),
        (&"embedding".into(), &vectors.into())
    );
    assert_eq!(group["model"], "fake-embeddings/64/v1");
    assert!(group["bytes"].as_u64() > Some(vectors * 256), "{group}");
    assert!(command(&["stats"]).stdout.contains("fake-embeddings/64/v1"));

    // Out again: the same cassette.
    let exported = folder.path().join("exported.gz");
    let ended = command(&["export", text(&exported)]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let read = |path: &Path| std::fs::read(path).expect("a cassette");
    assert!(read(&exported) == read(&cassette));
    assert_eq!(
        command(&["export", text(&exported)]).code,
        2,
        "written over"
    );

    for (conditions, left) in [
        (&["--older-than", "1"][..], entries),
        (&["--model", "gpt"], entries),
        (
            &["--model", "fake-embeddings", "--older-than", "1"],
            entries,
        ),
        (&["--model", "fake-embeddings"], chats),
        (&["--all"], 0),
    ] {
        let ended = command(&[&["prune"], conditions].concat());
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        let stats = json(&command(&["stats", "--json"]));
        assert_eq!(stats["entries"], left, "{conditions:?}");
    }
    assert_eq!(command(&["prune"]).code, 2, "a prune needs a condition");
    assert_eq!(command(&["prune", "--all", "--model", "x"]).code, 2);
    let broken = folder.path().join("broken.gz");
    std::fs::write(&broken, &read(&cassette)[..100]).expect("a file");
    let ended = command(&["import", text(&broken)]);
    assert_eq!(ended.code, 2);
    assert!(ended.stderr.contains("broken.gz:"), "{}", ended.stderr);
}

#[test]
fn stores_leave_a_run_and_come_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = config(folder.path());
    let (runs, others) = (folder.path().join("runs"), folder.path().join("others"));
    assert_eq!(run(&config, &runs, &[]).code, 0);
    assert_eq!(run(&config, &others, &["--set", "seed=1"]).code, 0);
    let (kept, other) = (only_run(&runs), only_run(&others));
    let away = folder.path().join("away");
    let command = |arguments: &[&str]| end(memgauge().arg("cache").args(arguments));
    let ended = command(&["export", "--stores", text(&kept), text(&away)]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let names = |root: &Path| {
        let mut names = Vec::new();
        let mut open = vec![root.to_owned()];
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    open.push(path);
                } else {
                    names.push(path.strip_prefix(root).expect("below").to_owned());
                }
            }
        }
        names.sort();
        names
    };
    let before = names(&kept.join("stores"));
    assert!(!before.is_empty());
    assert_eq!(names(&away.join("stores")), before);
    let ended = command(&["import", "--stores", text(&kept), text(&away)]);
    assert_eq!(ended.code, 2, "written over");
    std::fs::remove_dir_all(kept.join("stores")).expect("removed");
    let ended = command(&["import", "--stores", text(&other), text(&away)]);
    assert_eq!(ended.code, 2);
    assert!(
        ended.stderr.contains("another experiment"),
        "{}",
        ended.stderr
    );
    let ended = command(&["import", "--stores", text(&kept), text(&away)]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(names(&kept.join("stores")), before);

    // The run takes them as its own: nothing is ingested again.
    std::fs::remove_file(kept.join("records.jsonl")).expect("removed");
    let ingested = bytes(&kept, "ingest.jsonl");
    let made = |run: &Path| {
        let data = before.iter().find(|file| file.ends_with("data.mdb"));
        let file = run.join("stores").join(data.expect("a store"));
        std::fs::metadata(file)
            .expect("a store")
            .modified()
            .expect("a time")
    };
    let time = made(&kept);
    let ended = end(memgauge().args(["run", "--quiet", "--resume"]).arg(&kept));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(bytes(&kept, "ingest.jsonl") == ingested);
    assert_eq!(made(&kept), time);

    // A file that changed on the way is found before anything is written.
    std::fs::remove_dir_all(kept.join("stores")).expect("removed");
    std::fs::write(away.join("stores").join(&before[0]), "x").expect("written");
    let ended = command(&["import", "--stores", text(&kept), text(&away)]);
    assert_eq!(ended.code, 2);
    assert!(ended.stderr.contains("damaged"), "{}", ended.stderr);
    assert!(!kept.join("stores").exists());
}

#[test]
fn the_doctor_looks_at_every_model() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = config(folder.path());
    let ended = end(memgauge().arg("doctor").arg(&path));
    assert_eq!(ended.code, 0, "{}\n{}", ended.stdout, ended.stderr);
    for word in [
        "chat",
        "vectors",
        "64, norm 1.000",
        "yes",
        "counted",
        "every model can be used",
    ] {
        assert!(ended.stdout.contains(word), "{word}\n{}", ended.stdout);
    }
    let found = json(&end(memgauge()
        .args(["doctor", "--format", "json"])
        .arg(&path)));
    assert_eq!(found["well"], true);
    assert_eq!(found["models"][0]["structured"], true);
    assert_eq!(found["models"][1]["dimensions"], 64);

    // What is computed here is looked at too, and what is missing is named.
    let ended = end(memgauge().args([
        "doctor",
        "experiments/quickstart.toml",
        "--set",
        "models.far={kind=\"minilm\",path=\"no/such/folder\"}",
        "--format",
        "json",
    ]));
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    let found = json(&ended);
    let models = found["models"].as_array().expect("models");
    let of = |name: &str| {
        models
            .iter()
            .find(|model| model["name"] == name)
            .expect("a model")
    };
    assert_eq!(
        (&of("static")["well"], &of("static")["dimensions"]),
        (&true.into(), &256.into())
    );
    assert_eq!(of("far")["well"], false);
    let problem = of("far")["problem"].as_str().expect("a problem");
    assert!(problem.contains("no/such/folder"), "{problem}");
}

#[test]
fn a_script_is_checked_before_anything_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = config(folder.path());
    let script = folder.path().join("script.toml");
    std::fs::write(
        &script,
        "[[rule]]\nreply = \"refused\"\nerror = \"quota\"\n",
    )
    .expect("a file");
    let set = format!("models.chat.script={:?}", text(&script));
    let ended = end(memgauge().arg("doctor").arg(&path).args(["--set", &set]));
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    assert!(ended.stdout.contains("rule 1"), "{}", ended.stdout);
    std::fs::write(
        &script,
        "[[rule]]\nerror = \"quota\"\nmessage = \"no money\"\n",
    )
    .expect("a file");
    let ended = end(memgauge().arg("doctor").arg(&path).args(["--set", &set]));
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    assert!(ended.stdout.contains("no money"), "{}", ended.stdout);
}
