//! Answer to label. Offline there is no judge: a label J takes a language model, so without one J
//! is unknown (null, shown as a dash), never 0.

use memgauge_core::{Build, BuildError, Parts, registry};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

registry! {
    /// Judges: answer to label.
    pub enum JudgeConfig: "judge" => NoJudge {
        "none" => NoJudge(NoJudgeConfig),
    }
}

impl Default for JudgeConfig {
    fn default() -> Self {
        Self::NoJudge(NoJudgeConfig {})
    }
}

/// No judge: J is null for every question.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct NoJudgeConfig {}

/// Gives no labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoJudge;

impl Build<NoJudge> for NoJudgeConfig {
    fn build(&self, _parts: &dyn Parts) -> Result<NoJudge, BuildError> {
        Ok(NoJudge)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_is_the_only_kind() {
        let read = |text| serde_json::from_str::<JudgeConfig>(text);
        assert_eq!(read(r#"{"kind":"none"}"#).unwrap(), JudgeConfig::default());
        assert!(read(r#"{"kind":"lenient"}"#).is_err());
        assert!(read(r#"{"kind":"none","runs":3}"#).is_err());
    }
}
