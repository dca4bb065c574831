//! A prompt ready to be filled in.

use std::collections::BTreeMap;

use memgauge_core::config::unknown;
use memgauge_core::{BuildError, ChatMessage, ChatRole, ComponentError, ErrorKind, Parts};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;

use super::file::sections;
use super::{PROMPTS, PromptDoc, find};

/// Digest of a prompt file's text, in hex (BLAKE3): what a run's manifest notes.
pub fn digest(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex().to_string()
}

/// A prompt: messages with places to fill in.
#[derive(Debug, Clone)]
pub struct Prompt {
    name: String,
    messages: Vec<Message>,
    templates: Environment<'static>,
}

#[derive(Debug, Clone)]
struct Message {
    role: ChatRole,
    /// Line of the file at which it begins.
    line: usize,
    /// Its name among the templates.
    template: String,
}

impl Prompt {
    /// The prompt of the registry, or what the user has put in its place.
    ///
    /// # Errors
    /// When the user's file cannot be read or is no prompt: names the file and the line.
    pub fn load(parts: &dyn Parts, doc: &PromptDoc) -> Result<Self, BuildError> {
        let text = parts.prompt(doc.name, doc.text)?;
        Self::compile(doc.name, &text, doc)
    }

    /// The prompt that the config key `key` calls `name`: of the family of `like` (the part before
    /// the `/`) and with its variables, one of the registry or a file of the user's own.
    ///
    /// # Errors
    /// When there is none of that name, it belongs elsewhere, or it is no prompt.
    pub fn named(
        parts: &dyn Parts,
        key: &str,
        name: &str,
        like: &PromptDoc,
    ) -> Result<Self, BuildError> {
        let at = |error: BuildError| BuildError::at(key, error.message);
        let fits =
            |doc: &PromptDoc| doc.family() == like.family() && doc.variables == like.variables;
        if let Some(doc) = find(name)
            && fits(doc)
        {
            return Self::load(parts, doc).map_err(at);
        }
        let text = if name.split('/').next() == Some(like.family()) && find(name).is_none() {
            parts.prompt(name, "").map_err(at)?
        } else {
            String::new()
        };
        if text.is_empty() {
            let fitting: Vec<&str> = PROMPTS
                .iter()
                .filter(|doc| fits(doc))
                .map(|doc| doc.name)
                .collect();
            let message = match find(name) {
                Some(_) => format!(
                    "prompt `{name}` is not made for this (known: {})",
                    fitting.join(", ")
                ),
                None => unknown("prompt", name, &fitting),
            };
            return Err(BuildError::at(key, message));
        }
        Self::compile(name, &text, like).map_err(at)
    }

    /// A prompt from its text. It is rendered once with the variables' examples, so that most
    /// mistakes in a template are found before anything is paid for.
    ///
    /// # Errors
    /// When a line is not as it should be, or a variable is used that `doc` does not know.
    pub fn compile(name: &str, text: &str, doc: &PromptDoc) -> Result<Self, BuildError> {
        let wrong = |line: usize, message: &str| {
            BuildError::new(format!("prompt file `{name}.txt`, line {line}: {message}"))
        };
        let text = text.replace("\r\n", "\n");
        let sections = sections(&text).map_err(|(line, message)| wrong(line, &message))?;
        let mut templates = environment().map_err(|error| wrong(1, &told(&error)))?;
        let mut messages = Vec::with_capacity(sections.len());
        for section in &sections {
            let message = Message {
                role: section.role,
                line: section.line,
                template: messages.len().to_string(),
            };
            templates
                .add_template_owned(message.template.clone(), section.text.to_owned())
                .map_err(|error| wrong(message.line_of(&error), &told(&error)))?;
            let mut used: Vec<String> = templates
                .get_template(&message.template)
                .map_err(|error| wrong(message.line_of(&error), &told(&error)))?
                .undeclared_variables(false)
                .into_iter()
                .collect();
            used.sort_unstable();
            let known: Vec<&str> = doc.variables.iter().map(|v| v.name).collect();
            for variable in used {
                let is_global = templates.globals().any(|(name, _)| name == variable);
                if !is_global && !known.contains(&variable.as_str()) {
                    let line = message.line + first_line_with(section.text, &variable);
                    return Err(wrong(line, &unknown("variable", &variable, &known)));
                }
            }
            messages.push(message);
        }
        let prompt = Self {
            name: name.to_owned(),
            messages,
            templates,
        };
        let examples = doc.examples()?;
        prompt
            .fill(&examples)
            .map_err(|(line, message)| wrong(line, &message))?;
        Ok(prompt)
    }

    /// Its name, such as `extract/mem0-2504`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The messages with `values` filled in: an object, one key per variable.
    ///
    /// # Errors
    /// When the template asks for something that `values` does not hold.
    pub fn render(&self, values: &impl Serialize) -> Result<Vec<ChatMessage>, ComponentError> {
        let error = |message: String| {
            ComponentError::new(
                format!("prompt `{}`", self.name),
                ErrorKind::Permanent,
                message,
            )
        };
        let values = serde_json::to_value(values).map_err(|e| error(e.to_string()))?;
        self.fill(&values)
            .map_err(|(line, message)| error(format!("line {line}: {message}")))
    }

    fn fill(&self, values: &serde_json::Value) -> Result<Vec<ChatMessage>, (usize, String)> {
        let values = value(values);
        let mut messages = Vec::with_capacity(self.messages.len());
        for message in &self.messages {
            let content = self
                .templates
                .get_template(&message.template)
                .and_then(|template| template.render(&values))
                .map_err(|error| (message.line_of(&error), told(&error)))?;
            let content = content.trim();
            if !content.is_empty() {
                messages.push(ChatMessage {
                    role: message.role,
                    content: content.to_owned(),
                });
            }
        }
        Ok(messages)
    }
}

impl Message {
    /// The line of the file that `error` is about.
    fn line_of(&self, error: &minijinja::Error) -> usize {
        self.line + error.line().unwrap_or(1).saturating_sub(1)
    }
}

/// How far below the first line of `text` a block that names `variable` stands.
fn first_line_with(text: &str, variable: &str) -> usize {
    text.lines()
        .position(|line| line.contains('{') && line.contains(variable))
        .unwrap_or(0)
}

fn environment() -> Result<Environment<'static>, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    let mut syntax = SyntaxConfig::builder();
    environment.set_syntax(syntax.trim_blocks(true).lstrip_blocks(true).build()?);
    Ok(environment)
}

/// What a template engine has to say, without the name of the template.
fn told(error: &minijinja::Error) -> String {
    match error.detail() {
        Some(detail) => format!("{}: {detail}", error.kind()),
        None => error.kind().to_string(),
    }
}

/// JSON as templates see it. Keys come in the order of the alphabet.
fn value(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::from(()),
        serde_json::Value::Bool(value) => Value::from(*value),
        serde_json::Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(integer), _) => Value::from(integer),
            (_, Some(integer)) => Value::from(integer),
            _ => Value::from(number.as_f64().unwrap_or(f64::NAN)),
        },
        serde_json::Value::String(text) => Value::from(text.as_str()),
        serde_json::Value::Array(items) => Value::from(items.iter().map(value).collect::<Vec<_>>()),
        serde_json::Value::Object(object) => {
            let entries: BTreeMap<String, Value> = object
                .iter()
                .map(|(key, item)| (key.clone(), value(item)))
                .collect();
            Value::from(entries)
        }
    }
}
