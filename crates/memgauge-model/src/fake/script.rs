//! Rules: which request gets which reply.

use std::path::Path;

use memgauge_core::{ChatRequest, ChatRole, ErrorKind, Finish, ReplyForm};
use regex::Regex;
use serde::Deserialize;
use serde_json::Value;

/// Rules in order.
#[derive(Debug, Default)]
pub(super) struct Script {
    text: String,
    rules: Vec<Rule>,
}

/// A rule as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Written {
    contains: Option<String>,
    matches: Option<String>,
    #[serde(default)]
    within: Within,
    form: Option<String>,
    reply: Option<Value>,
    finish: Option<Finish>,
    error: Option<ErrorKind>,
    message: Option<String>,
    #[serde(default)]
    delay_ms: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    rule: Vec<Written>,
}

/// Where a rule looks.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Within {
    /// The last message of the user.
    #[default]
    LastUser,
    /// All messages, joined by line ends.
    Prompt,
}

/// A rule that was checked.
#[derive(Debug)]
pub(super) struct Rule {
    contains: Option<String>,
    matches: Option<Regex>,
    within: Within,
    form: Option<String>,
    outcome: Outcome,
    delay_ms: u64,
}

/// What a rule leads to.
#[derive(Debug, Clone)]
pub(super) enum Outcome {
    /// A reply.
    Reply(String, Finish),
    /// A failure.
    Error(ErrorKind, String),
}

impl Script {
    /// Reads a file of rules: TOML, or one per line in a file `.jsonl`.
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        let is_jsonl = path.extension().is_some_and(|ending| ending == "jsonl");
        Self::parse(&text, is_jsonl).map_err(|error| format!("{}: {error}", path.display()))
    }

    pub(super) fn parse(text: &str, is_jsonl: bool) -> Result<Self, String> {
        let written: Vec<Written> = if is_jsonl {
            let lines = text.lines().filter(|line| !line.trim().is_empty());
            lines
                .zip(1..)
                .map(|(line, number)| {
                    serde_json::from_str(line).map_err(|error| format!("rule {number}: {error}"))
                })
                .collect::<Result<_, _>>()?
        } else {
            let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
            file.rule
        };
        let rules = written
            .into_iter()
            .zip(1..)
            .map(|(written, number)| {
                Rule::new(written).map_err(|error| format!("rule {number}: {error}"))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            text: text.to_owned(),
            rules,
        })
    }

    /// The file.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The first rule that fits.
    pub(super) fn rule(&self, request: &ChatRequest) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.fits(request))
    }
}

impl Rule {
    fn new(written: Written) -> Result<Self, String> {
        let outcome = match (written.reply, written.error) {
            (Some(_), Some(_)) => return Err("has `reply` or `error`, not both".to_owned()),
            (None, None) => return Err("needs `reply` or `error`".to_owned()),
            (Some(Value::String(text)), None) => {
                Outcome::Reply(text, written.finish.unwrap_or(Finish::Stop))
            }
            (Some(object @ Value::Object(_)), None) => {
                Outcome::Reply(object.to_string(), written.finish.unwrap_or(Finish::Stop))
            }
            (Some(_), None) => return Err("`reply` is a text or a table".to_owned()),
            (None, Some(kind)) => {
                use ErrorKind::{ContextTooLong, Permanent, Quota, SetUp, Transient};
                if !matches!(kind, Transient | Permanent | ContextTooLong | Quota | SetUp) {
                    return Err(
                        "`error` is transient, permanent, context-too-long, quota or set-up"
                            .to_owned(),
                    );
                }
                let message = written.message.clone();
                Outcome::Error(kind, message.unwrap_or_else(|| "scripted".to_owned()))
            }
        };
        let matches = written.matches.as_deref().map(Regex::new).transpose();
        Ok(Self {
            contains: written.contains,
            matches: matches.map_err(|error| error.to_string())?,
            within: written.within,
            form: written.form,
            outcome,
            delay_ms: written.delay_ms,
        })
    }

    fn fits(&self, request: &ChatRequest) -> bool {
        let of_form = |form: &String| match &request.form {
            ReplyForm::Text => form == "text",
            ReplyForm::Json { name, .. } => form == name,
            ReplyForm::OneTool(tools) => tools.iter().any(|tool| tool.name == *form),
        };
        if !self.form.as_ref().is_none_or(of_form) {
            return false;
        }
        let words = match self.within {
            Within::LastUser => request
                .messages
                .iter()
                .rfind(|message| message.role == ChatRole::User)
                .map(|message| message.content.clone())
                .unwrap_or_default(),
            Within::Prompt => {
                let said = request.messages.iter();
                let said: Vec<&str> = said.map(|message| message.content.as_str()).collect();
                said.join("\n")
            }
        };
        self.contains
            .as_ref()
            .is_none_or(|text| words.contains(text))
            && self
                .matches
                .as_ref()
                .is_none_or(|regex| regex.is_match(&words))
    }

    pub(super) fn outcome(&self) -> Outcome {
        self.outcome.clone()
    }

    pub(super) fn delay_ms(&self) -> u64 {
        self.delay_ms
    }
}
