//! Bad input: one clear message, exit code 2, nothing created.

use std::path::Path;

use crate::{end, memgauge};

const SOUND: &str = r#"
name = "test"
dataset = { kind = "sample" }

[[variant]]
name = "turns"
system = { kind = "turns", retriever = { kind = "hybrid", k = 5 } }
"#;

/// Runs `config` and returns the message of a refusal that created nothing.
fn refused(config: &str, arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("test.toml");
    std::fs::write(&file, config).expect("a config");
    let out = folder.path().join("runs");
    let ended = end(memgauge()
        .arg("run")
        .arg(&file)
        .arg("--out")
        .arg(&out)
        .args(arguments));
    assert_eq!(ended.code, 2, "{}\n{}", ended.stdout, ended.stderr);
    assert!(!out.exists(), "something was created");
    assert!(ended.stdout.is_empty(), "{}", ended.stdout);
    ended.stderr
}

#[test]
fn mistakes_in_the_config_are_named_with_line_and_remedy() {
    let cases = [
        (
            SOUND.replace("\"turns\", retriever", "\"truns\", retriever"),
            "test.toml:7: `variant[0].system.kind`: unknown kind `truns`, did you mean `turns`?",
        ),
        (
            SOUND.replace("retriever =", "retreiver ="),
            "test.toml:7: `variant[0].system.retreiver`: unknown key `retreiver`, did you mean `retriever`?",
        ),
        (
            SOUND.replace("k = 5", "k = \"five\""),
            "test.toml:7: `variant[0].system.retriever.k`: expected an integer, found \"five\"",
        ),
        (
            SOUND.replace("k = 5", "k = 0"),
            "test.toml:7: `variant[0].system.retriever.k`: must be at least 1, found 0",
        ),
        (
            SOUND.replace("retriever =", "embedder = \"sttic\", retriever ="),
            "unknown model `sttic`, did you mean `static`?",
        ),
        (
            SOUND.replace("name = \"turns\"", "name = \"../turns\""),
            "`../turns` is not a name",
        ),
        (SOUND.replace("dataset =", "dataset"), "test.toml:3: "),
    ];
    for (config, expected) in cases {
        let message = refused(&config, &[]);
        assert!(message.contains(expected), "{expected}\n{message}");
        assert!(!message.contains("panicked"), "{message}");
    }
}

#[test]
fn selections_must_exist() {
    let message = refused(SOUND, &["--conversations", "sample-9"]);
    assert!(
        message.contains("unknown conversation `sample-9`"),
        "{message}"
    );
    let message = refused(SOUND, &["--categories", "6"]);
    assert!(
        message.contains("categories are 1 to 5, found 6"),
        "{message}"
    );
    let message = refused(SOUND, &["--set", "variant[x].name=y"]);
    assert!(message.contains("(known: turns)"), "{message}");
}

#[test]
fn datasets_must_exist_and_be_sound() {
    let message = refused(SOUND, &["--dataset", "no/such.json"]);
    assert!(message.contains("no/such.json"), "{message}");
    let folder = tempfile::tempdir().expect("a folder");
    let broken = |name: &str, change: &dyn Fn(String) -> String| {
        let sample = crate::root().join("datasets/sample/sample.json");
        let text = std::fs::read_to_string(sample).expect("the sample");
        let path = folder.path().join(name);
        std::fs::write(&path, change(text)).expect("a copy");
        refused(SOUND, &["--dataset", path.to_str().expect("UTF-8")])
    };
    let cut = broken("cut.json", &|text| text.chars().take(5_000).collect());
    assert!(cut.contains("cut.json") && cut.contains("line"), "{cut}");
    let doubled = broken("doubled.json", &|text| {
        text.replacen("\"dia_id\": \"D1:2\"", "\"dia_id\": \"D1:1\"", 1)
    });
    assert!(
        doubled.contains("D1:1") && doubled.contains("sample-1"),
        "{doubled}"
    );
}

#[test]
fn a_missing_locomo_says_where_it_was_looked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("test.toml");
    std::fs::write(&file, SOUND.replace("\"sample\"", "\"locomo\"")).expect("a config");
    let ended = end(memgauge()
        .current_dir(folder.path())
        .env("MEMGAUGE_DATA", folder.path())
        .args(["run", "test.toml"]));
    assert_eq!(ended.code, 2, "{}", ended.stderr);
    assert!(ended.stderr.contains("locomo10.json"), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("memgauge dataset fetch locomo"),
        "{}",
        ended.stderr
    );
    assert_eq!(
        std::fs::read_dir(folder.path())
            .expect("the folder")
            .count(),
        1
    );
}

#[test]
fn a_folder_that_cannot_be_written_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("test.toml");
    std::fs::write(&file, SOUND).expect("a config");
    // A file in the place of the folder: refused for every user, root included.
    let out = file.join("runs");
    let ended = end(memgauge().arg("run").arg(&file).arg("--out").arg(&out));
    assert_eq!(ended.code, 2, "{}", ended.stderr);
    assert!(ended.stderr.contains("test.toml"), "{}", ended.stderr);
}

#[test]
fn what_is_no_run_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    for command in [&["show"][..], &["run", "--resume"]] {
        let ended = end(memgauge().args(command).arg(folder.path()));
        assert_eq!(ended.code, 2, "{}", ended.stderr);
        assert!(
            ended.stderr.contains("not a run directory"),
            "{}",
            ended.stderr
        );
    }
    assert!(Path::new(folder.path()).exists());
}

#[test]
fn fetching_without_network_says_so_and_where_the_file_belongs() {
    let folder = tempfile::tempdir().expect("a folder");
    let to = folder.path().join("locomo10.json");
    // A proxy that nobody serves stands for a machine without network.
    let ended = end(memgauge()
        .env("HTTPS_PROXY", "http://127.0.0.1:9")
        .args(["dataset", "fetch", "locomo", "--to"])
        .arg(&to));
    assert_eq!(ended.code, 4, "{}", ended.stderr);
    assert!(ended.stderr.contains("locomo10.json"), "{}", ended.stderr);
    assert!(ended.stderr.contains("CC BY-NC 4.0"), "{}", ended.stderr);
    assert!(!to.exists());
}

#[test]
fn names_in_a_dataset_reach_no_path() {
    let folder = tempfile::tempdir().expect("a folder");
    let victim = folder.path().join("victim");
    std::fs::create_dir(&victim).expect("a folder");
    std::fs::write(victim.join("kept"), "kept").expect("a file");
    let sample = std::fs::read_to_string(crate::root().join("datasets/sample/sample.json"))
        .expect("the sample");
    let absolute = victim.to_str().expect("UTF-8");
    let dataset = folder.path().join("hostile.json");
    let text = sample
        .replace("\"sample-1\"", &format!("{absolute:?}"))
        .replace("\"sample-2\"", "\"../../../victim\"")
        .replace("\"sample-3\"", "\"a/b\"");
    std::fs::write(&dataset, text).expect("a dataset");
    let file = folder.path().join("test.toml");
    std::fs::write(&file, SOUND).expect("a config");
    let ended = end(memgauge()
        .args(["run", "--quiet", "--limit", "3", "--dataset"])
        .arg(&dataset)
        .arg(&file)
        .arg("--out")
        .arg(folder.path().join("runs")));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(victim.join("kept").exists());
    assert_eq!(std::fs::read_dir(&victim).expect("the folder").count(), 1);
}
