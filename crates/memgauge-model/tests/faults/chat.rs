//! Chat models.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use memgauge_core::chat::Finish;
use memgauge_core::{
    Build, CallOutcome, ChatHandle, ChatMessage, ChatModel, ChatRequest, ComponentError, ErrorKind,
    Meter, ReplyForm, Stage, Tool,
};
use memgauge_model::{Model, OpenAiConfig, Structured};
use serde_json::{Value, json};

use crate::fault::{Answer, FaultServer};
use crate::{Keys, SECRET};

/// A block with short waits.
fn block(server: &FaultServer) -> OpenAiConfig {
    OpenAiConfig {
        provider: "faulty".to_owned(),
        base_url: server.base_url(),
        api_key_env: "A_KEY".to_owned(),
        model: "m".to_owned(),
        timeout_seconds: 20.0,
        max_attempts: 2,
        backoff_seconds: 0.01,
        max_wait_seconds: 5.0,
        price_input: Some(1.0),
        price_output: Some(2.0),
        ..OpenAiConfig::default()
    }
}

fn chat(config: &OpenAiConfig) -> Arc<dyn ChatModel> {
    Build::<Model>::build(config, &Keys)
        .unwrap()
        .chat()
        .unwrap()
}

fn question() -> ChatRequest {
    ChatRequest::text(vec![ChatMessage::user("hello world")])
}

/// The error of one call, and its attempts, as the row of the call has them.
async fn failed(config: &OpenAiConfig) -> (ComponentError, u32) {
    let meter = Meter::new();
    let handle = ChatHandle::new("chat", chat(config));
    let error = handle
        .complete(&meter.at(Stage::Answer), &question())
        .await
        .unwrap_err();
    let calls = meter.calls();
    assert_eq!(calls.len(), 1);
    if error.kind != ErrorKind::Malformed {
        assert_eq!(calls[0].outcome, CallOutcome::Failed(error.kind));
        assert_eq!(calls[0].usage.dollars, None);
    }
    (error, calls[0].spent.attempts)
}

fn busy(status: u16, header: (&'static str, &str)) -> Answer {
    let headers = vec![(header.0, header.1.to_owned())];
    let body = json!({"error": {"message": "slow down", "code": "rate_limit_exceeded"}});
    Answer::Send(status, headers, body.to_string())
}

const PAGE: &str = "<html><title>503 Service Temporarily Unavailable</title></html>";

/// Faults that pass.
fn passing() -> Vec<Answer> {
    let json = |body: Value| Answer::json(&body);
    vec![
        busy(429, ("retry-after-ms", "60")),
        Answer::error(500, &json!({"message": "broken", "code": 500})),
        Answer::Send(
            503,
            vec![("content-type", "text/html".to_owned())],
            PAGE.to_owned(),
        ),
        Answer::Drop,
        Answer::CutOff("{\"choices\": [".to_owned()),
        Answer::Send(200, Vec::new(), "{\"choices\": [{\"mess".to_owned()),
        Answer::Send(200, Vec::new(), PAGE.to_owned()),
        json(json!({"choices": "none", "usage": []})),
        json(json!({"choices": [{"message": {"content": 7}}]})),
        json(json!({"error": {"code": 502, "message": "upstream is gone"}})),
        Answer::error(408, &json!("too slow")),
        Answer::error(409, &json!("again")),
        Answer::error(
            529,
            &json!({"type": "overloaded_error", "message": "Overloaded"}),
        ),
    ]
}

#[tokio::test]
async fn passing_faults_are_outlived() {
    let mut answers = passing();
    let faults = u32::try_from(answers.len()).unwrap();
    answers.push(Answer::chat("at last"));
    let server = FaultServer::sequence(answers);
    let mut config = block(&server);
    config.max_attempts = faults + 1;
    config.max_wait_seconds = 0.1;
    let completion = chat(&config).complete(&question(), 0).await;
    let reply = completion.result.unwrap();
    assert_eq!(
        (reply.text.as_str(), reply.finish),
        ("at last", Finish::Stop)
    );
    assert_eq!(reply.model.as_deref(), Some("served"));
    // 10 x 1 + 5 x 2 US dollars per million.
    assert!((reply.usage.dollars.unwrap() - 20e-6).abs() < 1e-12);
    let spent = completion.spent;
    assert_eq!(spent.attempts, faults + 1);
    assert!(spent.backoff >= Duration::from_millis(60), "{spent:?}");
    assert!(spent.provider > Duration::ZERO, "{spent:?}");
}

#[tokio::test]
async fn passing_faults_that_do_not_pass_are_transient_errors() {
    for answer in passing() {
        let server = FaultServer::sequence(vec![answer.clone()]);
        let (error, attempts) = failed(&block(&server)).await;
        assert_eq!(error.kind, ErrorKind::Transient, "{answer:?}: {error}");
        assert_eq!((attempts, server.requests().len()), (2, 2), "{answer:?}");
        assert!(error.message.ends_with("(after 2 attempts)"), "{error}");
    }
}

#[tokio::test]
async fn what_will_not_pass_is_not_tried_again() {
    use ErrorKind::{ContextTooLong, Permanent, Quota, SetUp};
    for (answer, kind, words) in [
        (
            Answer::error(
                400,
                &json!({"code": 400, "message": "bad request", "type": "invalid_request_error"}),
            ),
            Permanent,
            "HTTP 400 invalid_request_error: bad request",
        ),
        (
            Answer::error(404, &json!("model not found")),
            SetUp,
            "HTTP 404: model not found",
        ),
        (
            Answer::Send(
                302,
                vec![("location", "/elsewhere".to_owned())],
                String::new(),
            ),
            Permanent,
            "HTTP 302",
        ),
        (
            Answer::error(
                400,
                &json!({"code": 400, "type": "exceed_context_size_error", "message": "too long", "n_ctx": 4}),
            ),
            ContextTooLong,
            "exceed_context_size_error",
        ),
        (
            Answer::error(
                429,
                &json!({"code": "insufficient_quota", "message": "no money"}),
            ),
            Quota,
            "no money",
        ),
    ] {
        let server = FaultServer::sequence(vec![answer]);
        let (error, attempts) = failed(&block(&server)).await;
        assert_eq!((error.kind, attempts), (kind, 1), "{error}");
        assert!(error.message.contains(words), "{error}");
    }
}

#[tokio::test]
async fn odd_replies_are_replies() {
    let odd = json!({"choices": [{"message": {"content": "hi"}, "finish_reason": "because"}], "usage": null});
    let server = FaultServer::sequence(vec![Answer::json(&odd)]);
    let reply = chat(&block(&server)).complete(&question(), 0).await.result;
    let reply = reply.unwrap();
    assert_eq!((reply.text.as_str(), reply.finish), ("hi", Finish::Other));
    // Counted here: "hello world" and "hi".
    let usage = reply.usage;
    assert_eq!(
        (usage.input, usage.output, usage.counted),
        (Some(2), Some(1), true)
    );

    let server = FaultServer::sequence(vec![Answer::chat("")]);
    let (error, attempts) = failed(&block(&server)).await;
    assert_eq!((error.kind, attempts), (ErrorKind::Malformed, 1));
}

#[tokio::test]
async fn a_slow_drip_ends_at_the_timeout() {
    let drip = Answer::Drip(Duration::from_millis(20), "x".repeat(5000));
    let server = FaultServer::sequence(vec![drip]);
    let mut config = block(&server);
    config.timeout_seconds = 0.2;
    let (error, attempts) = failed(&config).await;
    assert_eq!((error.kind, attempts), (ErrorKind::Transient, 2));
    assert!(
        error.message.contains("no complete answer within 0.2 s"),
        "{error}"
    );
}

#[tokio::test]
async fn nobody_there_is_a_transient_error() {
    let server = FaultServer::sequence(vec![Answer::Drop]);
    let config = block(&server);
    drop(server);
    // The listener is gone once its thread has seen the last connection.
    std::thread::sleep(Duration::from_millis(50));
    let (error, _) = failed(&config).await;
    assert_eq!(error.kind, ErrorKind::Transient);
    assert!(
        error.message.contains("refused") || error.message.contains("broke off"),
        "{error}"
    );
}

#[tokio::test]
async fn a_429_pauses_all_workers_of_the_provider() {
    let server = FaultServer::start(|request| match request.n {
        0 => busy(429, ("retry-after", "1")),
        _ => Answer::chat("ok"),
    });
    let first = chat(&block(&server));
    let others = chat(&OpenAiConfig {
        model: "another".to_owned(),
        ..block(&server)
    });
    let request = question();
    let late = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        join_all((0..5).map(|_| others.complete(&request, 0))).await
    };
    let (first, late) = tokio::join!(first.complete(&request, 0), late);
    assert!(first.result.is_ok());
    assert!(first.spent.backoff >= Duration::from_secs(1));
    for completion in late {
        assert!(completion.result.is_ok());
        assert_eq!(completion.spent.attempts, 1);
        assert!(
            completion.spent.paused > Duration::from_millis(100),
            "{:?}",
            completion.spent
        );
    }
    let requests = server.requests();
    let pause = requests[1].at - requests[0].at;
    assert!(pause >= Duration::from_millis(990), "{pause:?}");
}

#[tokio::test]
async fn a_provider_that_asks_for_too_long_is_not_waited_for() {
    let server = FaultServer::sequence(vec![busy(429, ("retry-after", "3600"))]);
    let (error, attempts) = failed(&block(&server)).await;
    assert_eq!((error.kind, attempts), (ErrorKind::Transient, 1));
    assert!(error.message.contains("asks to wait 3600 s"), "{error}");
}

#[tokio::test]
async fn no_more_requests_are_under_way_than_allowed() {
    let server = FaultServer::start(|_| Answer::chat("ok").after(Duration::from_millis(30)));
    let mut config = block(&server);
    config.max_concurrency = 3;
    let model = chat(&config);
    let request = question();
    let completions = join_all((0..12).map(|_| model.complete(&request, 0))).await;
    assert!(
        completions
            .iter()
            .all(|completion| completion.result.is_ok())
    );
    assert_eq!(server.most_at_once(), 3);
    let paused: Duration = completions
        .iter()
        .map(|completion| completion.spent.paused)
        .sum();
    assert!(paused > Duration::from_millis(90), "{paused:?}");
}

#[tokio::test]
async fn the_key_is_sent_and_never_told() {
    // Everything that the server knows of its client, in every kind of refusal.
    let echo = |status: u16| {
        FaultServer::start(move |request| {
            let key = request.header("authorization").unwrap_or("none");
            let host = request.header("host").unwrap_or("none");
            let message = format!("key {key} refused by {host}, see http://{host}/help; {key}");
            match status {
                200 => Answer::json(&json!({"error": {"message": message}})),
                201 => Answer::json(&json!({"choices": message})),
                202 => Answer::json(
                    &json!({"choices": [{"message": {"content": "x"}, "error": message}]}),
                ),
                503 => Answer::Send(503, Vec::new(), format!("<html>{message}</html>")),
                status => Answer::error(status, &json!({"message": message, "code": key})),
            }
        })
    };
    for status in [200, 201, 202, 400, 401, 402, 429, 500, 503] {
        let server = echo(status);
        let (error, _) = failed(&block(&server)).await;
        assert_eq!(
            server.requests()[0].header("authorization"),
            Some(format!("Bearer {SECRET}").as_str())
        );
        let told = format!("{error} {error:?}");
        for hidden in [SECRET, "127.0.0.1", &server.port().to_string()] {
            assert!(!told.contains(hidden), "{status}: {told}");
        }
    }
    let server = FaultServer::sequence(vec![Answer::chat("ok")]);
    let config = OpenAiConfig {
        api_key_env: String::new(),
        ..block(&server)
    };
    assert!(chat(&config).complete(&question(), 0).await.result.is_ok());
    assert_eq!(server.requests()[0].header("authorization"), None);
}

#[tokio::test]
async fn a_tool_call_is_asked_for_and_read() {
    let server = FaultServer::sequence(vec![Answer::json(&json!({
        "choices": [{"message": {"content": null, "tool_calls": [{"id": "1", "type": "function",
            "function": {"name": "add", "arguments": "{\"text\":\"tea\"}"}}]}, "finish_reason": "tool_calls"}],
    }))]);
    let config = OpenAiConfig {
        structured: Structured::ToolCall,
        ..block(&server)
    };
    let handle = ChatHandle::new("chat", chat(&config));
    let tool = Tool {
        name: "add".to_owned(),
        description: "Adds a memory.".to_owned(),
        parameters: json!({"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"], "additionalProperties": false}),
    };
    let request = ChatRequest {
        form: ReplyForm::OneTool(vec![tool]),
        ..question()
    };
    let meter = Meter::new();
    let cx = meter.at(Stage::Update);
    let (value, _) = handle
        .structured(&cx, &request, |_: &Value| Ok(()))
        .await
        .unwrap();
    assert_eq!(value, json!({"tool": "add", "arguments": {"text": "tea"}}));
    let sent = &server.requests()[0];
    assert_eq!(sent.path, "/v1/chat/completions");
    assert_eq!(sent.body["tool_choice"], "required");
    assert_eq!(sent.body["tools"][0]["function"]["name"], "add");
}
