//! Systems for tests, as small as they can be.

use std::collections::BTreeMap;
use std::path::PathBuf;

use memgauge_core::{Category, QuestionId};
use memgauge_report::arm::{Arm, ArmAnswer, ArmFacts, ArmTimings, DatasetFacts};
use memgauge_report::loss::LossSummary;
use memgauge_report::record::TextMetrics;

use super::read::of_answers;
use super::{Charged, Options, Results, Samples, Stage, System, Timings};

/// A system: per question its F1, its context tokens, and its search time.
pub(crate) fn system(
    label: &str,
    of: impl Fn(usize) -> (Option<f64>, Option<u64>, Option<f64>),
) -> System {
    let mut answers = BTreeMap::new();
    let mut samples = Samples::default();
    for at in 0..40 {
        let question: QuestionId = format!("c{}/q{}", at / 10, at % 10).parse().unwrap();
        let (f1, tokens, ms) = of(at);
        if let Some(ms) = ms {
            samples.sorted.push(ms);
            samples.by_question.insert(question.clone(), vec![ms]);
        }
        let answer = ArmAnswer {
            category: Category::from_number(1 + (at % 5) as u64).unwrap(),
            failure: None,
            scores: f1.map(|f1| TextMetrics {
                f1_locomo: f1,
                f1_set: None,
                bleu1: None,
                exact_match: None,
            }),
            judge: None,
            labels: Vec::new(),
            tokens: None,
            context_tokens: tokens,
            retrieval: None,
        };
        answers.insert((question, 0), answer);
    }
    samples.clusters = samples.sorted.chunks(10).map(<[f64]>::to_vec).collect();
    samples.sorted.sort_unstable_by(f64::total_cmp);
    let mut timings = Timings::new();
    if !samples.sorted.is_empty() {
        timings.insert(Stage::Search, samples);
    }
    System {
        right: None,
        arm: Arm {
            label: label.to_owned(),
            variant: label.to_owned(),
            dir: PathBuf::from("run"),
            selection: 0,
            facts: ArmFacts {
                run: "run".to_owned(),
                digest: "d".to_owned(),
                system: "turns".to_owned(),
                control: false,
                dataset: DatasetFacts {
                    name: "sample".to_owned(),
                    content: "c".to_owned(),
                },
                answer_model: None,
                judge: None,
                answers: 1,
                key: "published".to_owned(),
                imported: false,
                finished: true,
                partial: false,
                seed: 0,
            },
            answers,
            timings: ArmTimings::default(),
        },
        summary: None,
        loss: None,
        timings,
        charged: Charged::default(),
        ceiling: None,
        base: None,
        machine: "a machine, 2 core(s)".to_owned(),
    }
}

/// Gives a system losses, and what is right by their rules.
pub(crate) fn lose(system: &mut System, loss: LossSummary) {
    system.right = Some(of_answers(&system.arm, &loss));
    system.loss = Some(loss);
}

/// Results with fewer resamples.
pub(crate) fn results(systems: Vec<System>) -> Results {
    let mut results = Results::of(systems, &Options::default()).unwrap();
    results.bootstrap.resamples = 200;
    results
}

/// Twenty systems with long names, in a small space.
pub(crate) fn twenty() -> Results {
    let names = (0..20).map(|at| {
        format!(
            "a-variant-with-a-long-name,retriever.k={at},fusion.kind=rrf,context.max-tokens={at}"
        )
    });
    let systems = names.enumerate().map(|(at, name)| {
        system(&name, |question| {
            let right = (question * 7 + at) % 10 < 4 + at % 3;
            (
                Some(f64::from(u8::from(right))),
                Some(700 + 8 * at as u64),
                Some(1.0 + 0.01 * at as f64 + 0.1 * question as f64),
            )
        })
    });
    results(systems.collect())
}
