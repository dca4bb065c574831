//! The labels of `memgauge judge` in the place of the run's own.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::facts::JudgeFacts;
use super::read::Arm;
use super::selection::SelectionError;
use crate::judgements::{JudgedKey, JudgedRow};
use crate::record::mean_label;
use crate::rundir::RunDir;

/// Takes the labels of every arm from `judgements-NAME.jsonl` of its run directory.
///
/// # Errors
/// When a run has no such file, or the file holds several judges.
pub fn relabel(arms: &mut [Arm], name: &str) -> Result<(), SelectionError> {
    let mut files: BTreeMap<PathBuf, Judgements> = BTreeMap::new();
    for arm in arms {
        let judgements = match files.entry(arm.dir.clone()) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => {
                let dir = RunDir::open(&arm.dir)?;
                entry.insert(Judgements::read(&dir, name)?)
            }
        };
        arm.facts.judge = Some(judgements.judge.clone());
        for ((question, repeat), answer) in &mut arm.answers {
            let from = (arm.variant.clone(), question.clone(), *repeat, 0);
            let to = (arm.variant.clone(), question.clone(), *repeat, u32::MAX);
            let labels = judgements.labels.range(from..=to);
            answer.labels = labels.map(|(_, label)| *label).collect();
            answer.judge = mean_label(answer.labels.iter().copied());
        }
    }
    Ok(())
}

/// One file of judgements.
struct Judgements {
    judge: JudgeFacts,
    labels: BTreeMap<JudgedKey, Option<bool>>,
}

impl Judgements {
    fn read(dir: &RunDir, name: &str) -> Result<Self, SelectionError> {
        let mut labels = BTreeMap::new();
        let mut judges = BTreeSet::new();
        let mut served_by = BTreeSet::new();
        // Of several lines about the same run the last counts.
        dir.rows(&format!("judgements-{name}.jsonl"), |row: JudgedRow| {
            labels.insert(row.key(), row.judgement.label);
            judges.insert(row.judge.clone());
            served_by.extend(row.served_by.clone());
        })?;
        let mut judges = judges.into_iter();
        match (judges.next(), judges.next()) {
            (Some(judge), None) => Ok(Self {
                judge: JudgeFacts {
                    digest: Some(judge),
                    model: None,
                    served_by: served_by.into_iter().collect(),
                    prompt: Some(name.to_owned()),
                    prompt_digest: None,
                    settings: None,
                },
                labels,
            }),
            (Some(_), Some(_)) => Err(SelectionError::Judges {
                dir: dir.path().to_owned(),
                name: name.to_owned(),
            }),
            (None, _) => Err(SelectionError::NotJudged {
                dir: dir.path().to_owned(),
                name: name.to_owned(),
                known: known(dir),
            }),
        }
    }
}

/// The names of the judgements in a run directory, as a list.
fn known(dir: &RunDir) -> String {
    let entries = std::fs::read_dir(dir.path()).into_iter().flatten();
    let names: BTreeSet<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter_map(|file| {
            let name = file.strip_prefix("judgements-")?.strip_suffix(".jsonl")?;
            Some(name.to_owned())
        })
        .collect();
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.into_iter().collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::arm::fake::{FakeRun, judged_by, read};

    fn judged(question: &str, run: u32, label: Option<bool>, judge: &str) -> Value {
        json!({"variant": "a", "question": question, "repeat": 0, "judge": judge, "run": run, "label": label,
               "score": null, "reply": null, "request": null, "error": null, "tokens": null, "dollars": null,
               "traffic": [], "served_by": "m-1"})
    }

    #[test]
    fn other_labels_take_the_place_of_the_run_s_own() {
        let folder = tempfile::tempdir().unwrap();
        let texts: Vec<String> = ["one", "two"]
            .into_iter()
            .map(|name| {
                let mut run = FakeRun::new("x", &[("a", false)]).with(judged_by("m", "p"));
                run.answer("a", "c/q0", 1, Some(0.5), &[Some(true)]);
                run.answer("a", "c/q1", 1, Some(0.5), &[Some(true)]);
                let path = folder.path().join(name);
                run.write(&path);
                let dir = RunDir::open(&path).unwrap();
                let rows = [
                    judged("c/q0", 0, Some(true), "d"),
                    judged("c/q0", 1, Some(false), "d"),
                    judged("c/q0", 1, None, "d"),
                ];
                let file = dir.appender("judgements-strict.jsonl");
                file.unwrap().append(&rows).unwrap();
                path.display().to_string()
            })
            .collect();
        let mut arms = read(&texts);
        let own = arms[0].facts.judge.clone().unwrap();
        relabel(&mut arms, "strict").unwrap();
        let answers: Vec<_> = arms[0].answers.values().collect();
        assert_eq!(answers[0].labels, [Some(true), None]);
        assert_eq!((answers[0].judge, answers[1].judge), (Some(1.0), None));
        let judges: Vec<&JudgeFacts> = arms.iter().filter_map(|a| a.facts.judge.as_ref()).collect();
        assert!(judges[0].is_same(judges[1]));
        assert!(!judges[0].is_same(&own) && !own.is_same(judges[0]));

        let missing = relabel(&mut arms, "lenient").unwrap_err().to_string();
        assert!(
            missing.ends_with("no judgements `lenient` (known: strict)"),
            "{missing}"
        );
        let dir = RunDir::open(folder.path().join("one")).unwrap();
        let other = [judged("c/q1", 0, Some(true), "e")];
        let file = dir.appender("judgements-strict.jsonl");
        file.unwrap().append(&other).unwrap();
        let several = relabel(&mut arms, "strict").unwrap_err().to_string();
        assert!(several.contains("several judges"), "{several}");
    }
}
