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

/// Something wrong with every part of a config.
const HOSTILE: &str = r#"
name = "test"
dataset = { kind = "sampel" }
sed = 3
answerer = { kind = "llm", model = "chatt" }
controls = { swapped = ["trns"] }
[models.chat]
kind = "fake"

[[variant]]
name = "turns"
system = { kind = "turns", retreiver = { kind = "hybrid", k = 5 } }

[[variant]]
name = "a/b"
system = { kind = "turns", retriever = { kind = "dense", k = "five" } }

[[variant]]
name = "dense"
system = { kind = "turns", embedder = "sttic" }

[[variant]]
name = "dense"
answerer = { kind = "system" }
system = { kind = "turns" }

[[sweep]]
variant = "dense"
[sweep.axes]
"system.retriever.kk" = [1, 2]
"system.fusion.kind" = ["rff"]

[[sweep]]
variant = "dens"
[sweep.axes]
"system.retriever.k" = []

[profile.ci]
inherits = "cj"

[profile.nightly]
datset = { limit = 2 }
"#;

#[test]
fn all_mistakes_are_told_at_once() {
    let arguments = [
        "--profile",
        "nightli",
        "--set",
        "variant[9].name=x",
        "--set",
        "jobs=many",
        "--set",
        "variant[3].system.store.vectors.kind=aroy",
        "--only",
        "variant=zzz* category=temprl foo=1",
    ];
    let expected = [
        "test.toml:3: `dataset.kind`: unknown value `sampel`, did you mean `sample`?",
        "test.toml:4: `sed`: unknown key `sed`, did you mean `seed`?",
        "test.toml:5: `answerer.model`: unknown model `chatt`, did you mean `chat`?",
        "test.toml:6: `controls.swapped[0]`: no variant is named `trns`, did you mean `turns`?",
        "test.toml:12: `variant[0].system.retreiver`: unknown key",
        "test.toml:15: `variant[1].name`: `a/b` is not a name",
        "test.toml:16: `variant[1].system.retriever.k`: expected an integer, found \"five\"",
        "test.toml:20: `variant[2].system.embedder`: unknown model `sttic`, did you mean `static`?",
        "test.toml:23: `variant[3].name`: `dense` is the name of variant[2] already",
        "test.toml:24: `variant[3].answerer`: `system` needs a system that answers",
        "test.toml:30: `sweep[0].axes.system.retriever.kk[0]`: `system.retriever.kk`: unknown key",
        "test.toml:31: `sweep[0].axes.system.fusion.kind[0]`: `system.fusion.kind`: unknown kind `rff`, did you mean `rrf`?",
        "test.toml:34: `sweep[1].variant`: unknown variant `dens`, did you mean `dense`?",
        "test.toml:39: `profile.ci.inherits`: unknown profile `cj`, did you mean `ci`?",
        "test.toml:42: `datset`: unknown key `datset`, did you mean `dataset`?",
        "--profile: unknown profile `nightli`, did you mean `nightly`?",
        "--set variant[9].name=x: `variant` has 4 item(s), no item 9",
        "--set jobs: `jobs`: expected an integer, found \"many\"",
        "--set variant[3].system.store.vectors.kind: ",
        "--only: unknown category `temprl`, did you mean `temporal`?",
        "--only: unknown key `foo` (known: variant, category, conversation)",
    ];
    let message = refused(HOSTILE, &arguments);
    for part in expected {
        assert!(message.contains(part), "{part}\n{message}");
    }
    // Nothing but these: no mistake of ours follows from them.
    assert_eq!(
        message.trim_end().lines().count(),
        expected.len(),
        "{message}"
    );
}

#[test]
fn a_part_that_keeps_nothing_is_told_by_its_pattern() {
    let message = refused(SOUND, &["--only", "variant=turns variant=zzz*"]);
    let told = "--only: variant=zzz* keeps nothing (there is: turns)";
    assert!(message.contains(told), "{message}");
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
