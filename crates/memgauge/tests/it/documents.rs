//! Generated documents are as generated.

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
fn every_experiment_is_sound() {
    let mut files = 0;
    for entry in std::fs::read_dir(root().join("experiments")).expect("experiments") {
        let path = entry.expect("an entry").path();
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            let ended = end(memgauge().args(["config", "show", "--resolved"]).arg(&path));
            assert_eq!(ended.code, 0, "{}: {}", path.display(), ended.stderr);
            // What is printed is a config again, and means the same.
            let folder = tempfile::tempdir().expect("a folder");
            let copy = folder.path().join("copy.toml");
            std::fs::write(&copy, &ended.stdout).expect("a copy");
            let again = end(memgauge().args(["config", "show", "--resolved"]).arg(&copy));
            assert_eq!(again.stdout, ended.stdout);
            files += 1;
        }
    }
    assert!(files >= 2, "{files}");
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
