//! Arms of an experiment that did nothing: they look like a result and are none.

use std::collections::BTreeMap;

use memgauge_core::QuestionId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::VariantSummary;
use super::row::Row;
use crate::manifest::Manifest;

/// Why an arm tests nothing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "kebab-case")]
pub enum NoOp {
    /// Every question ended as under another variant: same outcome, context, answer and labels.
    SameAs {
        /// The first such variant.
        variant: String,
    },
    /// A component that its config names never ran.
    NeverRan {
        /// Family and kind: `graph:mem0g`.
        component: String,
    },
}

impl std::fmt::Display for NoOp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::SameAs { variant } => write!(f, "every question ended as under `{variant}`"),
            Self::NeverRan { component } => write!(f, "its `{component}` never ran"),
        }
    }
}

/// What every question of an arm came to, the arm's name left out.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Outcomes(BTreeMap<(QuestionId, u32), blake3::Hash>);

impl Outcomes {
    /// Adds one question; `parts` is all that makes an outcome.
    pub(super) fn add(&mut self, question: &QuestionId, repeat: u32, parts: &Value) {
        let digest = blake3::hash(parts.to_string().as_bytes());
        self.0.insert((question.clone(), repeat), digest);
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Families of components that every ingestion or search runs, where a config names one.
const FAMILIES: [&str; 4] = ["extractor", "update", "fusion", "graph"];

/// A variant, as far as it can be idle.
pub(super) struct Arm<'a> {
    pub(super) name: &'a str,
    /// Its config, defaults filled in; `None` for controls.
    pub(super) system: Option<&'a Value>,
    pub(super) outcomes: &'a Outcomes,
    /// How often each component ran.
    pub(super) counters: &'a BTreeMap<String, u64>,
}

/// What is wrong with each of the arms, in their order.
pub(super) fn no_ops(arms: &[Arm<'_>]) -> Vec<Vec<NoOp>> {
    let mut found = Vec::with_capacity(arms.len());
    for (at, arm) in arms.iter().enumerate() {
        let mut mine = Vec::new();
        let earlier = arms.get(..at).unwrap_or_default();
        if !arm.outcomes.is_empty()
            && let Some(same) = earlier.iter().find(|other| other.outcomes == arm.outcomes)
        {
            mine.push(NoOp::SameAs {
                variant: same.name.to_owned(),
            });
        }
        // Without a question there is nothing that could have run.
        for family in FAMILIES.iter().filter(|_| !arm.counters.is_empty()) {
            let kind = arm
                .system
                .and_then(|system| system.get(family)?.get("kind"))
                .and_then(Value::as_str);
            let Some(kind) = kind else { continue };
            let component = format!("{family}:{kind}");
            if arm.counters.get(&component).is_none_or(|count| *count == 0) {
                mine.push(NoOp::NeverRan { component });
            }
        }
        found.push(mine);
    }
    found
}

/// Marks the variants that tested nothing.
pub(super) fn flag_no_ops(
    manifest: &Manifest,
    rows: &BTreeMap<String, Vec<Row>>,
    variants: &mut [VariantSummary],
) {
    let outcomes: Vec<Outcomes> = manifest
        .variants
        .iter()
        .map(|variant| {
            let mut outcomes = Outcomes::default();
            for row in rows.get(&variant.name).into_iter().flatten() {
                let context = row.context.as_ref().map(|context| &context.digest);
                let labels = row.labels();
                let failure = (&row.component, &row.error, &row.message);
                let parts = json!([row.outcome, failure, context, row.answer, labels]);
                outcomes.add(&row.question, row.repeat, &parts);
            }
            outcomes
        })
        .collect();
    let system = |name: &str| {
        let written = manifest.config.get("variant")?.as_array()?;
        written
            .iter()
            .find(|variant| variant.get("name").and_then(Value::as_str) == Some(name))?
            .get("system")
    };
    let arms: Vec<_> = variants
        .iter()
        .zip(&outcomes)
        .map(|(variant, outcomes)| Arm {
            name: &variant.name,
            system: system(&variant.name),
            outcomes,
            counters: &variant.counters,
        })
        .collect();
    let found = no_ops(&arms);
    for (variant, no_op) in variants.iter_mut().zip(found) {
        variant.no_op = no_op;
    }
}

#[cfg(test)]
mod tests {
    use memgauge_core::ConversationId;
    use serde_json::json;

    use super::*;

    fn outcomes(answers: &[&str]) -> Outcomes {
        let mut outcomes = Outcomes::default();
        for (index, answer) in (0_u32..).zip(answers) {
            let question = QuestionId {
                conversation: ConversationId::new("c"),
                index,
            };
            outcomes.add(&question, 0, &json!([answer]));
        }
        outcomes
    }

    fn arm<'a>(
        name: &'a str,
        system: Option<&'a Value>,
        outcomes: &'a Outcomes,
        counters: &'a BTreeMap<String, u64>,
    ) -> Arm<'a> {
        Arm {
            name,
            system,
            outcomes,
            counters,
        }
    }

    #[test]
    fn an_arm_with_the_outcomes_of_an_earlier_one_is_told() {
        let (a, b, c) = (
            outcomes(&["x", "y"]),
            outcomes(&["x", "z"]),
            outcomes(&["x", "y"]),
        );
        let ran = BTreeMap::new();
        let found = no_ops(&[
            arm("a", None, &a, &ran),
            arm("b", None, &b, &ran),
            arm("c", None, &c, &ran),
        ]);
        let same = NoOp::SameAs {
            variant: "a".to_owned(),
        };
        assert_eq!(found, [vec![], vec![], vec![same]]);
    }

    #[test]
    fn arms_without_questions_are_not_alike() {
        let none = Outcomes::default();
        let ran = BTreeMap::new();
        let found = no_ops(&[arm("a", None, &none, &ran), arm("b", None, &none, &ran)]);
        assert_eq!(found, [vec![], vec![]]);
    }

    #[test]
    fn a_component_that_never_ran_is_told() {
        let system = json!({"graph": {"kind": "mem0g"}, "update": {"kind": "append"}, "retriever": {"k": 3}});
        let ran = BTreeMap::from([("update:append".to_owned(), 4)]);
        let asked = outcomes(&["x"]);
        let found = no_ops(&[arm("a", Some(&system), &asked, &ran)]);
        let graph = NoOp::NeverRan {
            component: "graph:mem0g".to_owned(),
        };
        assert_eq!(found, [vec![graph]]);
    }
}
