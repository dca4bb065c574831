//! Models that are none: scripted replies and hashed vectors, for tests and dry runs.

mod embeddings;
mod instance;
mod script;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use memgauge_core::{
    Build, BuildError, ChatMessage, ChatModel, ChatReply, ChatRequest, Completion, Finish,
    ModelError, Parts, ReplyForm, Spent, Tokenizer as _, Traffic, Usage,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

pub use embeddings::{FakeEmbeddings, FakeEmbeddingsConfig, hashed_words};
pub use instance::Filling;

use crate::{Model, Tiktoken};
use script::{Outcome, Rule, Script};

/// Changes whenever the same request may get another reply.
const VERSION: u32 = 1;
/// Said where free text is wanted and nothing else is scripted.
const NOTHING: &str = "No model was asked.";

/// A chat model without a model, for tests and dry runs: replies come from a script. Where no rule
/// fits, text is `default`, and where JSON or a tool call is wanted, the smallest one that its
/// schema allows (empty lists, the first of several values). Tokens are counted in cl100k; nothing
/// costs anything; no network is touched. `--set 'models.NAME={kind="fake"}'` makes a dry run of
/// any config.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct FakeConfig {
    /// File of rules, relative to the current folder; the first that fits gives the reply. In TOML
    /// a list of `[[rule]]`, in a file `.jsonl` one per line. Conditions of a rule: `contains` (a
    /// text) or `matches` (a regular expression), `within` (`last-user`, the default, or `prompt`),
    /// `form` (name of the JSON form or tool that is wanted, or `text`). Results: `reply` (a text,
    /// or a table that becomes JSON) with `finish` (`stop`, `length`, `filter`), or `error`
    /// (`transient`, `permanent`, `context-too-long`, `quota`, `set-up`) with `message`; `delay-ms`.
    pub script: Option<PathBuf>,
    /// Reply where text is wanted and no rule fits.
    pub default: Option<String>,
}

impl Build<Model> for FakeConfig {
    fn build(&self, _parts: &dyn Parts) -> Result<Model, BuildError> {
        let script = match &self.script {
            Some(path) => Script::read(path).map_err(|error| BuildError::at("script", error))?,
            None => Script::default(),
        };
        let default = self.default.clone();
        Ok(Model::Chat(Arc::new(Fake::new(script, default))))
    }
}

/// A scripted chat model.
#[derive(Debug)]
pub struct Fake {
    id: String,
    script: Script,
    default: String,
}

impl Fake {
    fn new(script: Script, default: Option<String>) -> Self {
        let default = default.unwrap_or_else(|| NOTHING.to_owned());
        let mut hasher = blake3::Hasher::new();
        hasher.update(script.text().as_bytes());
        hasher.update(&[0]);
        hasher.update(default.as_bytes());
        let digest = hasher.finalize().to_hex();
        Self {
            id: format!("fake/{}/v{VERSION}", digest.get(..16).unwrap_or_default()),
            script,
            default,
        }
    }

    /// What is said without a rule.
    fn unscripted(&self, form: &ReplyForm) -> String {
        made_up(form, &Filling::MINIMAL).unwrap_or_else(|| self.default.clone())
    }
}

/// A reply of the form that is wanted, with nothing in it but `filling`; `None` where free text is wanted.
pub fn made_up(form: &ReplyForm, filling: &Filling<'_>) -> Option<String> {
    match form {
        ReplyForm::Text => None,
        ReplyForm::Json { schema, .. } => Some(instance::instance(schema, filling).to_string()),
        ReplyForm::OneTool(tools) => {
            let tool = tools.first()?;
            let arguments = instance::instance(&tool.parameters, filling);
            Some(json!({"tool": tool.name, "arguments": arguments}).to_string())
        }
    }
}

#[async_trait]
impl ChatModel for Fake {
    fn id(&self) -> &str {
        &self.id
    }

    fn key(&self, request: &ChatRequest, epoch: u32) -> String {
        let address = json!({ "model": self.id, "request": request, "epoch": epoch });
        blake3::hash(address.to_string().as_bytes())
            .to_hex()
            .to_string()
    }

    fn traffic(&self) -> Traffic {
        Traffic::Fake
    }

    fn at_most(&self, request: &ChatRequest) -> Usage {
        let count = |message: &ChatMessage| Tiktoken::Cl100k.count(&message.content) as u64;
        Usage {
            input: Some(request.messages.iter().map(count).sum()),
            counted: true,
            dollars: Some(0.0),
            ..Usage::default()
        }
    }

    fn price(&self, _: &Usage) -> Option<f64> {
        Some(0.0)
    }

    async fn complete(&self, request: &ChatRequest, _epoch: u32) -> Completion<ChatReply> {
        let rule = self.script.rule(request);
        let delay = Duration::from_millis(rule.map_or(0, Rule::delay_ms));
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        let result = match rule.map(Rule::outcome) {
            Some(Outcome::Error(kind, message)) => Err(ModelError::new(kind, message)),
            Some(Outcome::Reply(text, finish)) => Ok(reply(request, text, finish)),
            None => Ok(reply(request, self.unscripted(&request.form), Finish::Stop)),
        };
        Completion {
            result,
            spent: Spent {
                traffic: Traffic::Fake,
                attempts: 1,
                // As scripted, not as measured: two recordings of one script are equal.
                provider: delay,
                ..Spent::default()
            },
        }
    }
}

fn reply(request: &ChatRequest, text: String, finish: Finish) -> ChatReply {
    let count = |text: &str| Tiktoken::Cl100k.count(text) as u64;
    let input = request
        .messages
        .iter()
        .map(|message| count(&message.content))
        .sum();
    ChatReply {
        usage: Usage {
            input: Some(input),
            output: Some(count(&text)),
            cached: None,
            reasoning: None,
            counted: true,
            dollars: Some(0.0),
        },
        text,
        finish,
        model: Some("fake".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use memgauge_core::{ErrorKind, Tool};

    use super::*;

    fn fake(script: &str) -> Fake {
        Fake::new(Script::parse(script, false).unwrap(), None)
    }

    async fn ask(fake: &Fake, request: &ChatRequest) -> Result<ChatReply, ModelError> {
        fake.complete(request, 0).await.result
    }

    #[tokio::test]
    async fn the_first_rule_that_fits_replies() {
        let fake = fake(
            r#"
            [[rule]]
            matches = "^capital of (\\w+)"
            reply = "Paris"
            [[rule]]
            contains = "strict"
            within = "prompt"
            form = "verdict"
            reply = { label = "WRONG" }
            [[rule]]
            contains = "long"
            error = "context-too-long"
            message = "9000 of 8192"
            [[rule]]
            contains = "cut"
            reply = "a lon"
            finish = "length"
            "#,
        );
        let text = |words: &str| ChatRequest::text(vec![ChatMessage::user(words)]);
        let said = ask(&fake, &text("capital of France")).await.unwrap();
        assert_eq!(said.text, "Paris");
        assert_eq!((said.usage.input, said.usage.output), (Some(3), Some(1)));
        assert!(said.usage.counted);
        let error = ask(&fake, &text("too long")).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::ContextTooLong);
        assert_eq!(error.message, "9000 of 8192");
        let cut = ask(&fake, &text("cut")).await.unwrap();
        assert_eq!(cut.finish, Finish::Length);
        let judged = ChatRequest::json(
            vec![ChatMessage::system("be strict"), ChatMessage::user("judge")],
            "verdict",
            json!({"type": "object"}),
        );
        assert_eq!(
            ask(&fake, &judged).await.unwrap().text,
            r#"{"label":"WRONG"}"#
        );
        // `strict` alone does not reach the rule of another form.
        let other = ask(&fake, &text("strict")).await.unwrap();
        assert_eq!(other.text, NOTHING);
    }

    #[tokio::test]
    async fn without_a_script_replies_fit_their_form() {
        let fake = Fake::new(Script::default(), Some("yes".to_owned()));
        let text = ask(&fake, &ChatRequest::text(Vec::new())).await.unwrap();
        assert_eq!(text.text, "yes");
        let tool = ChatRequest {
            form: ReplyForm::OneTool(vec![Tool {
                name: "add".to_owned(),
                description: String::new(),
                parameters: json!({
                    "type": "object",
                    "properties": {"ids": {"type": "array", "items": {"type": "integer"}}},
                    "required": ["ids"],
                }),
            }]),
            ..ChatRequest::default()
        };
        assert_eq!(
            ask(&fake, &tool).await.unwrap().text,
            r#"{"tool":"add","arguments":{"ids":[]}}"#
        );
    }

    #[test]
    fn keys_tell_requests_repeats_and_scripts_apart() {
        let one = fake("");
        let other = fake("[[rule]]\nreply = \"x\"");
        let request = ChatRequest::text(vec![ChatMessage::user("a")]);
        assert_eq!(one.key(&request, 0), one.key(&request, 0));
        assert_ne!(one.key(&request, 0), one.key(&request, 1));
        assert_ne!(one.key(&request, 0), other.key(&request, 0));
        let more = ChatRequest {
            max_tokens: Some(5),
            ..request.clone()
        };
        assert_ne!(one.key(&request, 0), one.key(&more, 0));
    }

    #[test]
    fn a_script_with_a_mistake_says_where() {
        for (script, jsonl, word) in [
            (
                "[[rule]]\ncontain = \"x\"",
                false,
                "unknown field `contain`",
            ),
            (
                "[[rule]]\ncontains = \"x\"",
                false,
                "rule 1: needs `reply` or `error`",
            ),
            (
                "[[rule]]\nreply = \"x\"\nerror = \"quota\"",
                false,
                "not both",
            ),
            (
                "[[rule]]\nreply = \"x\"\n[[rule]]\nmatches = \"(\"\nreply = \"y\"",
                false,
                "rule 2",
            ),
            ("[[rule]]\nreply = 3", false, "a text or a table"),
            ("{\"reply\": \"x\"}\n{\"reply\": ", true, "rule 2"),
        ] {
            let error = Script::parse(script, jsonl).unwrap_err();
            assert!(error.contains(word), "{script}: {error}");
        }
    }
}
