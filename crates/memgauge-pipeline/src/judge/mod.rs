//! Answer to label. A label takes a language model: without one J is unknown (null, shown as a
//! dash), never 0.

pub mod llm;
pub mod none;

use memgauge_core::{Judge, registry};

pub use llm::{LlmJudge, LlmJudgeConfig};
pub use none::{NoJudge, NoJudgeConfig};

registry! {
    /// Judges: answer to label.
    pub enum JudgeConfig: "judge" => Box<dyn Judge> {
        "none" => NoJudge(none::NoJudgeConfig),
        "llm" => Llm(llm::LlmJudgeConfig),
    }
}

impl Default for JudgeConfig {
    fn default() -> Self {
        Self::NoJudge(NoJudgeConfig {})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_has_no_settings() {
        let read = |text| serde_json::from_str::<JudgeConfig>(text);
        assert_eq!(read(r#"{"kind":"none"}"#).unwrap(), JudgeConfig::default());
        assert!(read(r#"{"kind":"lenient"}"#).is_err());
        assert!(read(r#"{"kind":"none","runs":3}"#).is_err());
    }
}
