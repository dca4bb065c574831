//! Judging the stored answers of a run again, without running anything else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use futures::StreamExt;
use memgauge_core::{AnswerKey, Gold, Judge, Meter, Question, Stage, Traffic, Usage};
use memgauge_dataset::Errata;
use memgauge_model::{Budget, Limits, Reached, Taken};
use memgauge_report::errata::{CorrectedRow, corrected_file};
use memgauge_report::powered::sample;
use memgauge_report::record::{AnswerTokens, JudgementRow, QuestionRecord};
use memgauge_report::statistics::Bootstrap;
use memgauge_report::{
    Appender, JudgeCard, JudgeReport, JudgedKey, JudgedRow, Manifest, RunDir, RunDirError,
    judge_report,
};
use serde_json::{Value, json};

use crate::assemble::{Assembly, Supplies};
use crate::config::{ConfigFile, is_name};
use crate::digest;
use crate::error::ExperimentError;
use crate::run::{Event, Observer, REMOTE_JOBS, Stop, check_secrets};

/// What the command line says about a judging.
#[derive(Clone)]
pub struct JudgeOptions {
    /// NAME of `judgements-NAME.jsonl`.
    pub name: String,
    /// Judge only the answers to questions whose key these call wrong, with the corrected answer as the
    /// right one, into `corrected-NAME.jsonl`; `None` = every answer with the published key.
    pub errata: Option<Arc<Errata>>,
    /// Judgements at a time; `None` or 0 = 16.
    pub jobs: Option<usize>,
    /// Size and seed of a random sample of the questions: only their answers are judged; `None` = all.
    pub sample: Option<(usize, u64)>,
    /// What the judging may take, its earlier parts included as far as its file tells.
    pub limits: Limits,
    /// Models' traffic, secrets, prompts.
    pub supplies: Supplies,
}

/// How a judging ended.
#[derive(Debug)]
pub enum JudgeEnd {
    /// Every answer has been judged.
    Finished {
        /// Name of the file in the run directory.
        file: String,
        /// What it says.
        report: Box<JudgeReport>,
    },
    /// Stopped on request; the same command goes on.
    Interrupted,
    /// Stopped before a limit was passed; what was judged is kept, and the same command with more goes on.
    Limited {
        /// Which limit, and how near it is.
        reached: Reached,
    },
}

/// One answer to judge once.
struct Task {
    record: Arc<QuestionRecord>,
    gold: Gold,
    run: u32,
}

/// Judges every stored answer of categories 1 to 4, or those of a sample, with the judge of `file`; with errata those that
/// the key wrongs. Judgements that the
/// same judge has made before are kept; errors are tried again.
///
/// # Errors
/// When there is no judge or it cannot be built, the directory is in use or cannot be written, or
/// a failure of the judge's model stops everything.
pub async fn judge_again(
    dir: &RunDir,
    file: &ConfigFile,
    options: JudgeOptions,
    observer: Arc<dyn Observer>,
    stop: Stop,
) -> Result<JudgeEnd, ExperimentError> {
    if !is_name(&options.name) {
        return Err(ExperimentError::Config(vec![file.problem(
            "judge",
            format!(
                "`{}` cannot name a file: use letters, digits, `-`, `_` and `.`",
                options.name
            ),
        )]));
    }
    let supplies = Supplies {
        prompts: file.prompts_path().or(options.supplies.prompts),
        ..options.supplies
    };
    let assembly = Assembly::new(&file.config.models, supplies);
    let judge: Arc<dyn Judge> = match file.config.judge.build(&assembly.parts()) {
        Ok(judge) => Arc::from(judge),
        Err(error) => {
            return Err(ExperimentError::Config(vec![
                file.part_problem("judge", &error),
            ]));
        }
    };
    if judge.runs() == 0 {
        return Err(ExperimentError::Config(vec![
            file.problem("judge", "the config has no judge"),
        ]));
    }
    check_secrets(file, &assembly)?;
    let exchange = assembly.exchange();
    let unkept = |error: memgauge_model::TrafficError| ExperimentError::Stopped(error.to_string());
    exchange.ready().map_err(unkept)?;
    let lock = dir.lock().map_err(ExperimentError::RunDir)?;
    let manifest = dir.manifest().map_err(ExperimentError::RunDir)?;
    let errata = options.errata.as_deref();
    if let Some(errata) = errata
        && errata.dataset != manifest.dataset.content
    {
        return Err(ExperimentError::Resume(format!(
            "{}: the errata belong to the dataset {}, the run to {}",
            dir.path().display(),
            errata.dataset,
            manifest.dataset.content
        )));
    }
    let card = card(&options.name, file, &assembly, errata)?;
    let name = match errata {
        Some(_) => corrected_file(&options.name),
        None => format!("judgements-{}.jsonl", options.name),
    };

    let mut done: BTreeSet<JudgedKey> = BTreeSet::new();
    let mut before = Taken::default();
    dir.rows(&name, |row: JudgedRow| {
        if row.judge != card.digest {
            return;
        }
        if row.traffic.contains(&Traffic::Live) {
            before.add(&Usage {
                input: row.tokens.and_then(|tokens| tokens.input),
                output: row.tokens.and_then(|tokens| tokens.output),
                dollars: row.dollars,
                ..Usage::default()
            });
        }
        if row.judgement.label.is_some() {
            done.insert(row.key());
        }
    })
    .map_err(ExperimentError::RunDir)?;
    let mut records: Vec<(Arc<QuestionRecord>, Gold)> = Vec::new();
    dir.records(|record: QuestionRecord| {
        if record.answer.is_none() || !record.category.is_scored() {
            return;
        }
        if let Some(gold) = gold(&record, errata) {
            records.push((Arc::new(record), gold));
        }
    })
    .map_err(ExperimentError::RunDir)?;
    if let Some((size, seed)) = options.sample {
        let questions = records.iter().map(|(record, _)| &record.question);
        let drawn = sample(questions, size, seed);
        records.retain(|(record, _)| drawn.contains(&record.question));
    }
    let mut places: BTreeMap<JudgedKey, usize> = BTreeMap::new();
    let mut tasks: Vec<Task> = Vec::new();
    let mut all = 0;
    for (record, gold) in &records {
        for run in 0..judge.runs() {
            let key = (
                record.variant.clone(),
                record.question.clone(),
                record.repeat,
                run,
            );
            if !done.contains(&key) {
                tasks.push(Task {
                    record: Arc::clone(record),
                    gold: gold.clone(),
                    run,
                });
            }
            places.insert(key, all);
            all += 1;
        }
    }
    if all == 0 {
        return Err(ExperimentError::Resume(format!(
            "{}: there is no answer of categories 1 to 4 to judge{}",
            dir.path().display(),
            if errata.is_some() {
                " whose key the errata correct"
            } else {
                ""
            }
        )));
    }
    observer.event(&Event::Started {
        dir: dir.path(),
        questions: all,
        done: all - tasks.len(),
    });
    let stem = name.trim_end_matches(".jsonl");
    let recording = dir.file(&format!("{stem}.calls"));
    let cassette = dir.file(&format!("{stem}.cassette.jsonl.gz"));
    exchange
        .begin(&recording, &cassette)
        .await
        .map_err(unkept)?;
    let budget = Budget::new(options.limits, before, None);
    exchange.limit(Arc::clone(&budget));
    let bench = Arc::new(Bench {
        budget: Arc::clone(&budget),
        digest: card.digest.clone(),
        errata: errata.map(|errata| errata.digest.clone()),
        as_the_run: as_the_run(&card, &manifest),
        file: Mutex::new(dir.appender(&name).map_err(stopped)?),
        halted: AtomicBool::new(false),
        judge,
        observer: Arc::clone(&observer),
        stop,
    });
    let jobs = match options.jobs {
        Some(jobs) if jobs > 0 => jobs,
        _ => REMOTE_JOBS,
    };
    let mut judgements = futures::stream::iter(tasks)
        .map(|task| {
            let bench = Arc::clone(&bench);
            let task = tokio::spawn(async move { bench.judge(&task).await });
            async move {
                task.await
                    .unwrap_or_else(|error| Err(ExperimentError::Internal(error.to_string())))
            }
        })
        .buffer_unordered(jobs);
    // All are waited for, so that nothing is still writing at the end.
    let mut outcome = Ok(());
    while let Some(result) = judgements.next().await {
        if result.is_err() {
            bench.halted.store(true, Ordering::SeqCst);
        }
        outcome = outcome.and(result);
    }
    drop(judgements);
    match (outcome, budget.reached()) {
        // A refusal of the disk says more than the limit that was reached beside it.
        (Ok(()) | Err(ExperimentError::Quota(_)), Some(reached)) => {
            return Ok(JudgeEnd::Limited { reached });
        }
        (outcome, _) => outcome?,
    }
    if bench.stop.is_requested() {
        return Ok(JudgeEnd::Interrupted);
    }
    sort(dir, &name, &places).map_err(stopped)?;
    exchange.end(&cassette).map_err(unkept)?;
    observer.event(&Event::Summarising);
    let bootstrap = Bootstrap {
        seed: manifest.seed,
        ..Bootstrap::default()
    };
    let runs = bench.judge.runs();
    let report = judge_report(dir, &manifest, &name, card, runs, errata, bootstrap)?;
    drop(lock);
    Ok(JudgeEnd::Finished {
        file: name,
        report: Box::new(report),
    })
}

/// What all tasks share.
struct Bench {
    budget: Arc<Budget>,
    digest: String,
    /// Fingerprint of the errata that the right answers are from.
    errata: Option<String>,
    /// Whether the judge is the run's own.
    as_the_run: bool,
    file: Mutex<Appender>,
    /// Set by the first failure: nothing more is begun.
    halted: AtomicBool,
    judge: Arc<dyn Judge>,
    observer: Arc<dyn Observer>,
    stop: Stop,
}

impl Bench {
    async fn judge(&self, task: &Task) -> Result<(), ExperimentError> {
        let record = &task.record;
        let Some(answer) = &record.answer else {
            return Ok(());
        };
        let halted = self.stop.is_requested() || self.halted.load(Ordering::SeqCst);
        if halted || self.budget.is_out_of_time() {
            return Ok(());
        }
        let began = Instant::now();
        let question = Question {
            id: record.question.clone(),
            text: record.text.clone(),
        };
        let key = AnswerKey {
            category: record.category,
            gold: task.gold.clone(),
            evidence: record.evidence.clone(),
        };
        let meter = Meter::new();
        let cx = meter.at(Stage::Judge).at_epoch(task.run);
        let result = self.judge.judge(&cx, &question, &key, answer).await;
        if let Err(error) = &result
            && let Some(stop) = ExperimentError::stop(error)
        {
            return Err(stop);
        }
        let calls = meter.calls();
        let replied = || calls.iter().filter(|call| call.outcome.is_reply());
        let traffic: BTreeSet<_> = calls.iter().map(|call| call.spent.traffic).collect();
        let row = JudgedRow {
            variant: record.variant.clone(),
            question: record.question.clone(),
            repeat: record.repeat,
            judge: self.digest.clone(),
            judgement: JudgementRow::new(task.run, result),
            tokens: AnswerTokens::of(&calls, Stage::Judge),
            dollars: replied()
                .map(|call| call.usage.dollars)
                .reduce(|sum, next| Some(sum? + next?))
                .flatten(),
            traffic: traffic.into_iter().collect(),
            served_by: replied().find_map(|call| call.served_by.clone()),
        };
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        match &self.errata {
            Some(errata) => file.append([&CorrectedRow {
                errata: errata.clone(),
                as_the_run: self.as_the_run,
                judged: row,
            }]),
            None => file.append([&row]),
        }
        .map_err(stopped)?;
        self.budget.worked(began.elapsed());
        self.observer.event(&Event::Answered);
        Ok(())
    }
}

/// The right answer that an answer is judged by; `None` = it is not judged.
fn gold(record: &QuestionRecord, errata: Option<&Errata>) -> Option<Gold> {
    match errata {
        None => Some(record.gold.clone()),
        Some(errata) => {
            let erratum = errata.get(&record.question);
            let erratum = erratum.filter(|erratum| erratum.kind.corrupts_score());
            erratum?.answer.clone().map(Gold::Answer)
        }
    }
}

/// Whether a judge has the prompt, the model and the settings of the one that the run had.
fn as_the_run(card: &JudgeCard, manifest: &Manifest) -> bool {
    let theirs = manifest.config.get("judge");
    let model = theirs
        .and_then(|judge| judge.get("model")?.as_str())
        .and_then(|name| manifest.models.get(name));
    theirs.is_some_and(|judge| shape(judge) == shape(&card.config))
        && card.models.values().eq(model)
        && card
            .prompts
            .iter()
            .all(|(name, digest)| manifest.prompts.get(name) == Some(digest))
}

/// The settings of a judge that shape its judgements: not its number of runs, and not what the config
/// calls its model, whose id says what it is.
fn shape(config: &Value) -> Value {
    let mut shape = config.clone();
    if let Some(shape) = shape.as_object_mut() {
        shape.remove("runs");
        shape.remove("model");
    }
    shape
}

/// What the judge is, and the digest of all that shapes its judgements.
fn card(
    name: &str,
    file: &ConfigFile,
    assembly: &Assembly,
    errata: Option<&Errata>,
) -> Result<JudgeCard, ExperimentError> {
    let config = serde_json::to_value(&file.config.judge)
        .map_err(|error| ExperimentError::Internal(error.to_string()))?;
    let (models, prompts) = (assembly.loaded(), assembly.prompts());
    let ids: Vec<&String> = models.values().collect();
    let mut shaped = json!({ "judge": shape(&config), "models": ids, "prompts": prompts });
    if let (Some(errata), Some(shaped)) = (errata, shaped.as_object_mut()) {
        // Another right answer is another judgement.
        shaped.insert("errata".to_owned(), json!(errata.digest));
    }
    Ok(JudgeCard {
        name: name.to_owned(),
        digest: digest::of(&shaped),
        config,
        models,
        prompts,
    })
}

/// Puts the file in the order of the records. Of judgements made anew, the last stays.
fn sort(dir: &RunDir, name: &str, places: &BTreeMap<JudgedKey, usize>) -> Result<(), RunDirError> {
    let mut left: BTreeMap<(JudgedKey, String), usize> = BTreeMap::new();
    let key = |row: JudgedRow| (row.key(), row.judge);
    dir.rows(name, |row| *left.entry(key(row)).or_default() += 1)?;
    dir.rewrite(name, |row: JudgedRow| {
        let key = key(row);
        let left = left.get_mut(&key)?;
        *left -= 1;
        let (what, judge) = key;
        // Runs beyond those asked for this time keep their place behind.
        let place = places.get(&what).copied().unwrap_or(usize::MAX);
        (*left == 0).then_some((judge, place, what))
    })?;
    Ok(())
}

fn stopped(error: RunDirError) -> ExperimentError {
    ExperimentError::Stopped(error.to_string())
}
