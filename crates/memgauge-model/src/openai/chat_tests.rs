//! What of a chat model's block shapes its key, and what is refused.

use memgauge_core::{ChatMessage, EmbedderHandle};

use super::*;

struct Secrets(Option<&'static str>);

impl Parts for Secrets {
    fn embedder(&self, _: &str) -> Result<EmbedderHandle, BuildError> {
        Err(BuildError::new("none"))
    }

    fn tokenizer(&self, _: &str) -> Result<Arc<dyn Tokenizer>, BuildError> {
        Err(BuildError::new("none"))
    }

    fn secret(&self, _: &str) -> Option<String> {
        self.0.map(str::to_owned)
    }

    fn folder(&self) -> &std::path::Path {
        std::path::Path::new("")
    }
}

fn build(config: &OpenAiConfig) -> Result<Arc<dyn ChatModel>, BuildError> {
    config.build(&Secrets(None))?.chat()
}

#[test]
fn the_key_is_of_what_shapes_replies_and_of_nothing_else() {
    let config = OpenAiConfig::default();
    let request = ChatRequest::text(vec![ChatMessage::user("hello")]);
    let key = |config: &OpenAiConfig, epoch| build(config).unwrap().key(&request, epoch);
    let plain = key(&config, 0);
    assert_eq!(plain.len(), 64);
    assert_eq!(
        plain,
        content_address(&json!({
            "provider": "openai",
            "model": "gpt-4o-mini",
            "body": {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hello"}]},
            "epoch": 0,
        }))
    );
    let same = OpenAiConfig {
        base_url: "http://127.0.0.1:9/v1/".to_owned(),
        api_key_env: String::new(),
        timeout_seconds: 1.0,
        max_attempts: 1,
        max_concurrency: 3,
        tokens_per_minute: Some(5),
        price_input: Some(1.0),
        price_output: Some(1.0),
        ..config.clone()
    };
    assert_eq!(key(&same, 0), plain);
    assert_ne!(key(&config, 1), plain);
    for other in [
        OpenAiConfig {
            provider: "azure".to_owned(),
            ..config.clone()
        },
        OpenAiConfig {
            model: "m".to_owned(),
            ..config.clone()
        },
        OpenAiConfig {
            temperature: Some(0.0),
            ..config.clone()
        },
        OpenAiConfig {
            max_tokens: Some(3),
            ..config.clone()
        },
        OpenAiConfig {
            extra: BTreeMap::from([("top_k".to_owned(), json!(1))]),
            ..config.clone()
        },
    ] {
        assert_ne!(key(&other, 0), plain, "{other:?}");
        assert_ne!(build(&other).unwrap().id(), build(&config).unwrap().id());
    }
}

#[test]
fn senseless_blocks_are_refused_with_their_key() {
    let config = OpenAiConfig::default();
    for (key, config) in [
        (
            "provider",
            OpenAiConfig {
                provider: "localhost:80".to_owned(),
                ..config.clone()
            },
        ),
        (
            "base-url",
            OpenAiConfig {
                base_url: "127.0.0.1:80".to_owned(),
                ..config.clone()
            },
        ),
        (
            "base-url",
            OpenAiConfig {
                base_url: "https://me:secret@x.y/v1".to_owned(),
                ..config.clone()
            },
        ),
        (
            "model",
            OpenAiConfig {
                model: String::new(),
                ..config.clone()
            },
        ),
        (
            "temperature",
            OpenAiConfig {
                temperature: Some(-1.0),
                ..config.clone()
            },
        ),
        (
            "timeout-seconds",
            OpenAiConfig {
                timeout_seconds: 0.0,
                ..config.clone()
            },
        ),
        (
            "max-attempts",
            OpenAiConfig {
                max_attempts: 0,
                ..config.clone()
            },
        ),
        (
            "max-concurrency",
            OpenAiConfig {
                max_concurrency: 0,
                ..config.clone()
            },
        ),
        (
            "requests-per-minute",
            OpenAiConfig {
                requests_per_minute: Some(0),
                ..config.clone()
            },
        ),
        (
            "tokenizer",
            OpenAiConfig {
                tokenizer: "o200".to_owned(),
                ..config.clone()
            },
        ),
        (
            "price-output",
            OpenAiConfig {
                model: "m".to_owned(),
                price_input: Some(1.0),
                ..config.clone()
            },
        ),
    ] {
        let error = build(&config).err().unwrap();
        assert_eq!(error.key.as_deref(), Some(key), "{error}");
        assert!(!error.message.contains("secret"), "{error}");
    }
}

#[tokio::test]
async fn a_missing_key_hinders_calls_and_nothing_else() {
    let config = OpenAiConfig::default();
    let missing = config.missing_secret(&Secrets(None));
    assert_eq!(missing.as_deref(), Some("OPENAI_API_KEY"));
    assert_eq!(config.missing_secret(&Secrets(Some("sk-x"))), None);
    let model = build(&config).unwrap();
    let completion = model.complete(&ChatRequest::default(), 0).await;
    assert_eq!(completion.spent.attempts, 0);
    let error = completion.result.unwrap_err();
    assert!(error.message.contains("`OPENAI_API_KEY`"), "{error}");
    let broken = Secrets(Some("line\nbreak"));
    let model = config.build(&broken).unwrap().chat().unwrap();
    let error = model.complete(&ChatRequest::default(), 0).await.result;
    assert!(!error.unwrap_err().message.contains("break"));
    let keyless = OpenAiConfig {
        api_key_env: String::new(),
        ..config
    };
    assert_eq!(keyless.missing_secret(&Secrets(None)), None);
}
