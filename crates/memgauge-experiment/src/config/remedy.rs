//! A config with mistakes, made good enough to look for more of them.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{DatasetConfig, VariantConfig};
use crate::error::ConfigProblem;

/// What was changed about a config, so that what follows from the changes is not told as a mistake.
pub(super) struct Remedy {
    /// Places of tables in which something is wrong, or that were made of such: `variant[1]`, `sweep[0]`, `controls`.
    touched: BTreeSet<String>,
    /// Of these, tables that something harmless stands for.
    replaced: BTreeSet<String>,
}

impl Remedy {
    /// Takes the keys at fault out of `config`, and puts something harmless in the place of tables that cannot do
    /// without them.
    pub(super) fn new(config: &mut Value, problems: &[ConfigProblem]) -> Self {
        let (mut touched, mut replaced) = (BTreeSet::new(), BTreeSet::new());
        if problems.is_empty() {
            return Self { touched, replaced };
        }
        for each in problems {
            cut(config, &each.path);
            touched.insert(table_of(&each.path).to_owned());
        }
        let Some(root) = config.as_object_mut() else {
            return Self { touched, replaced };
        };
        root.entry("name").or_insert_with(|| json!("name"));
        let is_dataset = |value: &Value| serde_json::from_value::<DatasetConfig>(value.clone());
        if root
            .get("dataset")
            .is_none_or(|dataset| is_dataset(dataset).is_err())
        {
            root.insert("dataset".to_owned(), json!({ "kind": "sample" }));
            replaced.insert("dataset".to_owned());
        }
        let variants = root.entry("variant").or_insert_with(|| json!([]));
        let variants = variants.as_array_mut().map(Vec::as_mut_slice);
        let mut hollow = BTreeSet::new();
        for (index, variant) in variants.unwrap_or_default().iter_mut().enumerate() {
            if serde_json::from_value::<VariantConfig>(variant.clone()).is_ok() {
                continue;
            }
            let name = variant.get("name").and_then(Value::as_str);
            let name = name.map_or_else(|| format!("variant-{index}"), str::to_owned);
            *variant = json!({ "name": name, "system": { "kind": "no-memory" } });
            replaced.insert(format!("variant[{index}]"));
            hollow.insert(name);
        }
        // What was to be made of such a variant cannot be told.
        let sweeps = root.get("sweep").and_then(Value::as_array);
        for (index, sweep) in sweeps.into_iter().flatten().enumerate() {
            let base = sweep.get("variant").and_then(Value::as_str);
            if base.is_some_and(|base| hollow.contains(base)) {
                touched.insert(format!("sweep[{index}]"));
            }
        }
        Self { touched, replaced }
    }

    /// Whether a mistake of a sweep that was found afterwards is one: nothing is wrong with its table otherwise.
    pub(super) fn spares(&self, problem: &ConfigProblem) -> bool {
        !self.touched.contains(table_of(&problem.path))
    }

    /// Whether a combination that was found afterwards stands in what was written.
    pub(super) fn keeps(&self, problem: &ConfigProblem) -> bool {
        !self.replaced.contains(table_of(&problem.path)) || problem.path.ends_with(".name")
    }
}

/// The table of the config in which a path lies: an item of a list of tables, or a key of the top level.
pub(crate) fn table_of(path: &str) -> &str {
    path.split_once('.').map_or(path, |(table, _)| table)
}

/// Takes the key at a dotted path away, where there is one. Items of lists keep their places: their list goes.
fn cut(root: &mut Value, path: &str) {
    let pointer: String = path
        .split(['.', '[', ']'])
        .filter(|step| !step.is_empty())
        .map(|step| format!("/{step}"))
        .collect();
    let mut pointer = pointer.as_str();
    while let Some((parent, key)) = pointer.rsplit_once('/') {
        let is_item = |step: &str| step.parse::<usize>().is_ok();
        if is_item(key) && parent.matches('/').count() == 1 {
            // A table of the top level's lists stays, as far as it can be read.
            return;
        }
        if let Some(table) = root.pointer_mut(parent).and_then(Value::as_object_mut) {
            table.remove(key);
            return;
        }
        pointer = parent;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(path: &str) -> ConfigProblem {
        ConfigProblem {
            place: String::new(),
            path: path.to_owned(),
            message: String::new(),
        }
    }

    #[test]
    fn what_is_left_can_be_read_and_what_follows_is_not_told() {
        let mut config = json!({
            "dataset": { "kind": "nowhere", "limit": 3 },
            "controls": { "swapped": ["a", 3] },
            "variant": [
                { "name": "a", "system": { "kind": "turns", "retreiver": {} } },
                { "name": "b", "system": { "kind": "trns" } },
            ],
            "sweep": [{ "variant": "b" }, { "variant": "a" }],
        });
        let problems = [
            problem("dataset.kind"),
            problem("controls.swapped[1]"),
            problem("variant[0].system.retreiver"),
            problem("variant[1].system.kind"),
        ];
        let remedy = Remedy::new(&mut config, &problems);
        assert_eq!(config["dataset"], json!({ "kind": "sample" }));
        assert_eq!(config["controls"], json!({}));
        assert_eq!(config["variant"][0]["system"], json!({ "kind": "turns" }));
        assert_eq!(config["variant"][1]["system"]["kind"], "no-memory");
        for (path, spares, keeps) in [
            ("dataset.path", false, false),
            ("sweep[0].axes.system.retriever.k", false, true),
            ("sweep[1].axes.system.retriever.k", true, true),
            ("variant[0].answerer", false, true),
            ("variant[1].answerer", false, false),
            ("variant[1].name", false, true),
            ("answerer", true, true),
        ] {
            let found = problem(path);
            assert_eq!(remedy.spares(&found), spares, "{path}");
            assert_eq!(remedy.keeps(&found), keeps, "{path}");
        }
    }

    #[test]
    fn a_sound_config_stays_as_it_is() {
        let mut config = json!({ "variant": 3 });
        Remedy::new(&mut config, &[]);
        assert_eq!(config, json!({ "variant": 3 }));
    }
}
