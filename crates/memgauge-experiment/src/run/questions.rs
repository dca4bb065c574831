//! Questions of one conversation: searched one at a time, then answered and scored concurrently.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use futures::StreamExt;
use memgauge_core::{Answer, ComponentError, Meter, Recall, Stage};
use memgauge_dataset::Item;
use memgauge_pipeline::answerer::AnswererConfig;
use memgauge_report::record::{AnswerTokens, CallRow, JudgementRow, Outcome, Phase, TimingRow};

use super::bench::Bench;
use super::group::Ready;
use super::machine::load;
use super::score::Asked;
use super::timing::{measured, unheld};
use crate::error::ExperimentError;
use crate::plan::PlannedVariant;

/// A question after its search.
struct Searched {
    place: usize,
    /// Repeats that it is to be answered in.
    repeats: Vec<u32>,
    recall: Result<Recall, ComponentError>,
    meter: Arc<Meter>,
    timing: Option<TimingRow>,
}

/// What belongs to a question beside its record.
#[derive(Default)]
struct Trail {
    timings: Vec<TimingRow>,
    calls: Vec<CallRow>,
    /// How often each component ran.
    counters: BTreeMap<String, u64>,
}

impl Trail {
    /// What a step took and called.
    fn pay(&mut self, timing: TimingRow, meter: &Meter) {
        self.calls.extend(CallRow::of(&timing, meter.calls()));
        // Of a step that failed, its cost remains.
        if timing.ms.is_some() || !timing.charges.is_empty() {
            self.timings.push(timing);
        }
    }

    /// Which components ran in it.
    fn count(&mut self, meter: &Meter) {
        for (component, calls) in meter.counters() {
            *self.counters.entry(component).or_default() += calls;
        }
    }

    fn add(&mut self, timing: TimingRow, meter: &Meter) {
        self.count(meter);
        self.pay(timing, meter);
    }
}

impl Bench {
    /// Asks the questions `items` of conversation `entry` from the memory of `memory`. False when
    /// it was asked to stop.
    pub(super) async fn ask(
        self: &Arc<Self>,
        variant: usize,
        entry: usize,
        memory: usize,
        items: &[(usize, Vec<u32>)],
        ready: &Ready,
    ) -> Result<bool, ExperimentError> {
        let Some(found) = self.search(variant, entry, memory, items, ready).await? else {
            return Ok(false);
        };
        let Some(planned) = self.plan.variants.get(variant) else {
            return Ok(true);
        };
        let answerer = planned
            .answerer
            .build(&self.assembly.parts_of(&planned.models))
            .map_err(|error| ExperimentError::Stopped(error.to_string()))?;
        let answerer: Arc<dyn memgauge_core::Answerer> = Arc::from(answerer);
        // A system that answers is asked one question at a time, as in searches: others in line would
        // be part of what is measured.
        let jobs = if answers_itself(planned) {
            1
        } else {
            self.jobs
        };
        let mut answers = futures::stream::iter(found)
            .map(|searched| {
                let bench = Arc::clone(self);
                let answerer = Arc::clone(&answerer);
                let ready = ready.clone();
                let task = tokio::spawn(async move {
                    if bench.is_halted() {
                        return Ok(());
                    }
                    let mut search = searched.timing;
                    let meter = searched.meter;
                    for repeat in searched.repeats {
                        let asked = Asked {
                            variant,
                            entry,
                            memory,
                            place: searched.place,
                            repeat,
                            recall: &searched.recall,
                            answer: None,
                            tokens: None,
                            judgements: Vec::new(),
                            ready: &ready,
                            counters: BTreeMap::new(),
                        };
                        bench
                            .answer(asked, search.take(), &meter, &*answerer)
                            .await?;
                    }
                    Ok(())
                });
                self.joined(task)
            })
            .buffer_unordered(jobs);
        // All are waited for, so that nothing is still writing when the run has ended.
        let mut outcome = Ok(());
        while let Some(result) = answers.next().await {
            outcome = outcome.and(result);
        }
        outcome?;
        let done = self.done();
        Ok(items.iter().all(|(place, repeats)| {
            self.item(entry, *place).is_none_or(|item| {
                let id = &item.question.id;
                let mut repeats = repeats.iter();
                repeats.all(|repeat| done.has(&planned.name, id, *repeat))
            })
        }))
    }

    /// Answers, judges and records one question in one repeat. The first to be answered brings what the search took;
    /// the record of the first repeat tells which components ran in it, whoever asked first.
    async fn answer(
        &self,
        mut asked: Asked<'_>,
        search: Option<TimingRow>,
        searched: &Meter,
        answerer: &dyn memgauge_core::Answerer,
    ) -> Result<(), ExperimentError> {
        let (variant, repeat) = (asked.variant, asked.repeat);
        let Some(item) = self.item(asked.entry, asked.place) else {
            return Ok(());
        };
        let mut trail = Trail::default();
        if let Some(timing) = search {
            trail.pay(timing, searched);
        }
        let ingestion = self.plan.ingestion_of(repeat);
        if repeat == self.plan.repeats_of(ingestion).start {
            trail.count(searched);
        }
        if let Ok(recall) = asked.recall {
            let meter = Meter::new();
            let in_flight = self.answering.fetch_add(1, Ordering::Relaxed) + 1;
            let start = Instant::now();
            let cx = meter.at(Stage::Answer).at_epoch(repeat);
            let (question, context) = (&item.question, &recall.context);
            let planned = self.plan.variants.get(variant);
            let answer: Result<Answer, ComponentError> = if planned.is_some_and(answers_itself) {
                let asked_from = self.conversation(asked.memory);
                let system = &asked.ready.system;
                system.answer(&cx, &asked_from, question, context).await
            } else {
                answerer.answer(&cx, question, context).await
            };
            self.budget.worked(start.elapsed());
            let elapsed = unheld(start.elapsed(), &meter);
            self.answering.fetch_sub(1, Ordering::Relaxed);
            let unit = TimingRow {
                in_flight,
                ..self.timing(variant, item, repeat, Phase::Answer)
            };
            trail.add(measured(unit, elapsed, answer.is_ok(), &meter), &meter);
            if let Err(error) = &answer
                && let Some(stop) = ExperimentError::stop(error)
            {
                self.write(|writers| writers.calls.append(&trail.calls))?;
                return Err(stop);
            }
            asked.tokens = AnswerTokens::of(&meter.calls(), Stage::Answer);
            if let Ok(answer) = &answer {
                asked.judgements = self
                    .judgements(variant, item, repeat, &answer.text, &mut trail)
                    .await?;
            }
            asked.answer = Some(answer);
        }
        asked.counters = std::mem::take(&mut trail.counters);
        let memory = asked.memory;
        let (record, context) = self.record(item, asked)?;
        if record.outcome != Outcome::Answered {
            let asked_of = self.conversation(memory);
            self.done()
                .fail([item.question.id.conversation.clone(), asked_of]);
        }
        self.keep(&record, &trail.timings, &trail.calls, context.as_ref())
    }

    /// What the judge says about an answer: all runs at a time. Category 5 has no right answer to
    /// compare with and is not judged.
    async fn judgements(
        &self,
        variant: usize,
        item: &Item,
        repeat: u32,
        answer: &str,
        trail: &mut Trail,
    ) -> Result<Vec<JudgementRow>, ExperimentError> {
        if !item.key.category.is_scored() {
            return Ok(Vec::new());
        }
        let runs = (0..self.judge.runs()).map(|run| async move {
            let meter = Meter::new();
            let in_flight = self.judging.fetch_add(1, Ordering::Relaxed) + 1;
            let start = Instant::now();
            let cx = meter.at(Stage::Judge).at_epoch(run);
            let result = self
                .judge
                .judge(&cx, &item.question, &item.key, answer)
                .await;
            let elapsed = unheld(start.elapsed(), &meter);
            self.judging.fetch_sub(1, Ordering::Relaxed);
            let unit = TimingRow {
                run: Some(run),
                in_flight,
                ..self.timing(variant, item, repeat, Phase::Judge)
            };
            let timing = measured(unit, elapsed, result.is_ok(), &meter);
            (run, result, timing, meter)
        });
        let mut rows = Vec::new();
        let mut stop = None;
        for (run, result, timing, meter) in futures::future::join_all(runs).await {
            trail.add(timing, &meter);
            stop = stop.or(result.as_ref().err().and_then(ExperimentError::stop));
            rows.push(JudgementRow::new(run, result));
        }
        match stop {
            Some(stop) => {
                self.write(|writers| writers.calls.append(&trail.calls))?;
                Err(stop)
            }
            None => Ok(rows),
        }
    }

    /// One query in flight, from the first to the last. `None` when it was asked to stop.
    async fn search(
        &self,
        variant: usize,
        entry: usize,
        memory: usize,
        items: &[(usize, Vec<u32>)],
        ready: &Ready,
    ) -> Result<Option<Vec<Searched>>, ExperimentError> {
        let asked_from = self.conversation(memory);
        let load = load();
        let mut found = Vec::with_capacity(items.len());
        for (order, (place, repeats)) in items.iter().enumerate() {
            if self.is_halted() {
                return Ok(None);
            }
            let Some(item) = self.item(entry, *place) else {
                continue;
            };
            let ingestion = self
                .plan
                .ingestion_of(repeats.first().copied().unwrap_or(0));
            let first = self.plan.repeats_of(ingestion).start;
            let meter = Meter::new();
            if let Some(failure) = &ready.failure {
                let error = ComponentError::new(
                    failure.component.clone(),
                    failure.kind,
                    format!("ingestion failed: {}", failure.message),
                );
                found.push(Searched {
                    place: *place,
                    repeats: repeats.clone(),
                    recall: Err(error),
                    meter,
                    timing: None,
                });
                continue;
            }
            let start = Instant::now();
            let recall = ready
                .system
                .recall(
                    &meter.at(Stage::Search).at_epoch(ingestion),
                    &asked_from,
                    &item.question,
                )
                .await;
            self.budget.worked(start.elapsed());
            let elapsed = unheld(start.elapsed(), &meter);
            let unit = TimingRow {
                warm_up: order < self.file.config.measure.warm_up,
                load,
                ..self.timing(variant, item, first, Phase::Search)
            };
            let timing = measured(unit, elapsed, recall.is_ok(), &meter);
            if let Err(error) = &recall
                && let Some(stop) = ExperimentError::stop(error)
            {
                self.write(|writers| writers.calls.append(&CallRow::of(&timing, meter.calls())))?;
                return Err(stop);
            }
            found.push(Searched {
                place: *place,
                repeats: repeats.clone(),
                recall,
                meter,
                timing: Some(timing),
            });
        }
        Ok(Some(found))
    }

    fn item(&self, entry: usize, place: usize) -> Option<&Item> {
        self.dataset.conversations.get(entry)?.items.get(place)
    }

    fn timing(&self, variant: usize, item: &Item, repeat: u32, phase: Phase) -> TimingRow {
        TimingRow {
            variant: self
                .plan
                .variants
                .get(variant)
                .map(|variant| variant.name.clone())
                .unwrap_or_default(),
            phase,
            conversation: item.question.id.conversation.clone(),
            session: None,
            question: Some(item.question.id.clone()),
            repeat,
            run: None,
            ms: None,
            replayed_ms: None,
            traffic: Vec::new(),
            warm_up: false,
            in_flight: 1,
            load: None,
            charges: BTreeMap::new(),
        }
    }
}

/// Whether a variant's system answers in the place of an answerer.
fn answers_itself(variant: &PlannedVariant) -> bool {
    matches!(variant.answerer, AnswererConfig::System(_))
}
