//! An answerer that asks a chat model, under a prompt of the protocol's.

use async_trait::async_trait;
use memgauge_core::{
    Answer, Answerer, Build, BuildError, ChatHandle, ChatRequest, ComponentError, Context, Cx,
    ErrorKind, Parts, Question,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::prompt::{Prompt, find};

/// Asks a chat model. The reply, without the white space around it, is the answer; an empty one is
/// a malformed outcome and never an answer that is scored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct LlmAnswererConfig {
    /// Name of the chat model.
    pub model: String,
    /// Name of the prompt: `answer/mem0`, `answer/mem0g`, `answer/rag` (full context too),
    /// `answer/notes`, `answer/no-memory`, `answer/short`, or a file `answer/NAME` of your own. Only
    /// `answer/short` provides for a refusal, without which category 5 cannot be passed.
    pub prompt: String,
    /// At most so many tokens in the answer; without it, what the model block says.
    #[schemars(range(min = 1))]
    pub max_tokens: Option<u32>,
}

impl Default for LlmAnswererConfig {
    fn default() -> Self {
        Self {
            model: "chat".to_owned(),
            prompt: DEFAULT_PROMPT.to_owned(),
            max_tokens: None,
        }
    }
}

const DEFAULT_PROMPT: &str = "answer/mem0";

impl Build<Box<dyn Answerer>> for LlmAnswererConfig {
    fn build(&self, parts: &dyn Parts) -> Result<Box<dyn Answerer>, BuildError> {
        let like = find(DEFAULT_PROMPT).ok_or_else(|| BuildError::new("no answer prompt"))?;
        Ok(Box::new(LlmAnswerer {
            model: parts.chat(&self.model)?,
            prompt: Prompt::named(parts, "prompt", &self.prompt, like)?,
            max_tokens: self.max_tokens,
        }))
    }
}

/// The answerer `llm`.
#[derive(Debug)]
pub struct LlmAnswerer {
    model: ChatHandle,
    prompt: Prompt,
    max_tokens: Option<u32>,
}

#[async_trait]
impl Answerer for LlmAnswerer {
    fn kind(&self) -> &'static str {
        "llm"
    }

    async fn answer(
        &self,
        cx: &Cx,
        question: &Question,
        context: &Context,
    ) -> Result<Answer, ComponentError> {
        cx.count("answerer:llm", 1);
        let request = ChatRequest {
            messages: self.prompt.render(&json!({
                "context": context.text.trim_end(),
                "question": question.text,
            }))?,
            max_tokens: self.max_tokens,
            ..ChatRequest::default()
        };
        match self.model.complete(cx, &request).await {
            Ok(reply) => Ok(Answer {
                text: reply.text.trim().to_owned(),
                entry: None,
            }),
            Err(error) => {
                match error.kind {
                    ErrorKind::Malformed => cx.count("malformed:answer", 1),
                    ErrorKind::ContextTooLong => cx.count("too-long:answer", 1),
                    _ => {}
                }
                Err(error)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use memgauge_core::{ChatRole, Meter, Stage};

    use super::*;
    use crate::fake_chat::{Shop, question};

    fn context(text: &str) -> Context {
        Context {
            text: text.to_owned(),
            ..Context::default()
        }
    }

    #[tokio::test]
    async fn the_model_sees_question_and_context_and_its_reply_is_the_answer() {
        let shop = Shop::replying(["  7 May 2023\n"]);
        let answerer = LlmAnswererConfig::default().build(&shop).unwrap();
        let cx = Meter::new().at(Stage::Answer);
        let context = context("8 May 2023: Mira bought a kayak yesterday.\n");
        let asked = question("When did Mira buy a kayak?");
        let answer = answerer.answer(&cx, &asked, &context).await.unwrap();
        assert_eq!(answer.text, "7 May 2023");
        let request = &shop.requests()[0];
        assert_eq!(request.messages.len(), 2);
        let user = &request.messages[1];
        assert_eq!(user.role, ChatRole::User);
        assert!(user.content.contains("Mira bought a kayak yesterday."));
        assert!(
            user.content
                .contains("Question: When did Mira buy a kayak?")
        );
    }

    #[tokio::test]
    async fn an_empty_reply_is_malformed_and_a_long_context_is_counted() {
        let shop = Shop::replying(["  \n"]);
        let answerer = LlmAnswererConfig::default().build(&shop).unwrap();
        let meter = Meter::new();
        let cx = meter.at(Stage::Answer);
        let asked = question("Why?");
        let error = answerer
            .answer(&cx, &asked, &context(""))
            .await
            .unwrap_err();
        assert_eq!(error.kind, ErrorKind::Malformed);
        // The script has no more replies: the fake's window is full.
        let error = answerer
            .answer(&cx, &asked, &context(""))
            .await
            .unwrap_err();
        assert_eq!(error.kind, ErrorKind::ContextTooLong);
        assert_eq!(meter.counters()["malformed:answer"], 1);
        assert_eq!(meter.counters()["too-long:answer"], 1);
        assert_eq!(meter.charges()[&Stage::Answer].malformed, 1);
    }

    #[test]
    fn prompts_of_other_parts_are_refused() {
        let shop = Shop::replying([]);
        let build = |prompt: &str| {
            let config = LlmAnswererConfig {
                prompt: prompt.to_owned(),
                ..LlmAnswererConfig::default()
            };
            config.build(&shop).map(|_| ())
        };
        for name in ["mem0", "mem0g", "rag", "notes", "no-memory", "short"] {
            build(&format!("answer/{name}")).unwrap();
        }
        for name in ["judge/strict", "answer/mem1"] {
            let error = build(name).unwrap_err();
            assert_eq!(error.key.as_deref(), Some("prompt"));
            assert!(error.message.contains("answer/mem0"), "{error}");
        }
    }
}
