//! Search times of baseline and current, measured in turns on this machine.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::Context as _;
use memgauge_core::QuestionId;
use memgauge_experiment::search_rounds::{Ask, PROTOCOL, Ready, SearchTask, Times};
use memgauge_report::RunDir;
use memgauge_report::baseline::Baseline;
use memgauge_report::gate::{LATENCY, MeasuredLatency, MeasuredQuestion, Policy};
use serde::de::DeserializeOwned;

use super::rerun::planned;
use crate::exit;

/// Who is measured.
pub(super) struct Sides {
    /// Program and task of the current side.
    current: Side,
    /// Of the baseline's.
    baseline: Side,
    rounds: usize,
    /// Task files.
    _folder: tempfile::TempDir,
}

struct Side {
    binary: PathBuf,
    task: PathBuf,
}

/// What the command line says about it.
pub(super) struct Request<'a> {
    /// Rounds.
    pub(super) rounds: usize,
    /// The baseline's program; `None` = this one.
    pub(super) baseline_binary: Option<&'a Path>,
    /// The current program; `None` = this one.
    pub(super) current_binary: Option<&'a Path>,
}

impl Sides {
    /// Both sides with the configs of baseline and run, on the run's dataset.
    pub(super) fn new(
        request: &Request<'_>,
        baseline: &Baseline,
        run: &RunDir,
        policy: &Policy,
    ) -> anyhow::Result<Self> {
        let manifest = run.manifest()?;
        if manifest.imported.is_some() {
            return Err(exit::user(
                "--remeasure: nothing can be searched in an imported run",
            ));
        }
        let (_, dataset, _) = planned(run, &manifest)?;
        let folder = tempfile::tempdir().context("a folder for --remeasure")?;
        let side = |name: &str, config: &serde_json::Value, binary: Option<&Path>| {
            let task = SearchTask {
                protocol: PROTOCOL,
                config: config.clone(),
                base: manifest.base.clone().map(PathBuf::from),
                prompts: manifest.prompts_path.clone().map(PathBuf::from),
                dataset: std::path::absolute(&dataset.path)?,
                variants: variants(policy, baseline),
            };
            let path = folder.path().join(name);
            std::fs::write(&path, serde_json::to_vec(&task)?)?;
            let binary = match binary {
                Some(binary) => binary.to_owned(),
                None => std::env::current_exe()?,
            };
            Ok::<_, anyhow::Error>(Side { binary, task: path })
        };
        Ok(Self {
            baseline: side(
                "baseline.json",
                &baseline.head.config,
                request.baseline_binary,
            )?,
            current: side("current.json", &manifest.config, request.current_binary)?,
            rounds: request.rounds,
            _folder: folder,
        })
    }

    /// One set of rounds, from processes of its own. Who goes first changes from block to block and from round to round,
    /// so that what the machine does meanwhile meets both alike. A first round warms up and is not counted.
    pub(super) fn measure(&self) -> anyhow::Result<MeasuredLatency> {
        let (mut baseline, mut current) = (self.baseline.start()?, self.current.start()?);
        let (old, new) = (baseline.ready()?, current.ready()?);
        let mut measured = MeasuredLatency::default();
        for (side, ready) in [("baseline", &old), ("current", &new)] {
            for (variant, why) in &ready.refused {
                let why = format!("{side}: {why}");
                measured.refused.entry(variant.clone()).or_insert(why);
            }
        }
        for (variant, blocks) in &new.blocks {
            if measured.refused.contains_key(variant) {
                continue;
            }
            if old.blocks.get(variant) != Some(blocks) {
                let why = "baseline and current ask other questions".to_owned();
                measured.refused.insert(variant.clone(), why);
                continue;
            }
            let mut times: BTreeMap<&QuestionId, Vec<(f64, f64)>> = BTreeMap::new();
            for round in 0..=self.rounds {
                for (block, questions) in blocks.iter().enumerate() {
                    let ask = Ask {
                        variant: variant.clone(),
                        block,
                    };
                    let (mine, theirs) = if (round + block) % 2 == 0 {
                        let theirs = baseline.ask(&ask)?;
                        (current.ask(&ask)?, theirs)
                    } else {
                        (current.ask(&ask)?, baseline.ask(&ask)?)
                    };
                    if round == 0 {
                        continue;
                    }
                    let pairs = mine.ms.iter().zip(&theirs.ms);
                    for (question, (mine, theirs)) in questions.iter().zip(pairs) {
                        if let (Some(mine), Some(theirs)) = (mine, theirs) {
                            times.entry(question).or_default().push((*mine, *theirs));
                        }
                    }
                }
            }
            // A search that failed once is not compared.
            let whole = times
                .into_iter()
                .filter(|(_, rounds)| rounds.len() == self.rounds);
            let rows = whole.map(|(question, rounds)| MeasuredQuestion {
                question: question.clone(),
                rounds,
            });
            measured.variants.insert(variant.clone(), rows.collect());
        }
        Ok(measured)
    }
}

/// The variants whose latency the policy asks for.
fn variants(policy: &Policy, baseline: &Baseline) -> Vec<String> {
    let mut names = Vec::new();
    for check in policy.checks.iter().filter(|check| check.metric == LATENCY) {
        match check.variants.is_empty() {
            true => names.extend(baseline.head.variants.iter().map(|one| one.name.clone())),
            false => names.extend(check.variants.iter().cloned()),
        }
    }
    names.sort();
    names.dedup();
    names
}

impl Side {
    fn start(&self) -> anyhow::Result<Process> {
        let mut child = Command::new(&self.binary)
            .arg("search-rounds")
            .arg(&self.task)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| exit::user(format!("{}: {error}", self.binary.display())))?;
        let (input, output) = (child.stdin.take(), child.stdout.take().map(BufReader::new));
        Ok(Process {
            name: self.binary.display().to_string(),
            child,
            input,
            output,
        })
    }
}

/// One side at work.
struct Process {
    name: String,
    child: Child,
    input: Option<ChildStdin>,
    output: Option<BufReader<ChildStdout>>,
}

impl Process {
    fn ready(&mut self) -> anyhow::Result<Ready> {
        let ready: Ready = self.hear()?;
        match ready.protocol {
            PROTOCOL => Ok(ready),
            other => Err(exit::user(format!(
                "{}: speaks protocol {other} of search-rounds, and this memgauge {PROTOCOL}",
                self.name
            ))),
        }
    }

    fn ask(&mut self, ask: &Ask) -> anyhow::Result<Times> {
        if let Some(input) = &mut self.input {
            // Where it has ended, what it says last tells more.
            let _ = writeln!(input, "{}", serde_json::to_string(ask)?);
            let _ = input.flush();
        }
        self.hear()
    }

    fn hear<T: DeserializeOwned>(&mut self) -> anyhow::Result<T> {
        let mut line = String::new();
        if let Some(output) = &mut self.output {
            output.read_line(&mut line)?;
        }
        serde_json::from_str(&line).map_err(|_| {
            exit::user(format!(
                "{} search-rounds: ended, or does not know how searches are measured in rounds",
                self.name
            ))
        })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The end of its input ends it.
        self.input = None;
        self.output = None;
        let _ = self.child.wait();
    }
}
