//! Embedders.

use std::sync::Arc;

use memgauge_core::{
    Build, CallOutcome, Embedder, EmbedderHandle, ErrorKind, Meter, Purpose, Stage,
};
use memgauge_model::{Model, OpenAiEmbeddingsConfig};
use serde_json::{Value, json};

use crate::Keys;
use crate::fault::{Answer, FaultServer, Request};

fn embedder(
    server: &FaultServer,
    change: impl FnOnce(&mut OpenAiEmbeddingsConfig),
) -> Arc<dyn Embedder> {
    let mut config = OpenAiEmbeddingsConfig {
        provider: "faulty".to_owned(),
        base_url: server.base_url(),
        api_key_env: "A_KEY".to_owned(),
        model: "e".to_owned(),
        dimensions: Some(2),
        batch: 2,
        query_prefix: "query: ".to_owned(),
        passage_prefix: "passage: ".to_owned(),
        max_attempts: 2,
        backoff_seconds: 0.01,
        ..OpenAiEmbeddingsConfig::default()
    };
    change(&mut config);
    Build::<Model>::build(&config, &Keys)
        .unwrap()
        .embedder()
        .unwrap()
}

/// A vector per text, told by its last letter, in reverse order with their places.
fn reversed(request: &Request) -> Answer {
    let texts = request.body["input"].as_array().unwrap();
    let data: Vec<Value> = texts
        .iter()
        .enumerate()
        .rev()
        .map(|(i, text)| {
            let vector = match text.as_str().unwrap().ends_with('a') {
                true => [3.0, 4.0],
                false => [0.0, 2.0],
            };
            json!({"index": i, "embedding": vector})
        })
        .collect();
    Answer::json(&json!({"data": data, "usage": {"prompt_tokens": 3}}))
}

#[tokio::test]
async fn vectors_come_back_in_order_and_of_length_one() {
    let server = FaultServer::start(reversed);
    let embedder = embedder(&server, |_| ());
    let embedded = embedder
        .embed_for(&["a", "b", " ", "xa"], Purpose::Passage)
        .await;
    let vectors = embedded.result.unwrap();
    assert_eq!(vectors, [[0.6, 0.8], [0.0, 1.0], [0.0, 0.0], [0.6, 0.8]]);
    // The empty text was not sent; the others went in two requests.
    let mut sent: Vec<String> = server
        .requests()
        .iter()
        .map(|request| request.body["input"].to_string())
        .collect();
    sent.sort();
    assert_eq!(
        sent,
        [r#"["passage: a","passage: b"]"#, r#"["passage: xa"]"#]
    );
    assert_eq!(embedded.calls.len(), 2);
    assert_eq!(
        (embedded.calls[0].inputs, embedded.calls[0].usage.input),
        (2, Some(3))
    );

    let key = |text, purpose| embedder.text_key(text, purpose);
    assert_eq!(key("", Purpose::Query), None);
    assert_ne!(key("a", Purpose::Query), key("a", Purpose::Passage));
    assert_eq!(
        key("xa", Purpose::Passage).unwrap(),
        embedded.calls[1].request
    );
    assert_eq!(embedder.batch(), 2);
    let handle = EmbedderHandle::new(embedder);
    let meter = Meter::new();
    handle
        .embed(&meter.at(Stage::Search), &["a"])
        .await
        .unwrap();
    assert_eq!(server.requests()[2].body["input"], json!(["query: a"]));
    assert_eq!(meter.calls()[0].usage.output, Some(0));
}

#[tokio::test]
async fn wrong_vectors_are_errors() {
    for (answer, kind, words) in [
        (
            Answer::vectors(&[vec![1.0, 0.0, 0.0]]),
            ErrorKind::Permanent,
            "vectors of length 3",
        ),
        (
            Answer::vectors(&[]),
            ErrorKind::Transient,
            "0 vectors for 1 texts",
        ),
        (
            Answer::json(&json!({"data": [{"embedding": [null, 1.0]}]})),
            ErrorKind::Transient,
            "cannot be read",
        ),
        (
            Answer::error(
                501,
                &json!({"code": 501, "message": "no embeddings here", "type": "not_supported_error"}),
            ),
            ErrorKind::Permanent,
            "no embeddings here",
        ),
        (
            Answer::error(500, &json!({"message": "input is too large to process"})),
            ErrorKind::ContextTooLong,
            "too large",
        ),
    ] {
        let server = FaultServer::sequence(vec![answer]);
        let embedded = embedder(&server, |_| ())
            .embed_for(&["a"], Purpose::Passage)
            .await;
        let error = embedded.result.unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.message.contains(words), "{error}");
        assert_eq!(embedded.calls[0].outcome, CallOutcome::Failed(kind));
    }
    let unknown = OpenAiEmbeddingsConfig {
        model: "e".to_owned(),
        ..OpenAiEmbeddingsConfig::default()
    };
    let error = Build::<Model>::build(&unknown, &Keys).err();
    assert_eq!(error.unwrap().key.as_deref(), Some("dimensions"));
}

#[tokio::test]
async fn the_length_is_sent_and_addressed_where_asked_for() {
    let server = FaultServer::start(reversed);
    let plain = embedder(&server, |_| ());
    let shortened = embedder(&server, |config| config.send_dimensions = true);
    assert_ne!(
        plain.text_key("a", Purpose::Query),
        shortened.text_key("a", Purpose::Query)
    );
    shortened.embed(&["a"]).await.unwrap();
    assert_eq!(server.requests()[0].body["dimensions"], 2);
    assert_eq!(server.requests()[0].path, "/v1/embeddings");
}
