//! How often chat models would be asked: what a config and a dataset tell beforehand.

use memgauge_core::Category;
use memgauge_dataset::Dataset;
use memgauge_pipeline::answerer::AnswererConfig;
use memgauge_pipeline::extractor::ExtractorConfig;
use memgauge_pipeline::graph::BuilderConfig;
use memgauge_pipeline::graph::GraphConfig;
use memgauge_pipeline::judge::JudgeConfig;
use memgauge_pipeline::system::{Perspectives, PipelineConfig, SystemConfig};
use memgauge_pipeline::update::UpdateConfig;
use memgauge_pipeline::update::llm::Mode;
use serde::Serialize;

use crate::config::ExperimentConfig;
use crate::plan::{Plan, PlannedVariant, Role};

/// Calls of chat models that one arm would make, retries left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Calls {
    /// Windows that are read: batches of turns, once per perspective.
    pub windows: u64,
    /// Extraction: one per window.
    pub extract: u64,
    /// Summaries, most of them in the background.
    pub summary: u64,
    /// Entities and relations of a graph: two per window, and one per question and memory asked.
    pub graph: u64,
    /// Updates, at most: one per window that has facts. `None` where it is one per fact, or there are
    /// conflicts of a graph, and nobody knows how many.
    pub update: Option<u64>,
    /// Answers.
    pub answer: u64,
    /// Judgements.
    pub judge: u64,
}

impl Calls {
    /// All that is known beforehand.
    pub fn known(&self) -> u64 {
        let ingestion = self.extract + self.summary + self.graph + self.update.unwrap_or(0);
        ingestion + self.answer + self.judge
    }
}

impl Plan {
    /// Calls of chat models that `variant` would make.
    pub fn calls(
        &self,
        variant: &PlannedVariant,
        config: &ExperimentConfig,
        dataset: &Dataset,
    ) -> Calls {
        let system = match &variant.role {
            Role::System(system) | Role::Swapped(system) => Some(system),
            Role::Oracle => None,
        };
        let questions = self.questions() as u64;
        let mut calls = system
            .and_then(SystemConfig::pipeline)
            .map_or_else(Calls::default, |pipeline| {
                self.ingestion(&pipeline, dataset, questions)
            });
        if system.is_none_or(|system| system.pipeline().is_none()) {
            calls.update = Some(0);
        }
        if matches!(variant.answerer, AnswererConfig::Llm(_)) {
            calls.answer = questions;
        }
        if let JudgeConfig::Llm(judge) = &config.judge {
            let scored: usize = self
                .by_category(dataset)
                .into_iter()
                .filter(|(category, _)| Category::is_scored(*category))
                .map(|(_, count)| count)
                .sum();
            calls.judge = scored as u64 * u64::from(judge.runs);
        }
        calls
    }

    fn ingestion(&self, pipeline: &PipelineConfig, dataset: &Dataset, questions: u64) -> Calls {
        let perspectives = match pipeline.perspectives {
            Perspectives::One => 1,
            Perspectives::PerSpeaker => 2,
        };
        let llm = match &pipeline.extractor {
            ExtractorConfig::Llm(config) => Some(config),
            _ => None,
        };
        let batch = llm.map_or(0, |config| config.batch);
        let mut calls = Calls {
            update: Some(0),
            ..Calls::default()
        };
        for planned in &self.conversations {
            let Some(entry) = dataset.conversations.get(planned.entry) else {
                continue;
            };
            let sessions = &entry.conversation.sessions;
            let windows: usize = sessions
                .iter()
                .map(|session| match batch {
                    0 => 1,
                    batch => session.turns.len().div_ceil(batch).max(1),
                })
                .sum();
            let windows = windows as u64 * perspectives;
            calls.windows += windows;
            if let Some(config) = llm {
                calls.extract += windows;
                if config.summary.enabled {
                    calls.summary += windows / config.summary.every.max(1);
                }
            }
        }
        if let UpdateConfig::Llm(config) = &pipeline.update {
            calls.update = (config.mode == Mode::Joint).then_some(calls.windows);
        }
        if let Some(GraphConfig::Mem0g(_) | GraphConfig::Mem0gOss(_) | GraphConfig::Temporal(_)) =
            &pipeline.graph
            && asks_a_model(pipeline.graph.as_ref())
        {
            calls.graph = 2 * calls.windows + questions * perspectives;
            calls.update = None;
        }
        calls
    }
}

fn asks_a_model(graph: Option<&GraphConfig>) -> bool {
    let builder = match graph {
        Some(GraphConfig::Mem0g(config)) => &config.builder,
        Some(GraphConfig::Mem0gOss(config)) => &config.builder,
        Some(GraphConfig::Temporal(config)) => &config.builder,
        _ => return false,
    };
    matches!(builder, BuilderConfig::Llm(_))
}
