//! No judge.

use async_trait::async_trait;
use memgauge_core::{
    AnswerKey, Build, BuildError, ComponentError, Cx, ErrorKind, Judge, Judgement, Parts, Question,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// No judge: J is null for every question.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct NoJudgeConfig {}

/// Gives no labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoJudge;

impl Build<Box<dyn Judge>> for NoJudgeConfig {
    fn build(&self, _parts: &dyn Parts) -> Result<Box<dyn Judge>, BuildError> {
        Ok(Box::new(NoJudge))
    }
}

#[async_trait]
impl Judge for NoJudge {
    fn kind(&self) -> &'static str {
        "none"
    }

    fn runs(&self) -> u32 {
        0
    }

    async fn judge(
        &self,
        _cx: &Cx,
        _question: &Question,
        _key: &AnswerKey,
        _answer: &str,
    ) -> Result<Judgement, ComponentError> {
        Err(ComponentError::new(
            "judge",
            ErrorKind::Permanent,
            "there is none",
        ))
    }
}
