//! A judge that asks a chat model.

use async_trait::async_trait;
use memgauge_core::{
    AnswerKey, Build, BuildError, ChatHandle, ChatRequest, ComponentError, Cx, ErrorKind, Judge,
    Judgement, Parts, Question,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::prompt::{Prompt, find};

/// Asks a chat model whether the answer is right: question, right answer and answer are shown, the
/// context is not. Category 5 has no right answer and is not judged. A reply that cannot be read,
/// after one more try, is an error and no label.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct LlmJudgeConfig {
    /// Name of the chat model; it should not be the answerer's.
    pub model: String,
    /// `lenient` (as in Mem0's evaluation: about the same thing is enough), `strict` (the whole
    /// answer and nothing against it), `graded` (a score from 0 to 1), or a file `judge/NAME` of
    /// your own.
    pub prompt: String,
    /// How often every answer is judged. J is the mean over the runs.
    #[schemars(range(min = 1))]
    pub runs: u32,
    /// Ask for a sentence of reasoning before the label.
    pub reasoning: bool,
    /// Score from which an answer counts as right; given, the judge is asked for a score in place
    /// of a label. `graded` has 0.5 without it.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub threshold: Option<f64>,
    /// At most so many tokens in a reply; without it, what the model block says.
    #[schemars(range(min = 1))]
    pub max_tokens: Option<u32>,
}

impl Default for LlmJudgeConfig {
    fn default() -> Self {
        Self {
            model: "chat".to_owned(),
            prompt: "lenient".to_owned(),
            runs: 1,
            reasoning: false,
            threshold: None,
            max_tokens: None,
        }
    }
}

/// Prompts that go by their last name.
const PRESETS: [&str; 3] = ["lenient", "strict", GRADED];

const GRADED: &str = "graded";

impl LlmJudgeConfig {
    /// Full name of the prompt.
    fn prompt_name(&self) -> String {
        if PRESETS.contains(&self.prompt.as_str()) {
            format!("judge/{}", self.prompt)
        } else {
            self.prompt.clone()
        }
    }

    /// Score from which an answer counts as right; `None` where the judge gives labels.
    fn score_threshold(&self) -> Option<f64> {
        let graded = self.prompt_name() == format!("judge/{GRADED}");
        self.threshold.or_else(|| graded.then_some(0.5))
    }
}

impl Build<Box<dyn Judge>> for LlmJudgeConfig {
    fn build(&self, parts: &dyn Parts) -> Result<Box<dyn Judge>, BuildError> {
        if self.runs == 0 {
            return Err(BuildError::at(
                "runs",
                "must be at least 1; kind `none` judges nothing",
            ));
        }
        let threshold = self.score_threshold();
        if threshold.is_some_and(|threshold| !(0.0..=1.0).contains(&threshold)) {
            return Err(BuildError::at("threshold", "must lie between 0 and 1"));
        }
        if threshold.is_some() && ["judge/lenient", "judge/strict"].contains(&&*self.prompt_name())
        {
            return Err(BuildError::at(
                "threshold",
                format!("prompt `{}` gives labels, not scores", self.prompt),
            ));
        }
        let like = find("judge/lenient").ok_or_else(|| BuildError::new("no judge prompt"))?;
        Ok(Box::new(LlmJudge {
            model: parts.chat(&self.model)?,
            prompt: Prompt::named(parts, "prompt", &self.prompt_name(), like)?,
            config: self.clone(),
            threshold,
        }))
    }
}

/// The judge `llm`.
#[derive(Debug)]
pub struct LlmJudge {
    config: LlmJudgeConfig,
    model: ChatHandle,
    prompt: Prompt,
    threshold: Option<f64>,
}

/// What a judge replies; which of the two is there follows from the prompt.
#[derive(Debug, Deserialize)]
struct Verdict {
    label: Option<String>,
    score: Option<f64>,
}

impl Verdict {
    fn label(&self) -> Result<bool, String> {
        let label = self.label.as_deref().map(str::trim).unwrap_or_default();
        if label.eq_ignore_ascii_case("correct") {
            Ok(true)
        } else if label.eq_ignore_ascii_case("wrong") {
            Ok(false)
        } else {
            Err("`label` must be CORRECT or WRONG".to_owned())
        }
    }

    fn score(&self) -> Result<f64, String> {
        self.score
            .filter(|score| (0.0..=1.0).contains(score))
            .ok_or_else(|| "`score` must be a number from 0 to 1".to_owned())
    }
}

impl LlmJudge {
    fn schema(&self) -> Value {
        let mut properties = Map::new();
        if self.config.reasoning {
            // Named so that it comes first in the alphabet: where a schema guides the model, it
            // writes the properties in their order, and reasons should come before the label.
            properties.insert("analysis".to_owned(), json!({"type": "string"}));
        }
        match self.threshold {
            Some(_) => properties.insert("score".to_owned(), json!({"type": "number"})),
            None => properties.insert(
                "label".to_owned(),
                json!({"type": "string", "enum": ["CORRECT", "WRONG"]}),
            ),
        };
        let required: Vec<&String> = properties.keys().collect();
        json!({
            "type": "object",
            "required": required,
            "properties": properties,
            "additionalProperties": false,
        })
    }
}

#[async_trait]
impl Judge for LlmJudge {
    fn kind(&self) -> &'static str {
        "llm"
    }

    fn runs(&self) -> u32 {
        self.config.runs
    }

    async fn judge(
        &self,
        cx: &Cx,
        question: &Question,
        key: &AnswerKey,
        answer: &str,
    ) -> Result<Judgement, ComponentError> {
        if !key.category.is_scored() {
            return Err(ComponentError::new(
                "judge",
                ErrorKind::Permanent,
                "category 5 has no right answer to judge by",
            ));
        }
        cx.count("judge:llm", 1);
        let messages = self.prompt.render(&json!({
            "question": question.text,
            "gold": key.gold.text(),
            "answer": answer,
            "reasoning": self.config.reasoning,
        }))?;
        let request = ChatRequest {
            max_tokens: self.config.max_tokens,
            ..ChatRequest::json(messages, "verdict", self.schema())
        };
        let check = |verdict: &Verdict| match self.threshold {
            Some(_) => verdict.score().map(drop),
            None => verdict.label().map(drop),
        };
        let (verdict, reply) = match self.model.structured(cx, &request, check).await {
            Ok(read) => read,
            Err(error) => {
                if error.kind == ErrorKind::Malformed {
                    cx.count("malformed:judge", 1);
                }
                return Err(error);
            }
        };
        let unread = |message: String| ComponentError::new("judge", ErrorKind::Malformed, message);
        let (label, score) = match self.threshold {
            Some(threshold) => {
                let score = verdict.score().map_err(unread)?;
                (score >= threshold, Some(score))
            }
            None => (verdict.label().map_err(unread)?, None),
        };
        Ok(Judgement {
            label,
            score,
            reply: reply.text,
            request: self.model.key(cx, &request),
        })
    }
}

#[cfg(test)]
mod tests {
    use memgauge_core::{Category, Gold, Meter, ReplyForm, Stage};

    use super::*;
    use crate::fake_chat::{Shop, question};

    fn key(category: Category) -> AnswerKey {
        AnswerKey {
            category,
            gold: Gold::Answer("7 May 2023".to_owned()),
            evidence: Vec::new(),
        }
    }

    async fn verdict(config: LlmJudgeConfig, shop: &Shop) -> Result<Judgement, ComponentError> {
        let judge = config.build(shop).unwrap();
        let cx = Meter::new().at(Stage::Judge).at_epoch(2);
        let asked = question("When?");
        judge
            .judge(&cx, &asked, &key(Category::Temporal), "May 7th")
            .await
    }

    #[tokio::test]
    async fn a_label_is_read_from_a_structured_reply() {
        let shop = Shop::replying([r#"{"label": "CORRECT"}"#, r#"```json {"label":"wrong"}```"#]);
        let right = verdict(LlmJudgeConfig::default(), &shop).await.unwrap();
        assert!(right.label);
        assert_eq!(right.reply, r#"{"label": "CORRECT"}"#);
        assert_eq!(right.request, "2/2");
        assert!(
            !verdict(LlmJudgeConfig::default(), &shop)
                .await
                .unwrap()
                .label
        );
        assert_eq!(shop.epochs(), [2, 2]);
        let request = &shop.requests()[0];
        assert!(
            request.messages[1]
                .content
                .contains("Right answer: 7 May 2023")
        );
        assert!(
            request.messages[1]
                .content
                .contains("Answer to grade: May 7th")
        );
        let ReplyForm::Json { schema, .. } = &request.form else {
            panic!("{request:?}");
        };
        assert_eq!(schema["required"], json!(["label"]));
    }

    #[tokio::test]
    async fn what_cannot_be_read_is_an_error_and_no_label() {
        let shop = Shop::replying([r#"{"label": "MAYBE"}"#, "I think it is correct."]);
        let error = verdict(LlmJudgeConfig::default(), &shop).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Malformed);
        assert!(error.message.contains("I think it is correct."), "{error}");
        // The model was shown what was wrong.
        let second = &shop.requests()[1];
        assert!(second.messages[3].content.contains("CORRECT or WRONG"));
        let error = verdict(LlmJudgeConfig::default(), &shop).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::ContextTooLong);
    }

    #[tokio::test]
    async fn grades_become_labels_at_the_threshold() {
        let graded = LlmJudgeConfig {
            prompt: "graded".to_owned(),
            reasoning: true,
            ..LlmJudgeConfig::default()
        };
        let replies = [
            r#"{"analysis": "half of it", "score": 0.5}"#,
            r#"{"analysis": "", "score": 7}"#,
            r#"{"analysis": "", "score": 0.4}"#,
        ];
        let shop = Shop::replying(replies);
        let half = verdict(graded.clone(), &shop).await.unwrap();
        assert_eq!((half.label, half.score), (true, Some(0.5)));
        // 7 is no grade: asked again.
        let less = verdict(graded, &shop).await.unwrap();
        assert_eq!((less.label, less.score), (false, Some(0.4)));
        let ReplyForm::Json { schema, .. } = &shop.requests()[0].form else {
            panic!("a form");
        };
        assert_eq!(schema["required"], json!(["analysis", "score"]));
    }

    #[tokio::test]
    async fn category_5_is_not_judged() {
        let shop = Shop::replying([r#"{"label": "CORRECT"}"#]);
        let judge = LlmJudgeConfig::default().build(&shop).unwrap();
        let cx = Meter::new().at(Stage::Judge);
        let key = key(Category::Adversarial);
        assert!(
            judge
                .judge(&cx, &question("When?"), &key, "x")
                .await
                .is_err()
        );
        assert!(shop.requests().is_empty());
    }

    #[test]
    fn senseless_settings_are_refused() {
        let shop = Shop::replying([]);
        let refused = |config: LlmJudgeConfig| config.build(&shop).err().unwrap().key.unwrap();
        let default = LlmJudgeConfig::default;
        assert_eq!(
            refused(LlmJudgeConfig {
                runs: 0,
                ..default()
            }),
            "runs"
        );
        for (prompt, threshold) in [("lenient", 0.5), ("graded", 1.5)] {
            let config = LlmJudgeConfig {
                prompt: prompt.to_owned(),
                threshold: Some(threshold),
                ..default()
            };
            assert_eq!(refused(config), "threshold");
        }
        for prompt in ["judge/none", "mild", "answer/mem0"] {
            let config = LlmJudgeConfig {
                prompt: prompt.to_owned(),
                ..default()
            };
            assert_eq!(refused(config), "prompt");
        }
    }
}
