//! Generated documents are as generated.

use std::path::{Path, PathBuf};

use crate::{end, memgauge, root};

#[test]
fn the_config_reference_is_up_to_date() {
    let ended = end(memgauge().args(["components", "--format", "markdown"]));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let written = std::fs::read_to_string(root().join("docs/CONFIG.md")).expect("docs/CONFIG.md");
    assert!(
        written == ended.stdout,
        "docs/CONFIG.md is out of date: memgauge components --format markdown > docs/CONFIG.md"
    );
}

#[test]
fn the_schema_for_editors_is_up_to_date() {
    let ended = end(memgauge().args(["config", "schema"]));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let written = std::fs::read_to_string(root().join("docs/config.schema.json"));
    assert!(
        written.expect("docs/config.schema.json") == ended.stdout,
        "docs/config.schema.json is out of date: memgauge config schema > docs/config.schema.json"
    );
}

/// Every config file of `folder` and of the folders in it.
fn config_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("experiments") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            config_files(&path, files);
        } else if path.extension().is_some_and(|name| name == "toml") {
            files.push(path);
        }
    }
    files.sort();
}

#[test]
fn every_experiment_is_sound() {
    let mut files = Vec::new();
    config_files(&root().join("experiments"), &mut files);
    assert!(files.len() >= 9, "{files:?}");
    let sample = root().join("datasets/sample/sample.json");
    for path in files {
        let shown = path.display();
        let ended = end(memgauge().args(["config", "show", "--resolved"]).arg(&path));
        assert_eq!(ended.code, 0, "{shown}: {}", ended.stderr);
        // What is printed is a config again, and means the same.
        let folder = tempfile::tempdir().expect("a folder");
        let copy = folder.path().join("copy.toml");
        std::fs::write(&copy, &ended.stdout).expect("a copy");
        let again = end(memgauge().args(["config", "show", "--resolved"]).arg(&copy));
        assert_eq!(again.stdout, ended.stdout, "{shown}");
        // Every part of it can be built, without a key and without LOCOMO.
        let mut command = memgauge();
        command.arg("plan").arg(&path).arg("--dataset").arg(&sample);
        let ended = end(command.args(["--quiet", "--conversations", "sample-1"]));
        assert_eq!(ended.code, 0, "{shown}: {}", ended.stderr);
        assert!(ended.stdout.contains("chat calls"), "{shown}");
    }
}

#[test]
fn differences_from_a_protocol_are_told_with_what_it_does_otherwise() {
    let file = root().join("experiments/mem0-vs-mem0g.toml");
    let diff = |protocol: &str, format: &str| {
        let mut command = memgauge();
        command.args(["config", "show", "--diff", protocol, "--format", format]);
        command.args(["--set", "variant[mem0].system.retriever.k=10"]);
        end(command.arg(&file))
    };
    let ended = diff("mem0-eval", "json");
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let found: serde_json::Value = serde_json::from_str(&ended.stdout).expect("JSON");
    let variant = |name: &str| {
        let variants = found["variants"].as_array().expect("variants").iter();
        let mut named = variants.filter(|variant| variant["variant"] == name);
        named.next().expect(name)["differences"].clone()
    };
    let changed = serde_json::json!([{"key": "retriever.k", "preset": 30, "file": 10}]);
    assert_eq!(variant("mem0"), changed);
    assert_eq!(variant("mem0g"), serde_json::json!([]));
    assert!(found["deviations"].as_array().expect("a list").len() > 5);
    let ended = diff("mem0-eval", "human");
    assert!(ended.stdout.contains("retriever.k"), "{}", ended.stdout);
    assert!(ended.stdout.contains("mem0g (mem0g): as mem0-eval"));
    assert!(ended.stdout.contains("because"), "{}", ended.stdout);
    let ended = diff("mem0-evil", "human");
    assert_eq!(ended.code, 2);
    assert!(
        ended.stderr.contains("did you mean `mem0-eval`?"),
        "{}",
        ended.stderr
    );
    assert!(ended.stderr.contains("mem0-oss-2"), "{}", ended.stderr);
}

#[test]
fn every_example_of_a_model_block_can_be_built() {
    let document = include_str!("../../src/commands/models.md");
    let mut providers = std::collections::BTreeSet::new();
    for block in document.split("```toml\n").skip(1) {
        let block = block.split("```").next().expect("a block ends");
        let table: toml::Table = block.parse().expect(block);
        let models = table["models"].as_table().expect("[models.NAME]");
        for (name, model) in models {
            let json = serde_json::to_value(model).expect("JSON");
            let config: memgauge_model::ModelConfig =
                serde_json::from_value(json).unwrap_or_else(|error| panic!("{name}: {error}"));
            if let Err(error) = config.build(&NoParts) {
                panic!("{name}: {error}\n{block}");
            }
            let provider = model.get("provider").and_then(toml::Value::as_str);
            providers.insert(provider.unwrap_or("openai").to_owned());
        }
    }
    let known = [
        "anthropic",
        "e5",
        "llama-cpp",
        "ollama",
        "openai",
        "openrouter",
        "vllm",
    ];
    assert!(providers.iter().eq(known.iter()), "{providers:?}");
}

/// Models behind an API ask for their key, and do without when they are built.
struct NoParts;

impl memgauge_core::Parts for NoParts {
    fn embedder(
        &self,
        name: &str,
    ) -> Result<memgauge_core::EmbedderHandle, memgauge_core::BuildError> {
        Err(memgauge_core::BuildError::new(name))
    }

    fn tokenizer(
        &self,
        name: &str,
    ) -> Result<std::sync::Arc<dyn memgauge_core::Tokenizer>, memgauge_core::BuildError> {
        Err(memgauge_core::BuildError::new(name))
    }

    fn folder(&self) -> &std::path::Path {
        std::path::Path::new("")
    }
}
