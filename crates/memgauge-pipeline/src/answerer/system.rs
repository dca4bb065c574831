//! Answers of the system itself.

use async_trait::async_trait;
use memgauge_core::{
    Answer, Answerer, Build, BuildError, ComponentError, Context, Cx, ErrorKind, Parts, Question,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The system answers itself: for a variant whose system is `external` and knows the request `answer`.
/// Answers are then asked for one at a time.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct SystemAnswererConfig {}

impl Build<Box<dyn Answerer>> for SystemAnswererConfig {
    fn build(&self, _: &dyn Parts) -> Result<Box<dyn Answerer>, BuildError> {
        Ok(Box::new(SystemAnswerer))
    }
}

/// Stands for a system that answers itself: whoever asks turns to
/// [`MemorySystem::answer`](memgauge_core::MemorySystem::answer) in its place.
#[derive(Debug, Clone, Copy)]
pub struct SystemAnswerer;

#[async_trait]
impl Answerer for SystemAnswerer {
    fn kind(&self) -> &'static str {
        "system"
    }

    async fn answer(&self, _: &Cx, _: &Question, _: &Context) -> Result<Answer, ComponentError> {
        Err(ComponentError::new(
            self.kind(),
            ErrorKind::Permanent,
            "the system was not asked",
        ))
    }
}
