//! Run directories for tests, as small as they can be.

use std::path::Path;

use serde_json::{Value, json};

use super::{Arm, Selection, arms};
use crate::rundir::{RunDir, files};

/// A run to write: what a test says about it, everything else filled in.
pub(crate) struct FakeRun {
    /// Name of the experiment.
    pub(crate) name: &'static str,
    /// Laid over the manifest.
    pub(crate) manifest: Value,
    /// Variants: name, whether a control.
    pub(crate) variants: Vec<(&'static str, bool)>,
    records: Vec<Value>,
}

impl FakeRun {
    pub(crate) fn new(name: &'static str, variants: &[(&'static str, bool)]) -> Self {
        Self {
            name,
            manifest: json!({}),
            variants: variants.to_vec(),
            records: Vec::new(),
        }
    }

    /// Lays keys over the manifest.
    pub(crate) fn with(mut self, manifest: Value) -> Self {
        self.manifest = manifest;
        self
    }

    /// One answer: F1 and the labels of the judge's runs.
    pub(crate) fn answer(
        &mut self,
        variant: &str,
        question: &str,
        category: u8,
        f1: Option<f64>,
        labels: &[Option<bool>],
    ) {
        self.repeat(variant, question, category, 0, f1, labels);
    }

    pub(crate) fn repeat(
        &mut self,
        variant: &str,
        question: &str,
        category: u8,
        repeat: u32,
        f1: Option<f64>,
        labels: &[Option<bool>],
    ) {
        let judgements: Vec<Value> = labels
            .iter()
            .zip(0..)
            .map(|(label, run)| json!({"run": run, "label": label, "reply": "as it came"}))
            .collect();
        let scores =
            f1.map(|f1| json!({"f1.locomo": f1, "f1.set": f1, "bleu1": f1, "exact": null}));
        self.records.push(json!({
            "variant": variant, "question": question, "repeat": repeat, "category": category,
            "outcome": if f1.is_some() { "answered" } else { "failed" },
            "component": if f1.is_some() { Value::Null } else { json!("answerer") },
            "error": if f1.is_some() { Value::Null } else { json!("transient") },
            "text": "?", "gold": {"Answer": "x"}, "evidence": [], "answer": f1.map(|_| "y"),
            "scores": scores, "judge": crate::record::mean_label(labels.iter().copied()),
            "judgements": judgements, "context": {"cl100k": 12}, "retrieval": null,
        }));
    }

    /// Writes it to `path`.
    pub(crate) fn write(&self, path: &Path) {
        let dir = RunDir::create(path).unwrap();
        let variants: Vec<Value> = self
            .variants
            .iter()
            .map(|(name, control)| {
                json!({"name": name, "system": "turns", "answerer": "extractive", "judge": "none",
                       "control": control, "digest": name})
            })
            .collect();
        let mut manifest = json!({
            "schema_version": 2, "name": self.name, "digest": self.name,
            "config": {"answerer": {"kind": "extractive"}, "judge": {"kind": "none"}},
            "dataset": {"name": "sample", "file": "sample.json", "path": "", "sha256": "s",
                        "content": "c", "conversations": 1, "questions": 1},
            "variants": variants, "models": {}, "partial": false, "seed": 0, "tool": "0.1.0",
            "revision": null, "argv": [], "started": "2026-01-01T00:00:00Z",
            "machine": {"platform": "x", "cpu": null, "cores": 1, "memory_mib": null, "build": "release"},
            "jobs": 1,
        });
        if let (Some(all), Some(more)) = (manifest.as_object_mut(), self.manifest.as_object()) {
            all.extend(more.clone());
        }
        dir.write_json(files::MANIFEST, &manifest).unwrap();
        dir.appender(files::RECORDS)
            .unwrap()
            .append(&self.records)
            .unwrap();
        dir.write_json(files::SUMMARY, &json!({})).unwrap();
    }
}

/// A manifest with a judge of this model and prompt digest.
pub(crate) fn judged_by(model: &str, prompt: &str) -> Value {
    json!({
        "config": {"answerer": {"kind": "llm", "model": "chat"},
                   "judge": {"kind": "llm", "model": "judge", "prompt": "lenient", "runs": 2},
                   "models": {"chat": {"kind": "openai", "model": "gpt-4o-mini"}}},
        "models": {"judge": model}, "prompts": {"judge/lenient": prompt},
    })
}

/// The arms that these texts name.
pub(crate) fn read(texts: &[String]) -> Vec<Arm> {
    let selections: Vec<Selection> = texts
        .iter()
        .map(|text| Selection::parse(text).unwrap())
        .collect();
    arms(&selections).unwrap()
}

/// A manifest of an imported run, with the model and the prompt of its judge where they are told.
pub(crate) fn imported(judge: Option<(&str, &str)>) -> Value {
    let (model, prompt) = judge.unzip();
    json!({"imported": {
        "format": "mem0", "files": [], "answer_model": null, "answer_prompt": null, "judge_model": model,
        "judge_prompt": prompt, "accuracy": null, "rows": 1, "matched": 1, "folded": 0, "conflicting": 0,
        "unmatched": 0, "unreadable": 0, "findings": {}, "missing": {}, "judge_runs": 1,
    }})
}
