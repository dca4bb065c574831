//! What the types of a config alone cannot tell: names, references, combinations.

use std::collections::BTreeMap;

use memgauge_core::config::suggestion;
use memgauge_pipeline::answerer::AnswererConfig;
use memgauge_pipeline::judge::JudgeConfig;
use memgauge_pipeline::system::SystemConfig;

use super::{ConfigFile, DatasetConfig, DatasetKind};
use crate::error::ConfigProblem;

impl ConfigFile {
    /// What the types alone cannot tell: names, references, combinations.
    pub(super) fn combinations(&self) -> Vec<ConfigProblem> {
        let mut problems = Vec::new();
        let config = &self.config;
        if !is_name(&config.name) {
            problems.push(self.problem("name", name_rule(&config.name)));
        }
        self.check_dataset(&config.dataset, &mut problems);
        if config.variant.is_empty() {
            problems.push(self.problem("variant", "needs at least one [[variant]]"));
        }
        if let (Some(runs), JudgeConfig::Llm(judge)) = (config.repeats.judge, &config.judge)
            && self.written.pointer("/judge/runs").is_some()
            && runs != judge.runs
        {
            let message = format!("judge.runs says {}: leave one of them out", judge.runs);
            problems.push(self.problem("repeats.judge", message));
        }
        let mut names: BTreeMap<&str, usize> = BTreeMap::new();
        for (index, variant) in config.variant.iter().enumerate() {
            let path = format!("variant[{index}].name");
            if !is_name(&variant.name) {
                problems.push(self.problem(&path, name_rule(&variant.name)));
            }
            if let Some(first) = names.insert(&variant.name, index) {
                let first = self.places.original(&format!("variant[{first}]"));
                let message = format!("`{}` is the name of {first} already", variant.name);
                problems.push(self.problem(&path, message));
            }
            if matches!(variant.answerer, Some(AnswererConfig::System(_)))
                && !matches!(variant.system, SystemConfig::External(_))
            {
                problems.push(self.problem(
                    &format!("variant[{index}].answerer"),
                    format!(
                        "`system` needs a system that answers: `external`, not `{}`",
                        variant.system.kind()
                    ),
                ));
            }
        }
        if let AnswererConfig::System(_) = config.answerer {
            problems.push(self.problem(
                "answerer",
                "`system` is the answerer of single variants whose system is `external`: write it there",
            ));
        }
        if config.controls.oracle == Some(true) && names.contains_key("oracle") {
            problems.push(self.problem(
                "variant",
                "`oracle` is the name of a control; rename the variant or set controls.oracle = false",
            ));
        }
        let swapped = config.controls.swapped.as_deref().unwrap_or_default();
        for (index, name) in swapped.iter().enumerate() {
            let path = format!("controls.swapped[{index}]");
            if !names.contains_key(name.as_str()) {
                let hint = suggestion(name, names.keys().copied())
                    .map_or_else(String::new, |meant| format!(", did you mean `{meant}`?"));
                let known: Vec<&str> = names.keys().copied().collect();
                problems.push(self.problem(
                    &path,
                    format!(
                        "no variant is named `{name}`{hint} (known: {})",
                        known.join(", ")
                    ),
                ));
            } else if names.contains_key(swapped_name(name).as_str()) {
                problems.push(self.problem(
                    &path,
                    format!("a variant is named `{}` already", swapped_name(name)),
                ));
            } else if swapped[..index].contains(name) {
                problems.push(self.problem(&path, format!("`{name}` is named twice")));
            }
        }
        problems
    }

    fn check_dataset(&self, dataset: &DatasetConfig, problems: &mut Vec<ConfigProblem>) {
        match (dataset.kind, &dataset.path) {
            (DatasetKind::File, None) => {
                problems.push(self.problem("dataset", "kind `file` needs a `path`"));
            }
            (DatasetKind::Locomo | DatasetKind::Sample, Some(_)) => {
                problems.push(self.problem(
                    "dataset.path",
                    format!(
                        "only kind `file` takes a path; kind is `{}`",
                        dataset.kind.name()
                    ),
                ));
            }
            _ => {}
        }
        for (index, category) in dataset.categories.iter().enumerate() {
            if !(1..=5).contains(category) {
                problems.push(self.problem(
                    &format!("dataset.categories[{index}]"),
                    format!("categories are 1 to 5, found {category}"),
                ));
            }
        }
    }
}

/// Name of the control that asks `variant` from another conversation's memory.
pub(crate) fn swapped_name(variant: &str) -> String {
    format!("{variant}-swapped")
}

pub(crate) fn is_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ',' | '=');
    !name.is_empty() && name.len() <= 200 && !name.starts_with('.') && name.chars().all(allowed)
}

fn name_rule(name: &str) -> String {
    format!("`{name}` is not a name: use letters, digits, `-`, `_`, `.`, `,` and `=`, at most 200")
}
