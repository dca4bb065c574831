//! What calls of models came to: replies, tokens, money.

use std::collections::BTreeMap;

use memgauge_core::meter::CallKind;
use memgauge_core::{CallOutcome, Stage, Traffic};

use super::{Cost, CostSummary, PerQuestion, StageSummary};
use crate::call::{CallRow, CallUnit};
use crate::record::Phase;

/// The calls of one variant.
#[derive(Default)]
pub(super) struct CallRows {
    /// The last round of every unit of work: an interrupted one was begun anew.
    units: BTreeMap<CallUnit, Vec<CallRow>>,
    /// What live calls cost, all rounds together; `None` = one of them is unknown.
    paid: Option<Option<f64>>,
}

impl CallRows {
    /// Takes one more row, in the order of the file.
    pub(super) fn add(&mut self, row: CallRow) {
        if row.traffic == Traffic::Live && row.outcome.is_reply() {
            self.paid = Some(match self.paid {
                Some(paid) => add(paid, row.dollars),
                None => row.dollars,
            });
        }
        let unit = self.units.entry(row.unit()).or_default();
        if row.seq == 0 {
            unit.clear();
        }
        unit.push(row);
    }

    fn rows(&self, ingestion: bool) -> impl Iterator<Item = &CallRow> {
        let rows = self.units.values().flatten();
        rows.filter(move |row| row.phase.is_ingestion() == ingestion)
    }
}

/// All that was called for one variant.
pub(super) struct Calls<'a> {
    /// Its own calls.
    pub(super) own: Option<&'a CallRows>,
    /// The calls of the variant that ingested for it: itself, or another one.
    pub(super) ingestion: Option<&'a CallRows>,
}

impl Calls<'_> {
    fn rows(&self) -> impl Iterator<Item = &CallRow> {
        let ingestion = self
            .ingestion
            .into_iter()
            .flat_map(|calls| calls.rows(true));
        let own = self.own.into_iter().flat_map(|calls| calls.rows(false));
        ingestion.chain(own)
    }

    /// Calls by the stage that pays; empty where no model was called.
    pub(super) fn stages(&self) -> BTreeMap<Stage, StageSummary> {
        let mut stages: BTreeMap<Stage, Vec<&CallRow>> = BTreeMap::new();
        for row in self.rows() {
            stages.entry(row.stage).or_default().push(row);
        }
        let summary = |rows: Vec<&CallRow>| {
            let chat = |is: fn(CallOutcome) -> bool| {
                let chat = rows.iter().filter(|row| row.kind == CallKind::Chat);
                chat.filter(|row| is(row.outcome)).count() as u64
            };
            let replies = chat(CallOutcome::is_reply);
            let usable = chat(CallOutcome::is_used);
            let replied = || rows.iter().filter(|row| row.outcome.is_reply());
            StageSummary {
                cost: cost(&rows),
                replayed: count(&rows, |row| row.traffic != Traffic::Live),
                attempts: rows.iter().map(|row| u64::from(row.attempts)).sum(),
                replies,
                usable,
                truncated: chat(|outcome| outcome == CallOutcome::Truncated),
                malformed: chat(|outcome| outcome == CallOutcome::Malformed),
                usable_share: (replies > 0).then(|| usable as f64 / replies as f64),
                failed: count(&rows, |row| !row.outcome.is_reply()),
                cached_tokens: sum(replied().map(|row| row.cached_tokens)),
                reasoning_tokens: sum(replied().map(|row| row.reasoning_tokens)),
                counted: count(&rows, |row| row.counted),
                provider_ms: rows.iter().map(|row| row.provider_ms).sum(),
                backoff_ms: rows.iter().map(|row| row.backoff_ms).sum(),
                paused_ms: rows.iter().map(|row| row.paused_ms).sum(),
            }
        };
        stages
            .into_iter()
            .map(|(stage, rows)| (stage, summary(rows)))
            .collect()
    }

    /// What the variant cost; `None` where no model was called. Asking is divided by `answers` (questions x
    /// repeats), the ingestion by `memories` (questions x repeats of the ingestion).
    pub(super) fn cost(&self, answers: usize, memories: usize) -> Option<CostSummary> {
        self.rows().next()?;
        let of = |is: fn(Phase) -> bool| {
            let rows: Vec<&CallRow> = self.rows().filter(|row| is(row.phase)).collect();
            cost(&rows)
        };
        let ingest = of(Phase::is_ingestion);
        let ask = of(|phase| matches!(phase, Phase::Search | Phase::Answer));
        let per_question = (answers > 0 && memories > 0).then(|| {
            let (answers, memories) = (answers as f64, memories as f64);
            let share =
                |a: Option<u64>, b: Option<u64>| Some(a? as f64 / memories + b? as f64 / answers);
            PerQuestion {
                calls: ingest.calls as f64 / memories + ask.calls as f64 / answers,
                input_tokens: share(ingest.input_tokens, ask.input_tokens),
                output_tokens: share(ingest.output_tokens, ask.output_tokens),
                dollars: ingest
                    .dollars
                    .zip(ask.dollars)
                    .map(|(ingest, ask)| ingest / memories + ask / answers),
            }
        });
        Some(CostSummary {
            ingest,
            ask,
            judge: of(|phase| phase == Phase::Judge),
            per_question,
            paid_dollars: self
                .own
                .map_or(Some(0.0), |own| own.paid.unwrap_or(Some(0.0))),
        })
    }
}

fn count(rows: &[&CallRow], is: impl Fn(&CallRow) -> bool) -> u64 {
    rows.iter().filter(|row| is(row)).count() as u64
}

/// Tokens and money of the calls that were replied to.
fn cost(rows: &[&CallRow]) -> Cost {
    let replied = || rows.iter().filter(|row| row.outcome.is_reply());
    Cost {
        calls: rows.len() as u64,
        input_tokens: sum(replied().map(|row| row.input_tokens)),
        // Embedders generate nothing.
        output_tokens: sum(replied()
            .filter(|row| row.kind == CallKind::Chat)
            .map(|row| row.output_tokens)),
        dollars: replied()
            .map(|row| row.dollars)
            .try_fold(0.0, |sum, dollars| Some(sum + dollars?)),
    }
}

/// Unknown as soon as one is.
fn sum(values: impl Iterator<Item = Option<u64>>) -> Option<u64> {
    values
        .into_iter()
        .try_fold(0_u64, |sum, value| Some(sum + value?))
}

fn add(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    Some(a? + b?)
}

#[cfg(test)]
mod tests {
    use memgauge_core::{ConversationId, ErrorKind};

    use super::*;

    fn row(phase: Phase, seq: u32, outcome: CallOutcome, dollars: Option<f64>) -> CallRow {
        CallRow {
            variant: "a".to_owned(),
            phase,
            conversation: ConversationId::new("c"),
            session: None,
            question: None,
            repeat: 0,
            run: None,
            seq,
            stage: if phase == Phase::Ingest {
                Stage::Extract
            } else {
                Stage::Answer
            },
            kind: CallKind::Chat,
            model: "chat".to_owned(),
            served_by: None,
            request: "r".to_owned(),
            traffic: Traffic::Live,
            inputs: 1,
            input_tokens: outcome.is_reply().then_some(10),
            output_tokens: outcome.is_reply().then_some(2),
            cached_tokens: None,
            reasoning_tokens: None,
            counted: false,
            dollars,
            attempts: 1,
            own_ms: 0.0,
            provider_ms: 5.0,
            backoff_ms: 0.0,
            paused_ms: 0.0,
            replayed_ms: None,
            outcome,
            background: false,
        }
    }

    fn all(rows: &CallRows) -> Calls<'_> {
        Calls {
            own: Some(rows),
            ingestion: Some(rows),
        }
    }

    #[test]
    fn a_call_without_a_reply_costs_nothing_and_is_counted() {
        let mut rows = CallRows::default();
        rows.add(row(Phase::Answer, 0, CallOutcome::Usable, Some(0.5)));
        rows.add(row(Phase::Answer, 1, CallOutcome::Malformed, Some(0.25)));
        rows.add(row(
            Phase::Answer,
            2,
            CallOutcome::Failed(ErrorKind::Transient),
            None,
        ));
        let answer = all(&rows).stages()[&Stage::Answer];
        assert_eq!((answer.replies, answer.usable, answer.failed), (2, 1, 1));
        assert_eq!(answer.usable_share, Some(0.5));
        assert_eq!(answer.cost.input_tokens, Some(20));
        assert_eq!(answer.cost.dollars, Some(0.75));
        assert_eq!(answer.cached_tokens, None);
    }

    #[test]
    fn an_ingestion_is_shared_by_its_questions_and_its_last_round_counts() {
        let mut rows = CallRows::default();
        for _ in 0..2 {
            rows.add(row(Phase::Ingest, 0, CallOutcome::Usable, Some(1.0)));
            rows.add(row(Phase::Ingest, 1, CallOutcome::Usable, Some(1.0)));
        }
        rows.add(row(Phase::Answer, 0, CallOutcome::Usable, Some(0.5)));
        let cost = all(&rows).cost(5, 5).unwrap();
        assert_eq!(cost.ingest.dollars, Some(2.0));
        assert_eq!(cost.per_question.unwrap().dollars, Some(0.5));
        assert_eq!(cost.per_question.unwrap().input_tokens, Some(6.0));
        // The first round was paid too.
        assert_eq!(cost.paid_dollars, Some(4.5));
        rows.add(row(Phase::Answer, 1, CallOutcome::Usable, None));
        let cost = all(&rows).cost(5, 5).unwrap();
        assert_eq!((cost.ask.dollars, cost.paid_dollars), (None, None));
    }

    #[test]
    fn without_calls_there_is_no_cost() {
        let rows = CallRows::default();
        assert!(all(&rows).stages().is_empty());
        assert_eq!(all(&rows).cost(3, 3), None);
    }
}
