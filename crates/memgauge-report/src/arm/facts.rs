//! What is known about how an arm's numbers came to be: what a comparison has to look at first.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::import::Imported;
use crate::manifest::{Manifest, VariantManifest};

/// The answer key as the dataset has it.
const PUBLISHED: &str = "published";

/// The dataset behind an arm.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DatasetFacts {
    /// Its name.
    pub name: String,
    /// Fingerprint of its content: equal = the same questions, answers and turns.
    pub content: String,
}

/// The judge behind an arm's labels. What is not known is `None`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct JudgeFacts {
    /// Digest of all that shapes its judgements, where they come from `memgauge judge`; the rest is then in it.
    pub digest: Option<String>,
    /// What shapes the replies of its model; the provider's label, the model and its settings.
    pub model: Option<String>,
    /// Models that replied, as the provider names them.
    pub served_by: Vec<String>,
    /// Name of its prompt.
    pub prompt: Option<String>,
    /// Digest of the prompt's text.
    pub prompt_digest: Option<String>,
    /// Its other settings (a threshold, reasoning) as JSON, without the number of runs.
    pub settings: Option<String>,
}

impl JudgeFacts {
    /// Whether model and prompt, or the digest of all, are known: only then can it be said that two arms had the same judge.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.digest.is_some() || (self.model.is_some() && self.prompt_digest.is_some())
    }

    /// Whether both are known and the same: same digest, or same model, prompt and settings. How the prompt is called
    /// and who served the model are not asked.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let alike = self.digest.is_some() == other.digest.is_some();
        self.is_known() && other.is_known() && alike && self.differences(other).is_empty()
    }

    /// What is known to differ, as `model A, B`.
    #[must_use]
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let mut found = Vec::new();
        let mut differ = |what: &str, mine: Option<&str>, theirs: Option<&str>| {
            if let (Some(mine), Some(theirs)) = (mine, theirs)
                && mine != theirs
            {
                found.push(format!("{what} `{mine}` and `{theirs}`"));
            }
        };
        differ("digest", self.digest.as_deref(), other.digest.as_deref());
        differ("model", self.model.as_deref(), other.model.as_deref());
        differ(
            "prompt",
            self.prompt_digest.as_deref(),
            other.prompt_digest.as_deref(),
        );
        differ(
            "settings",
            self.settings.as_deref(),
            other.settings.as_deref(),
        );
        found
    }
}

/// Where an arm comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArmFacts {
    /// Name of the experiment.
    pub run: String,
    /// Digest of the experiment.
    pub digest: String,
    /// Kind of its system.
    pub system: String,
    /// Whether it is a control that knows the key, or asks the wrong memory.
    pub control: bool,
    /// The dataset.
    pub dataset: DatasetFacts,
    /// What wrote the answers: the model's name at its provider, or the kind of an answerer that calls none. `None`
    /// where nobody told.
    pub answer_model: Option<String>,
    /// The judge; `None` where there are no labels.
    pub judge: Option<JudgeFacts>,
    /// Answers to each question for each memory.
    pub answers: u32,
    /// The answer key behind its scores: `published`; under errata also `corrected` or `published, clean subset`.
    pub key: String,
    /// Whether another tool made the answers.
    pub imported: bool,
    /// Whether the run was finished.
    pub finished: bool,
    /// Whether questions of the dataset were left out.
    pub partial: bool,
    /// Seed of the run's own intervals.
    pub seed: u64,
}

/// Facts of an arm from its manifest. `labelled`: whether it has any label.
pub(crate) fn facts(
    manifest: &Manifest,
    variant: &VariantManifest,
    finished: bool,
    labelled: bool,
) -> ArmFacts {
    let imported = manifest.imported.as_ref();
    let judge = match imported {
        Some(imported) => imported_judge(imported),
        None => own_judge(manifest),
    };
    ArmFacts {
        run: manifest.name.clone(),
        digest: manifest.digest.clone(),
        system: variant.system.clone(),
        control: variant.control,
        dataset: DatasetFacts {
            name: manifest.dataset.name.clone(),
            content: manifest.dataset.content.clone(),
        },
        answer_model: match imported {
            Some(imported) => imported.answer_model.clone(),
            None => Some(own_answer_model(manifest, variant)),
        },
        judge: labelled.then_some(judge),
        answers: manifest.answers(),
        key: PUBLISHED.to_owned(),
        imported: imported.is_some(),
        finished,
        partial: manifest.partial,
        seed: manifest.seed,
    }
}

fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key)?.as_str().map(str::to_owned)
}

/// What the files, or who imported them, say about the judge: a prompt goes by a name or a digest.
fn imported_judge(imported: &Imported) -> JudgeFacts {
    JudgeFacts {
        digest: None,
        model: imported.judge_model.clone(),
        served_by: Vec::new(),
        prompt: None,
        prompt_digest: imported.judge_prompt.clone(),
        settings: None,
    }
}

fn own_judge(manifest: &Manifest) -> JudgeFacts {
    let config = manifest.config.get("judge");
    let name = config.and_then(|judge| text(judge, "model"));
    let prompt = config.and_then(|judge| text(judge, "prompt")).map(|name| {
        let long = format!("judge/{name}");
        if manifest.prompts.contains_key(&long) {
            long
        } else {
            name
        }
    });
    let settings = config.and_then(Value::as_object).map(|config| {
        let mut settings = config.clone();
        settings.retain(|key, _| !["model", "prompt", "runs"].contains(&key.as_str()));
        Value::Object(settings).to_string()
    });
    JudgeFacts {
        digest: None,
        model: name
            .as_ref()
            .and_then(|name| manifest.models.get(name).cloned()),
        served_by: name
            .and_then(|name| manifest.served_by.get(&name))
            .map(|served| served.iter().cloned().collect())
            .unwrap_or_default(),
        prompt_digest: prompt
            .as_ref()
            .and_then(|name| manifest.prompts.get(name).cloned()),
        prompt,
        settings,
    }
}

/// The model that a variant's answerer names, as its provider calls it; the answerer's kind where it names none.
fn own_answer_model(manifest: &Manifest, variant: &VariantManifest) -> String {
    // `NAME-swapped` answers as NAME does; the oracle as the experiment says.
    let base = variant.name.strip_suffix("-swapped");
    let config = manifest
        .config
        .get("variant")
        .and_then(Value::as_array)
        .and_then(|all| {
            let named = |wanted: &str| {
                all.iter()
                    .find(|one| one.get("name").and_then(Value::as_str) == Some(wanted))
            };
            named(&variant.name).or_else(|| named(base?))
        });
    let answerer = config
        .and_then(|variant| variant.get("answerer").filter(|own| !own.is_null()))
        .or_else(|| manifest.config.get("answerer"));
    let Some(name) = answerer.and_then(|answerer| text(answerer, "model")) else {
        return variant.answerer.clone();
    };
    let named = |config: &Value| text(config.get("models")?.get(&name)?, "model");
    config
        .and_then(named)
        .or_else(|| named(&manifest.config))
        .or_else(|| manifest.models.get(&name).cloned())
        .unwrap_or(name)
}
