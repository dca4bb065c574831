//! Conflicts by rules.

use async_trait::async_trait;
use memgauge_core::graph::{ConflictResolver, Triple, normal_name};
use memgauge_core::{Build, BuildError, ComponentError, Cx, MemoryId, MemoryRecord, Parts};
use rust_stemmers::{Algorithm, Stemmer};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::graph::split_edge;
use crate::update::rules::statement::Statement;

/// Conflicts by rules: an older edge of the same subject no longer holds where the new relation denies
/// it ("doesn't live in Rome", "quit the job"), or where both are of a group of relations of which one
/// target holds at a time: where somebody lives (live in, move to, reside in, be based in), works (work
/// at, work for) or studies (study at), and whom somebody is married or engaged to or dating. Any other
/// relation may have several targets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct RulesConflictsConfig {
    /// Share of the content words of each that a relation and its denial must have in common.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub overlap: f32,
}

impl Default for RulesConflictsConfig {
    fn default() -> Self {
        Self { overlap: 0.6 }
    }
}

impl Build<Box<dyn ConflictResolver>> for RulesConflictsConfig {
    fn build(&self, _: &dyn Parts) -> Result<Box<dyn ConflictResolver>, BuildError> {
        if !(0.0..=1.0).contains(&self.overlap) {
            let found = self.overlap;
            return Err(BuildError::at(
                "overlap",
                format!("must be between 0 and 1, found {found}"),
            ));
        }
        Ok(Box::new(RulesConflicts(self.clone())))
    }
}

/// See [`RulesConflictsConfig`].
#[derive(Debug, Clone)]
pub struct RulesConflicts(pub RulesConflictsConfig);

/// Relations, as stems, of which one target holds at a time.
const ONE_TARGET: [&[&str]; 4] = [
    &["live in", "move to", "resid in", "base in", "reloc to"],
    &["work at", "work for"],
    &["studi at"],
    &["marri to", "marri", "engag to", "date"],
];

impl RulesConflicts {
    fn contradicts(&self, new: &Triple, old: &MemoryRecord) -> bool {
        let Some((subject, relation, object)) = split_edge(&old.text) else {
            return false;
        };
        if normal_name(subject) != normal_name(&new.subject) {
            return false;
        }
        let same_object = normal_name(object) == normal_name(&new.object);
        let (group, other) = (group(&new.relation), group(relation));
        if !same_object && group.is_some() && group == other {
            return true;
        }
        let of = |relation: &str, object: &str| {
            let text = format!("{} {relation} {object}", new.subject);
            Statement::of(&text, Some(&new.subject), new.held_at)
        };
        of(&new.relation, &new.object).denies(&of(relation, object), self.0.overlap)
    }
}

/// The group that a relation that denies nothing belongs to.
fn group(relation: &str) -> Option<usize> {
    let stemmer = Stemmer::create(Algorithm::English);
    let lower = relation.to_lowercase().replace('_', " ");
    let stems: Vec<String> = lower
        .split_whitespace()
        .filter(|word| !matches!(*word, "is" | "are" | "now" | "has" | "have" | "been"))
        .map(|word| stemmer.stem(word).into_owned())
        .collect();
    let stems = stems.join(" ");
    ONE_TARGET
        .iter()
        .position(|group| group.contains(&stems.as_str()))
}

#[async_trait]
impl ConflictResolver for RulesConflicts {
    fn kind(&self) -> &'static str {
        "rules"
    }

    async fn conflicts(
        &self,
        cx: &Cx,
        triples: &[Triple],
        existing: &[MemoryRecord],
    ) -> Result<Vec<MemoryId>, ComponentError> {
        cx.count("conflicts:rules", 1);
        Ok(existing
            .iter()
            .filter(|old| triples.iter().any(|new| self.contradicts(new, old)))
            .map(|old| old.id)
            .collect())
    }
}
