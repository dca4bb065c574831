//! From counted requests to tokens, money and time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use memgauge_core::Traffic;
use memgauge_dataset::Dataset;
use memgauge_model::{EntryKind, ModelConfig};
use memgauge_pipeline::answerer::AnswererConfig;
use serde::Serialize;

use super::dry::{Asked, Count, DryRun};
use super::measured::Measured;
use super::power::power;
use super::span::{Span, sum};
use super::{Estimate, Step, assumed};
use crate::assemble::Assembly;
use crate::config::ConfigFile;
use crate::error::ExperimentError;
use crate::plan::{Plan, PlannedVariant};
use crate::run::REMOTE_JOBS;

/// Requests of one step to one model, all variants together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepEstimate {
    /// The step.
    pub step: Step,
    /// Name of the model in the config.
    pub model: String,
    /// Requests.
    pub calls: Span,
    /// Texts in them; null for chats.
    pub texts: Option<Span>,
    /// Requests (texts, of an embedder) that differ from each other.
    pub distinct: Span,
    /// Of these, at least so many whose reply is kept.
    pub held: u64,
    /// Requests that would be sent.
    pub sent: Span,
    /// Tokens that would be sent; null = unknown.
    pub input_tokens: Option<Span>,
    /// Tokens that would come back; null = unknown.
    pub output_tokens: Option<Span>,
    /// US dollars; null = unknown, a model without a price.
    pub dollars: Option<Span>,
    /// Seconds until all have come, as many at a time as the run sends.
    pub seconds: Span,
}

/// All steps together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Total {
    /// Requests.
    pub calls: Span,
    /// Requests that would be sent.
    pub sent: Span,
    /// Replies that are kept, at least.
    pub held: u64,
    /// Requests and texts that differ from each other.
    pub distinct: Span,
    /// Tokens that would be sent; null = unknown.
    pub input_tokens: Option<Span>,
    /// Tokens that would come back; null = unknown.
    pub output_tokens: Option<Span>,
    /// US dollars; null = unknown.
    pub dollars: Option<Span>,
    /// Seconds, own work included.
    pub seconds: Span,
    /// Seconds of own work: sessions, searches, answers without a model.
    pub own_seconds: Span,
}

/// One variant.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VariantEstimate {
    /// Its name.
    pub name: String,
    /// Requests by step; those of an ingestion stand with the variant that ingests.
    pub calls: BTreeMap<Step, Span>,
    /// Requests to chat models.
    pub chats: Span,
}

/// What an estimate is made of.
pub(super) struct Bill<'a> {
    pub(super) file: &'a ConfigFile,
    pub(super) dataset: &'a Dataset,
    pub(super) plan: &'a Plan,
    pub(super) assembly: &'a Assembly,
    pub(super) dry: &'a Arc<DryRun>,
    pub(super) jobs: Option<usize>,
    pub(super) measured: Measured,
}

impl Bill<'_> {
    pub(super) fn estimate(
        self,
        gaps: Vec<String>,
        sampled: Option<(usize, usize)>,
    ) -> Result<Estimate, ExperimentError> {
        let counts = self.dry.counts();
        let models = self.dry.models();
        let mut rates = Vec::new();
        let mut latencies = BTreeMap::new();
        let asked: BTreeSet<&String> = counts.keys().map(|(_, _, model)| model).collect();
        for name in asked {
            if let Some(model) = models.get(name) {
                let (latency, told) = self.latency(name, model)?;
                latencies.insert(name.clone(), latency);
                rates.extend(told);
            }
        }
        let mut by_step: BTreeMap<(Step, String), Count> = BTreeMap::new();
        for ((_, step, model), count) in &counts {
            match by_step.entry((*step, model.clone())) {
                std::collections::btree_map::Entry::Vacant(slot) => {
                    slot.insert(count.clone());
                }
                std::collections::btree_map::Entry::Occupied(mut slot) => slot.get_mut().add(count),
            }
        }
        let ingestions = self.plan.ingestions(self.dataset);
        let jobs = self.jobs(&models);
        let mut steps = Vec::new();
        for ((step, model), count) in by_step {
            let known = models.get(&model);
            let latency = latencies.get(&model).copied().unwrap_or_default();
            let seconds = self.seconds(step, &model, &count, latency, jobs, ingestions.len());
            let is_chat = known.is_none_or(|model| model.is_chat);
            steps.push(StepEstimate {
                step,
                calls: count.calls.rounded(),
                texts: (!is_chat).then(|| count.texts.rounded()),
                distinct: count.distinct.rounded(),
                held: count.held.round() as u64,
                sent: count.sent.rounded(),
                dollars: dollars(known, &count),
                input_tokens: count.input.map(Span::rounded),
                output_tokens: count.output.map(Span::rounded),
                seconds,
                model,
            });
        }
        let own = self.own(jobs, &ingestions, &mut rates);
        let all =
            |of: fn(&StepEstimate) -> Span| steps.iter().map(of).fold(Span::default(), Span::plus);
        let total = Total {
            calls: all(|step| step.calls),
            sent: all(|step| step.sent),
            held: steps.iter().map(|step| step.held).sum(),
            distinct: all(|step| step.distinct),
            input_tokens: sum(steps.iter().map(|step| step.input_tokens)),
            output_tokens: sum(steps.iter().map(|step| step.output_tokens)),
            dollars: sum(steps.iter().map(|step| step.dollars)),
            seconds: all(|step| step.seconds).plus(own),
            own_seconds: own,
        };
        let variants = self.variants(&counts, &models);
        let paid_controls = self
            .plan
            .variants
            .iter()
            .enumerate()
            .filter(|(index, variant)| {
                let asks = counts.iter().any(|((of, _, model), count)| {
                    let pays = models
                        .get(model)
                        .is_none_or(|model| model.traffic == Traffic::Live);
                    of == index && pays && count.calls.high > 0.0
                });
                variant.path == "controls" || variant.is_control() && asks
            })
            .filter(|(index, _)| counts.keys().any(|(of, _, _)| of == index))
            .map(|(_, variant)| variant.name.clone())
            .collect();
        let sessions = ingestions.iter().map(|one| self.sessions(one.entry)).sum();
        Ok(Estimate {
            cells: self.plan.asked_cells(),
            ingestions: ingestions.len(),
            sessions,
            records: self.plan.records(),
            variants,
            assumptions: match steps.is_empty() {
                true => Vec::new(),
                false => assumed::told(),
            },
            steps,
            total,
            paid_controls,
            power: power(self.plan, self.dataset),
            gaps,
            sampled,
            rates,
        })
    }

    fn variants(
        &self,
        counts: &BTreeMap<(usize, Step, String), Count>,
        models: &BTreeMap<String, Asked>,
    ) -> Vec<VariantEstimate> {
        let planned = self.plan.variants.iter().enumerate();
        planned
            .map(|(index, variant)| {
                let mut calls: BTreeMap<Step, Span> = BTreeMap::new();
                let mut chats = Span::default();
                let mine = counts.iter().filter(|((of, _, _), _)| *of == index);
                for ((_, step, model), count) in mine {
                    let slot = calls.entry(*step).or_default();
                    *slot = slot.plus(count.calls).rounded();
                    if models.get(model).is_none_or(|model| model.is_chat) {
                        chats = chats.plus(count.calls);
                    }
                }
                VariantEstimate {
                    name: variant.name.clone(),
                    calls,
                    chats: chats.rounded(),
                }
            })
            .collect()
    }

    fn sessions(&self, entry: usize) -> usize {
        let entry = self.dataset.conversations.get(entry);
        entry.map_or(0, |entry| entry.conversation.sessions.len())
    }

    /// Units of work at a time, as the run decides it.
    fn jobs(&self, models: &BTreeMap<String, Asked>) -> f64 {
        let given = self.jobs.unwrap_or(self.file.config.jobs);
        let jobs = match given {
            0 if models.values().any(|model| model.is_chat) => REMOTE_JOBS,
            0 => processors(),
            given => given,
        };
        jobs.max(1) as f64
    }

    /// Seconds of one request, of an embedder of one text, and where that is known from.
    fn latency(
        &self,
        name: &str,
        model: &Asked,
    ) -> Result<(Latency, Option<String>), ExperimentError> {
        if model.traffic == Traffic::Fake {
            return Ok((Latency::default(), None));
        }
        let kind = match model.is_chat {
            true => EntryKind::Chat,
            false => EntryKind::Embedding,
        };
        let kept = self.dry.shelf().latency(kind, &model.id);
        let kept = kept.map_err(|error| ExperimentError::Internal(error.to_string()))?;
        let unit = if model.is_chat { "reply" } else { "text" };
        Ok(match kept {
            Some((low, high, n)) => {
                let seconds = Span {
                    low: low.as_secs_f64(),
                    high: high.as_secs_f64(),
                };
                let told = format!(
                    "{name}: {:.3}-{:.3} s a {unit}, the middle half of {n} kept replies",
                    seconds.low, seconds.high
                );
                let per_text = !model.is_chat;
                (Latency { seconds, per_text }, Some(told))
            }
            None => {
                let seconds = match model.is_chat {
                    true => assumed::CHAT_SECONDS,
                    false => assumed::EMBED_SECONDS,
                };
                let told = format!(
                    "{name}: {}-{} s a request, assumed: nothing was measured",
                    seconds.low, seconds.high
                );
                let per_text = false;
                (Latency { seconds, per_text }, Some(told))
            }
        })
    }

    /// Seconds until the requests of a step have come.
    fn seconds(
        &self,
        step: Step,
        model: &str,
        count: &Count,
        latency: Latency,
        jobs: f64,
        memories: usize,
    ) -> Span {
        let limits = Limits::of(self.assembly.config(model));
        let at_once = match step {
            // One query at a time.
            Step::Search => 1.0,
            Step::Answer | Step::Judge => jobs,
            // Sessions of one memory come one after the other.
            _ => jobs.min(memories.max(1) as f64),
        };
        let at_once = at_once.min(limits.concurrency).max(1.0);
        let units = if latency.per_text {
            count.sent_texts
        } else {
            count.sent
        };
        let asked = units.times(latency.seconds);
        let tokens = sum([count.input, count.output].into_iter()).unwrap_or_default();
        let floor = |number: f64, per_minute: f64| 60.0 * number / per_minute;
        let held = |asked: f64, requests: f64, tokens: f64| {
            (asked / at_once)
                .max(floor(requests, limits.requests))
                .max(floor(tokens, limits.tokens))
        };
        Span {
            low: held(asked.low, count.sent.low, tokens.low),
            high: held(asked.high, count.sent.high, tokens.high),
        }
    }

    /// Seconds of own work.
    fn own(
        &self,
        jobs: f64,
        ingestions: &BTreeSet<crate::sharing::Ingestion>,
        rates: &mut Vec<String>,
    ) -> Span {
        let at_once = jobs.min(processors() as f64);
        let [per_session, per_search, per_answer] = assumed::OWN_MS;
        let mut seconds = Span::default();
        let mut known = 0_usize;
        let mut add = |kept: Option<&Vec<f64>>, assumed: Span, number: f64, at_once: f64| {
            let kept = kept.map(|kept| Span {
                low: kept.iter().copied().fold(f64::INFINITY, f64::min),
                high: kept.iter().copied().fold(0.0, f64::max),
            });
            known += usize::from(kept.is_some());
            let each = kept.unwrap_or(assumed);
            let all = each.times(Span::exactly(number / 1e3 / at_once.max(1.0)));
            seconds = seconds.plus(all);
        };
        for (index, variant) in self.plan.variants.iter().enumerate() {
            let mine: usize = ingestions
                .iter()
                .filter(|one| one.owner == index)
                .map(|one| self.sessions(one.entry))
                .sum();
            let records = self.plan.questions_of(index) as f64;
            let searches = records / f64::from(self.plan.repeats.answer.max(1));
            let measured = &self.measured;
            if mine > 0 {
                let kept = measured.session.get(&variant.upstream);
                add(kept, per_session, mine as f64, at_once);
            }
            add(
                measured.search.get(&variant.digest),
                per_search,
                searches,
                1.0,
            );
            if is_own_answer(variant) {
                let kept = measured.answer.get(&variant.digest);
                add(kept, per_answer, records, at_once);
            }
        }
        rates.push(format!(
            "own work: {known} rates from earlier runs of the same variants, the others assumed: a session {}-{} ms, a \
             search {}-{} ms, an answer without a model {}-{} ms",
            per_session.low,
            per_session.high,
            per_search.low,
            per_search.high,
            per_answer.low,
            per_answer.high
        ));
        seconds
    }
}

/// Seconds of one request, or of one text in it.
#[derive(Debug, Clone, Copy, Default)]
struct Latency {
    seconds: Span,
    per_text: bool,
}

/// The limits that a model block states.
struct Limits {
    concurrency: f64,
    requests: f64,
    tokens: f64,
}

impl Limits {
    fn of(config: Option<ModelConfig>) -> Self {
        let (concurrency, requests, tokens) = match config {
            Some(ModelConfig::OpenAi(config)) => (
                Some(config.max_concurrency),
                config.requests_per_minute,
                config.tokens_per_minute,
            ),
            Some(ModelConfig::OpenAiEmbeddings(config)) => (
                Some(config.max_concurrency),
                config.requests_per_minute,
                config.tokens_per_minute,
            ),
            _ => (None, None, None),
        };
        let or_none = |limit: Option<u32>| limit.map_or(f64::INFINITY, f64::from);
        Self {
            concurrency: or_none(concurrency),
            requests: or_none(requests),
            tokens: or_none(tokens),
        }
    }
}

impl Count {
    fn add(&mut self, other: &Self) {
        self.calls = self.calls.plus(other.calls);
        self.texts = self.texts.plus(other.texts);
        self.distinct = self.distinct.plus(other.distinct);
        self.held += other.held;
        self.sent = self.sent.plus(other.sent);
        self.sent_texts = self.sent_texts.plus(other.sent_texts);
        self.input = sum([self.input, other.input].into_iter());
        self.output = sum([self.output, other.output].into_iter());
    }
}

/// What the tokens of a step cost; `None` where price or tokens are not known.
fn dollars(model: Option<&Asked>, count: &Count) -> Option<Span> {
    let (input_price, output_price) = model?.price?;
    let input = count.input?.times(Span::exactly(input_price));
    Some(input.plus(count.output?.times(Span::exactly(output_price))))
}

fn is_own_answer(variant: &PlannedVariant) -> bool {
    !matches!(
        variant.answerer,
        AnswererConfig::Llm(_) | AnswererConfig::System(_)
    )
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
