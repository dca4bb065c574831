//! The extractor.

use async_trait::async_trait;
use memgauge_core::ConversationId;
use memgauge_core::{
    BuildError, ChatHandle, ChatRequest, ComponentError, Cx, ErrorKind, Extractor, Fact,
    MemoryKind, Parts, Source, Turn, Window,
};
use serde_json::{Value, json};

use super::reply::{Reply, schema, statements};
use super::summary::Rolling;
use super::{LlmExtractorConfig, at_least_one};
use crate::context::spoken_time;
use crate::extractor::session_metadata;
use crate::extractor::verbatim::shown_caption;
use crate::prompt::{Prompt, PromptDoc, required};

/// Begins the names of prompts that hold custom instructions.
const INSTRUCTIONS: &str = "instructions/";

/// See [`LlmExtractorConfig`].
pub struct LlmExtractor {
    config: LlmExtractorConfig,
    chat: ChatHandle,
    prompt: Prompt,
    instructions: Instructions,
    summary: Option<Rolling>,
}

enum Instructions {
    Text(String),
    Prompt(Box<Prompt>),
}

impl LlmExtractor {
    /// The extractor as configured.
    ///
    /// # Errors
    /// When there is no such model or prompt, or a limit is 0.
    pub fn new(config: &LlmExtractorConfig, parts: &dyn Parts) -> Result<Self, BuildError> {
        at_least_one("max-facts", config.max_facts.map(|n| n as u64))?;
        at_least_one("max-chars", config.max_chars.map(|n| n as u64))?;
        at_least_one("max-tokens", config.max_tokens.map(u64::from))?;
        let like: &PromptDoc = required("extract/mem0-2504")?;
        let prompt = Prompt::named(parts, "prompt", &config.prompt, like)?;
        let instructions = if config.instructions.starts_with(INSTRUCTIONS) {
            let like = required("instructions/mem0-eval")?;
            let name = &config.instructions;
            Instructions::Prompt(Box::new(Prompt::named(parts, "instructions", name, like)?))
        } else {
            Instructions::Text(config.instructions.trim().to_owned())
        };
        let chat = parts
            .chat(&config.model)
            .map_err(|error| BuildError::at("model", error.message))?;
        let summary = if config.summary.enabled {
            Some(Rolling::new(&config.summary, chat.clone(), parts)?)
        } else {
            None
        };
        Ok(Self {
            config: config.clone(),
            chat,
            prompt,
            instructions,
            summary,
        })
    }

    fn request(&self, window: &Window<'_>, summary: &str) -> Result<ChatRequest, ComponentError> {
        let config = &self.config;
        let turn = |number: usize, turn: &Turn| {
            json!({
                "number": number,
                "speaker": turn.speaker,
                "role": role(window.perspective, &turn.speaker),
                "text": text(turn, config.captions),
            })
        };
        let list = |turns: &[Turn]| -> Vec<Value> {
            (1..)
                .zip(turns)
                .map(|(number, it)| turn(number, it))
                .collect()
        };
        let mut values = json!({
            "time": spoken_time(window.session.held_at),
            "weekday": weekday(window.session.held_at),
            "speakers": window.head.speakers,
            "user": window.perspective,
            "summary": summary,
            "before": list(window.before),
            "turns": list(window.turns),
            "instructions": "",
            "kinds": config.kinds,
            "max_facts": config.max_facts,
            "cite": config.cite,
        });
        let instructions = match &self.instructions {
            Instructions::Text(text) => text.clone(),
            Instructions::Prompt(prompt) => {
                let messages = prompt.render(&values)?;
                let texts: Vec<String> = messages.into_iter().map(|m| m.content).collect();
                texts.join("\n\n")
            }
        };
        if let Value::Object(values) = &mut values {
            values.insert("instructions".to_owned(), Value::from(instructions));
        }
        let schema = schema(config.cite, config.max_facts, config.max_chars);
        Ok(ChatRequest {
            max_tokens: config.max_tokens,
            ..ChatRequest::json(self.prompt.render(&values)?, "facts", schema)
        })
    }

    async fn ask(
        &self,
        cx: &Cx,
        window: &Window<'_>,
        summary: &str,
    ) -> Result<Vec<Fact>, ComponentError> {
        let request = self.request(window, summary)?;
        let asked = self
            .chat
            .structured::<Reply>(cx, &request, |_| Ok(()))
            .await;
        let reply = match asked {
            Ok((reply, _)) => reply,
            Err(error) if error.kind == ErrorKind::Malformed => {
                cx.count("malformed:extract", 1);
                return Ok(Vec::new());
            }
            Err(error) if error.kind == ErrorKind::ContextTooLong => {
                cx.count("too-long:extract", 1);
                return Ok(Vec::new());
            }
            Err(error) => return Err(error),
        };
        let config = &self.config;
        let statements = statements(cx, reply, window.turns, config.cite, config.max_facts);
        Ok(statements
            .into_iter()
            .map(|statement| Fact {
                kind: MemoryKind::Fact,
                speaker: speaker(window, &statement.sources),
                text: statement.text,
                sources: statement.sources,
                held_at: window.session.held_at,
                metadata: session_metadata(window.session.index),
            })
            .collect())
    }
}

/// Whose fact it is: the speaker whose memory is written, or the one who said all that it rests on.
fn speaker(window: &Window<'_>, sources: &[Source]) -> Option<String> {
    if let Some(name) = window.perspective {
        return Some(name.to_owned());
    }
    let mut speakers = window
        .turns
        .iter()
        .filter(|turn| sources.iter().any(|source| source.turn == turn.id))
        .map(|turn| &turn.speaker);
    let first = speakers.next()?;
    speakers.all(|other| other == first).then(|| first.clone())
}

fn role(perspective: Option<&str>, speaker: &str) -> &'static str {
    match perspective {
        None => "",
        Some(name) if name == speaker => "user",
        Some(_) => "assistant",
    }
}

/// What was said, as prompts show it.
pub(super) fn text(turn: &Turn, captions: bool) -> String {
    let mut text = turn.text.trim().to_owned();
    if let Some(caption) = shown_caption(turn).filter(|_| captions) {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str("[shared an image: ");
        text.push_str(caption);
        text.push(']');
    }
    text
}

fn weekday(at: jiff::civil::DateTime) -> &'static str {
    use jiff::civil::Weekday;
    match at.weekday() {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    }
}

#[async_trait]
impl Extractor for LlmExtractor {
    fn kind(&self) -> &'static str {
        "llm"
    }

    fn batch(&self) -> Option<usize> {
        (self.config.batch > 0).then_some(self.config.batch)
    }

    fn lookback(&self) -> usize {
        self.config.lookback
    }

    async fn extract(&self, cx: &Cx, window: &Window<'_>) -> Result<Vec<Fact>, ComponentError> {
        // A session without turns: nothing to read, and no tick of the clock.
        if window.turns.is_empty() {
            return Ok(Vec::new());
        }
        cx.count("extractor:llm", 1);
        let summary = match &self.summary {
            Some(summary) => summary.current(cx, window).await?,
            None => String::new(),
        };
        let facts = self.ask(cx, window, &summary).await?;
        if let Some(summary) = &self.summary {
            summary.tick(cx, window, self.config.captions);
        }
        Ok(facts)
    }

    fn forget(&self, is_gone: &dyn Fn(&ConversationId) -> bool) {
        if let Some(summary) = &self.summary {
            summary.forget(is_gone);
        }
    }

    async fn finish(&self, cx: &Cx) -> Result<(), ComponentError> {
        match &self.summary {
            Some(summary) => summary.finish(cx).await,
            None => Ok(()),
        }
    }
}
