//! Edges that hold from one time to another.

use async_trait::async_trait;
use jiff::civil::{Date, date};
use memgauge_core::{
    Build, BuildError, ComponentError, Cx, EmbedderHandle, Filter, MemoryEvent, MemoryReader,
    MemoryRecord, Parts, RankedList, Window,
};
use memgauge_store::Store;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::appendix::day;
use super::builder::{BuilderConfig, RulesBuilderConfig};
use super::relational::{Outdated, Relational, valid_from};
use super::votes::votes;
use super::{Graph, Join, Seat, at_least_one, cosine, within};
use crate::dates;

/// Edges that hold from one time to another. An edge holds from the day that the text gives, or else
/// from its session; a newer one that contradicts it closes it at the time from which the newer one
/// holds, and it stays. Edges are found as `mem0g` finds them. Where the question names a date that
/// does not depend on when it is asked ("in June 2023"), edges that held then come first by
/// `date-weight`. The context shows when each edge held. memgauge's own; its idea is that of temporal
/// knowledge graphs such as Zep's (arXiv 2501.13956).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct TemporalConfig {
    /// What makes entities, relations and conflicts.
    pub builder: BuilderConfig,
    /// Cosine from which a name is a known node.
    #[schemars(range(min = -1.0, max = 1.0))]
    pub merge_threshold: f32,
    /// How many nodes are looked at for each entity of a question.
    #[schemars(range(min = 1))]
    pub nodes: usize,
    /// Cosine from which a node is near an entity of a question.
    #[schemars(range(min = -1.0, max = 1.0))]
    pub similarity: f32,
    /// Cosine from which an edge is near the question itself.
    #[schemars(range(min = -1.0, max = 1.0))]
    pub triplet_threshold: f32,
    /// What is added to the cosine of an edge that held at a time which the question names.
    #[schemars(range(min = 0.0))]
    pub date_weight: f32,
    /// How many relations a question brings up.
    #[schemars(range(min = 1))]
    pub limit: usize,
    /// What becomes of them.
    pub join: Join,
}

impl Default for TemporalConfig {
    fn default() -> Self {
        Self {
            builder: RulesBuilderConfig::default().into(),
            merge_threshold: 0.9,
            nodes: 5,
            similarity: 0.7,
            triplet_threshold: 0.5,
            date_weight: 0.2,
            limit: 20,
            join: Join::Append,
        }
    }
}

impl Build<Box<dyn Graph>> for TemporalConfig {
    fn build(&self, parts: &dyn Parts) -> Result<Box<dyn Graph>, BuildError> {
        at_least_one("nodes", self.nodes)?;
        at_least_one("limit", self.limit)?;
        cosine("merge-threshold", self.merge_threshold)?;
        cosine("similarity", self.similarity)?;
        cosine("triplet-threshold", self.triplet_threshold)?;
        if !(self.date_weight.is_finite() && self.date_weight >= 0.0) {
            return Err(BuildError::at("date-weight", "must be 0 or more"));
        }
        Ok(Box::new(Temporal {
            graph: Relational {
                kind: "temporal",
                builder: within("builder", self.builder.build(parts))?,
                merge: self.merge_threshold,
                around: None,
                outdated: Outdated::Close,
            },
            config: self.clone(),
        }))
    }
}

struct Temporal {
    graph: Relational,
    config: TemporalConfig,
}

/// The times that a question names, first and last day each, where they do not depend on when it is
/// asked.
fn named(question: &str) -> Vec<(Date, Date)> {
    // Needed for relative dates alone, which are left out.
    let any = date(2000, 1, 1).at(0, 0, 0, 0);
    dates::find(question, any)
        .into_iter()
        .filter(|mention| !mention.is_relative)
        .map(|mention| mention.value.range())
        .collect()
}

/// Whether the edge held on some day of one of `times`.
fn held(edge: &MemoryRecord, times: &[(Date, Date)]) -> bool {
    let from = valid_from(edge).date();
    let until = edge.invalid_at.map(jiff::civil::DateTime::date);
    times
        .iter()
        .any(|(first, last)| from <= *last && until.is_none_or(|until| *first < until))
}

#[async_trait]
impl Graph for Temporal {
    fn kind(&self) -> &'static str {
        self.graph.kind
    }

    fn join(&self) -> Join {
        self.config.join
    }

    async fn absorb(
        &self,
        cx: &Cx,
        seat: &Seat<'_>,
        window: &Window<'_>,
    ) -> Result<Vec<MemoryEvent>, ComponentError> {
        self.graph.absorb(cx, seat, window).await
    }

    async fn recall(
        &self,
        cx: &Cx,
        store: &Store,
        embedder: &EmbedderHandle,
        filter: &Filter,
        question: &str,
    ) -> Result<RankedList, ComponentError> {
        let config = &self.config;
        let how = (config.nodes, config.similarity, config.triplet_threshold);
        let place = (store, embedder, filter);
        let mut list = self.graph.both_ways(cx, place, question, how).await?;
        let times = named(question);
        if !times.is_empty() {
            for item in &mut list.items {
                if store
                    .record(item.id)?
                    .is_some_and(|edge| held(&edge, &times))
                {
                    item.score += config.date_weight;
                }
            }
            list.items
                .sort_by(|a, b| b.score.total_cmp(&a.score).then(a.id.cmp(&b.id)));
        }
        list.items.truncate(config.limit);
        match config.join {
            Join::Append => Ok(list),
            Join::Fuse => votes(store, &filter.of_texts(), &list),
        }
    }

    fn shown(&self, relation: &MemoryRecord) -> String {
        let from = day(valid_from(relation));
        match relation.invalid_at {
            Some(until) => format!("{} (from {from} until {})", relation.text, day(until)),
            None => format!("{} (from {from})", relation.text),
        }
    }
}
