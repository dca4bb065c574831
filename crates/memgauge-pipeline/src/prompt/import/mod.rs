//! Prompts from a local checkout of mem0's evaluation, for people who must use the original wording:
//! triple-quoted constants of Python files become prompt files of ours.

mod convert;
mod python;
#[cfg(test)]
mod tests;

pub use python::{Constant, constants};

use super::{Prompt, find};

/// What becomes of a constant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It takes the place of a prompt.
    Mapped {
        /// The prompt.
        prompt: &'static str,
        /// The prompt file.
        text: String,
        /// What was changed beyond the names of variables, or could not be taken over.
        remarks: Vec<String>,
    },
    /// It is left out.
    NotMapped {
        /// Why.
        reason: String,
    },
}

/// Which constant becomes which prompt.
struct Rule {
    /// What the path of the file has in it.
    file: &'static str,
    constant: &'static str,
    prompt: &'static str,
    /// Role under which it was sent.
    role: &'static str,
    /// Names of variables there and here.
    variables: &'static [(&'static str, &'static str)],
    /// Variables that have no counterpart of their own: from the line of the first to the line of
    /// the last, everything becomes `{{ context }}`.
    context: &'static [&'static str],
    remark: Option<&'static str>,
}

const ANSWER: &[(&str, &str)] = &[
    ("question", "question"),
    ("QUESTION", "question"),
    ("memories", "context"),
    ("context", "context"),
    ("CONTEXT", "context"),
];

const SPEAKERS: &[&str] = &[
    "speaker_1_user_id",
    "speaker_1_memories",
    "speaker_1_graph_memories",
    "speaker_2_user_id",
    "speaker_2_memories",
    "speaker_2_graph_memories",
];

/// The first rule that fits holds. Paths are compared in lower case.
const RULES: &[Rule] = &[
    Rule {
        file: "openai",
        constant: "ANSWER_PROMPT",
        prompt: "answer/notes",
        role: "system",
        variables: ANSWER,
        context: &[],
        remark: None,
    },
    Rule {
        file: "prompts.py",
        constant: "ANSWER_PROMPT",
        prompt: "answer/mem0",
        role: "system",
        variables: ANSWER,
        context: SPEAKERS,
        remark: None,
    },
    Rule {
        file: "prompts.py",
        constant: "ANSWER_PROMPT_GRAPH",
        prompt: "answer/mem0g",
        role: "system",
        variables: ANSWER,
        context: SPEAKERS,
        remark: None,
    },
    Rule {
        file: "rag.py",
        constant: "PROMPT",
        prompt: "answer/rag",
        role: "user",
        variables: ANSWER,
        context: &[],
        remark: Some("the system message beside it is no constant: add it under `--- system ---`"),
    },
    Rule {
        file: "llm_judge.py",
        constant: "ACCURACY_PROMPT",
        prompt: "judge/lenient",
        role: "user",
        variables: &[
            ("question", "question"),
            ("gold_answer", "gold"),
            ("generated_answer", "answer"),
        ],
        context: &[],
        remark: None,
    },
    Rule {
        file: "add.py",
        constant: "custom_instructions",
        prompt: "instructions/mem0-eval",
        role: "system",
        variables: &[],
        context: &[],
        remark: None,
    },
];

/// Turns a constant of the file `path` (relative to the checkout, with `/`) into a prompt file.
pub fn import(path: &str, constant: &Constant) -> Outcome {
    let path = path.to_ascii_lowercase();
    let rule = RULES
        .iter()
        .find(|rule| path.contains(rule.file) && rule.constant == constant.name);
    let Some(rule) = rule else {
        return not_mapped("memgauge has no prompt in its place");
    };
    let Some(doc) = find(rule.prompt) else {
        return not_mapped(format!("there is no prompt `{}`", rule.prompt));
    };
    let mut remarks: Vec<String> = rule
        .remark
        .iter()
        .map(|&remark| remark.to_owned())
        .collect();
    let body = convert::to_template(&constant.text, rule.variables, rule.context, &mut remarks);
    let text = format!(
        "Imported from {path}, line {}, constant {}.\n--- {} ---\n{}\n",
        constant.line,
        constant.name,
        rule.role,
        body.trim_matches('\n')
    );
    match Prompt::compile(rule.prompt, &text, doc) {
        Ok(_) => Outcome::Mapped {
            prompt: rule.prompt,
            text,
            remarks,
        },
        Err(error) => not_mapped(format!(
            "it does not fit prompt `{}`: {}",
            rule.prompt, error.message
        )),
    }
}

fn not_mapped(reason: impl Into<String>) -> Outcome {
    Outcome::NotMapped {
        reason: reason.into(),
    }
}
