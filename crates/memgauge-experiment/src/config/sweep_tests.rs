use std::path::Path;

use super::super::{Choices, ConfigFile};

const HEAD: &str = r#"
name = "test"
dataset = { kind = "sample" }

[models.chat]
kind = "fake"

[[variant]]
name = "hybrid"
system = { kind = "turns", retriever = { kind = "hybrid", k = 10 } }

[[variant]]
name = "none"
system = { kind = "no-memory" }
"#;

fn load(sweep: &str) -> Result<ConfigFile, String> {
    load_with(sweep, &Choices::default())
}

fn load_with(sweep: &str, choices: &Choices) -> Result<ConfigFile, String> {
    ConfigFile::parse(Path::new("x.toml"), &format!("{HEAD}{sweep}"), choices)
        .map_err(|error| error.to_string())
}

fn names(file: &ConfigFile) -> Vec<&str> {
    file.config
        .variant
        .iter()
        .map(|variant| variant.name.as_str())
        .collect()
}

#[test]
fn a_grid_takes_the_place_of_its_base() {
    let file = load(
        r#"
[[sweep]]
variant = "hybrid"
[sweep.axes]
"system.retriever.k" = [5, 10]
"system.fusion.kind" = ["rrf", "weighted"]
"#,
    )
    .unwrap();
    assert_eq!(
        names(&file),
        [
            "hybrid,fusion=rrf,k=5",
            "hybrid,fusion=rrf,k=10",
            "hybrid,fusion=weighted,k=5",
            "hybrid,fusion=weighted,k=10",
            "none"
        ]
    );
    let cell = file.config.variant[0].cell.as_ref().unwrap();
    assert_eq!(cell.base, "hybrid");
    assert_eq!(cell.settings["system.retriever.k"], "5");
    let system = serde_json::to_value(&file.config.variant[0].system).unwrap();
    assert_eq!(system["retriever"]["k"], 5);
    assert_eq!(system["retriever"]["kind"], "hybrid");
    assert_eq!(system["fusion"]["kind"], "rrf");
}

#[test]
fn one_at_a_time_keeps_the_base_and_leaves_out_what_equals_it() {
    let file = load(
        r#"
[[sweep]]
variant = "hybrid"
mode = "one-at-a-time"
[sweep.axes]
"system.retriever.k" = [5, 10, 30]
"isolation" = ["conversation", "shared"]
"system.context" = [{ label = "short", value = { kind = "budget", max-tokens = 500 } }]
"#,
    )
    .unwrap();
    assert_eq!(
        names(&file),
        [
            "hybrid",
            "hybrid,isolation=shared",
            "hybrid,context=short",
            "hybrid,k=5",
            "hybrid,k=30",
            "none"
        ]
    );
}

#[test]
fn a_list_says_each_cell() {
    let file = load(
        r#"
[[sweep]]
variant = "hybrid"
mode = "list"
keep-base = true
cells = [{ "system.retriever.k" = 3, "system.fusion" = { kind = "rrf", k = 20 } }, { "system.kind" = "observations" }]
"#,
    )
    .unwrap();
    assert_eq!(
        names(&file),
        [
            "hybrid",
            "hybrid,fusion=rrf-k-20,retriever.k=3",
            "hybrid,system=observations",
            "none"
        ]
        .map(|name| name.replace("retriever.k", "k"))
    );
    assert_eq!(file.config.variant[2].system.kind(), "observations");
}

#[test]
fn keys_that_the_new_kind_does_not_know_are_left_out() {
    let file = load(
        r#"
[[variant]]
name = "weighted"
system = { kind = "turns", retriever = { kind = "hybrid", k = 10 }, fusion = { kind = "weighted", weights = [1.0, 0.5] } }
[[sweep]]
variant = "weighted"
[sweep.axes]
"system.fusion.kind" = ["rrf", "weighted"]
"#,
    )
    .unwrap();
    let system = |index: usize| serde_json::to_value(&file.config.variant[index].system).unwrap();
    assert_eq!(system(2)["fusion"]["kind"], "rrf");
    assert_eq!(
        system(3)["fusion"]["weights"],
        serde_json::json!([1.0, 0.5])
    );
}

#[test]
fn a_model_is_swept_for_the_variant_alone() {
    let sweep = r#"
[[sweep]]
variant = "hybrid"
[sweep.axes]
"models.chat.model" = ["a/b", "c"]
"#;
    let openai = "kind = \"openai\"\nmodel = \"base\"";
    let text = HEAD.replace("kind = \"fake\"", openai) + sweep;
    let file = ConfigFile::parse(Path::new("x.toml"), &text, &Choices::default()).unwrap();
    assert_eq!(names(&file), ["hybrid,model=a-b", "hybrid,model=c", "none"]);
    let chat = |index: usize| {
        let models = serde_json::to_value(&file.config.variant[index].models).unwrap();
        models.get("chat").cloned().unwrap_or_default()
    };
    for (index, name) in [(0, "a/b"), (1, "c")] {
        assert_eq!(
            (&chat(index)["kind"], &chat(index)["model"]),
            (&"openai".into(), &name.into())
        );
    }
    assert!(chat(2).is_null(), "another variant has the run's model");

    // A model that has no such key is told at the axis.
    let error = load(sweep).unwrap_err();
    for part in ["x.toml:", "models.chat.model", "unknown key"] {
        assert!(error.contains(part), "{part} in {error}");
    }
}

#[test]
fn every_mistake_is_told_at_its_line() {
    let error = load(
        r#"
[[sweep]]
variant = "hybird"
[sweep.axes]
"system.retriever.k" = [5]

[[sweep]]
variant = "hybrid"
[sweep.axes]
"system.retriever.kk" = [5]
"systm.retriever.k" = [5]
"system.fusion.kind" = ["rff"]
"models.chatt.model" = ["a"]

[[sweep]]
variant = "hybrid"
mode = "list"

[[sweep]]
variant = "hybrid"
[sweep.axes]
"system.retriever.k" = [5, 5]
"#,
    )
    .unwrap_err();
    for part in [
        "x.toml:17: `sweep[0].variant`: unknown variant `hybird`, did you mean `hybrid`?",
        "`systm.retriever.k` is no path of a variant",
        "did you mean `chat`",
        "`list` takes",
        "two of its values have the same short name",
    ] {
        assert!(error.contains(part), "{part}\n{error}");
    }
    let error = load(
        r#"
[[sweep]]
variant = "hybrid"
[sweep.axes]
"system.retriever.kk" = [5]
"system.fusion.kind" = ["rff"]
"#,
    )
    .unwrap_err();
    assert!(error.contains("x.toml:19"), "{error}");
    assert!(error.contains("unknown key `kk`"), "{error}");
    assert!(
        error.contains("unknown kind `rff`, did you mean `rrf`"),
        "{error}"
    );
}

#[test]
fn a_part_of_the_cells_can_be_chosen() {
    let sweep = r#"
[[sweep]]
variant = "hybrid"
[sweep.axes]
"system.retriever.k" = [5, 10, 30]
"#;
    let only = |text: &str| Choices {
        only: Some(text.to_owned()),
        ..Choices::default()
    };
    let file = load_with(sweep, &only("variant=*k=?0 category=temporal")).unwrap();
    assert_eq!(names(&file), ["hybrid,k=10", "hybrid,k=30"]);
    assert_eq!(file.config.dataset.categories, [2]);
    let error = load_with(sweep, &only("variant=mem0*")).unwrap_err();
    assert!(
        error.contains("keeps nothing (there is: hybrid,k=5"),
        "{error}"
    );
}

#[test]
fn profiles_are_laid_over_the_file() {
    let profiles = r#"
[profile.small]
dataset = { limit = 3 }
seed = 7

[profile.ci]
inherits = "small"
dataset = { categories = [1] }
"#;
    let chosen = |name: &str, overrides: &[&str]| Choices {
        profile: Some(name.to_owned()),
        overrides: overrides.iter().map(|each| (*each).to_owned()).collect(),
        ..Choices::default()
    };
    let file = load(profiles).unwrap();
    assert_eq!((file.config.seed, file.config.dataset.limit), (0, None));
    let file = load_with(profiles, &chosen("ci", &["seed=9"])).unwrap();
    assert_eq!(file.config.seed, 9);
    assert_eq!(file.config.dataset.limit, Some(3));
    assert_eq!(file.config.dataset.categories, [1]);
    let error = load_with(profiles, &chosen("cj", &[])).unwrap_err();
    assert!(error.contains("did you mean `ci`"), "{error}");
    let error = load("[profile.a]\ninherits = \"b\"\n[profile.b]\ninherits = \"a\"\n").unwrap_err();
    assert!(error.contains("inherit from each other"), "{error}");
    // Nobody has chosen it, and it is checked all the same.
    let error = load("[profile.a]\nsed = 3\ndataset = { limit = 0 }\n").unwrap_err();
    assert!(error.contains("x.toml:16: `sed`: unknown key"), "{error}");
    assert!(error.contains("x.toml:17: `dataset.limit`"), "{error}");
}
