use super::*;
use crate::config::Controls;

const GOOD: &str = r#"
name = "test"
dataset = { kind = "sample" }

[[variant]]
name = "turns"
system = { kind = "turns", retriever = { kind = "hybrid", k = 10 } }

[[variant]]
name = "none"
system = { kind = "no-memory" }
"#;

fn load(text: &str, overrides: &[&str]) -> Result<ConfigFile, Vec<String>> {
    let overrides: Vec<String> = overrides.iter().map(|each| (*each).to_owned()).collect();
    let choices = Choices {
        overrides,
        ..Choices::default()
    };
    ConfigFile::parse(Path::new("x.toml"), text, &choices).map_err(|error| {
        error
            .to_string()
            .lines()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    })
}

#[test]
fn a_sound_file_is_read_with_defaults() {
    let file = load(GOOD, &[]).unwrap();
    assert_eq!(file.config.variant.len(), 2);
    assert_eq!(file.config.measure.warm_up, 5);
    assert_eq!(file.config.controls, Controls::default());
}

#[test]
fn every_mistake_is_reported_with_its_line() {
    let text = GOOD
        .replace("retriever", "retreiver")
        .replace("\"no-memory\"", "\"no-memry\"")
        .replace("kind = \"sample\"", "kind = \"sampel\"");
    let errors = load(&text, &[]).unwrap_err();
    assert_eq!(errors.len(), 3, "{errors:?}");
    assert!(
        errors[0].starts_with(
            "x.toml:3: `dataset.kind`: unknown value `sampel`, did you mean `sample`?"
        ),
        "{errors:?}"
    );
    assert!(errors[1].starts_with("x.toml:7: `variant[0].system.retreiver`: unknown key `retreiver`, did you mean `retriever`?"), "{errors:?}");
    assert!(errors[2].starts_with("x.toml:11: `variant[1].system.kind`: unknown kind `no-memry`, did you mean `no-memory`?"), "{errors:?}");
}

#[test]
fn k_of_zero_is_refused() {
    let errors = load(&GOOD.replace("k = 10", "k = 0"), &[]).unwrap_err();
    assert_eq!(
        errors,
        ["x.toml:7: `variant[0].system.retriever.k`: must be at least 1, found 0"]
    );
}

#[test]
fn overrides_reach_by_index_and_by_name() {
    let file = load(
        GOOD,
        &[
            "variant[turns].system.retriever.k=7",
            "seed = 3",
            "name=other",
        ],
    )
    .unwrap();
    assert_eq!(file.config.seed, 3);
    assert_eq!(file.config.name, "other");
    assert_eq!(
        file.written.pointer("/variant/0/system/retriever/k"),
        Some(&Value::from(7))
    );
    let errors = load(GOOD, &["variant[0].system.retriever.k=x"]).unwrap_err();
    assert_eq!(
        errors,
        [
            "--set variant[0].system.retriever.k: `variant[0].system.retriever.k`: expected an integer, found \"x\""
        ]
    );
    let errors = load(GOOD, &["variant[trns].name=x"]).unwrap_err();
    assert!(errors[0].contains("(known: turns, none)"), "{errors:?}");
}

#[test]
fn dangling_references_and_doubled_names_are_refused() {
    let text = GOOD
        .replace("name = \"none\"", "name = \"turns\"")
        .replace("[[variant]]\nname = \"turns\"\nsystem = { kind = \"turns\"", "[controls]\nswapped = [\"tuns\"]\n[[variant]]\nname = \"turns\"\nsystem = { kind = \"turns\"");
    let errors = load(&text, &[]).unwrap_err();
    assert_eq!(errors.len(), 2, "{errors:?}");
    assert!(
        errors[0].contains("`turns` is the name of variant[0] already"),
        "{errors:?}"
    );
    assert!(
        errors[1].contains("no variant is named `tuns`, did you mean `turns`?"),
        "{errors:?}"
    );
}

#[test]
fn broken_toml_names_its_line() {
    let errors = load("name = \"a\"\ndataset = {", &[]).unwrap_err();
    assert!(errors[0].starts_with("x.toml:2: "), "{errors:?}");
}
