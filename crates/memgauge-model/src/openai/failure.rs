//! What a failed attempt means: whether trying again helps, and how long to wait before.

use std::time::Duration;

use jiff::Timestamp;
use memgauge_core::ErrorKind;
use reqwest::header::HeaderMap;
use serde_json::Value;

use super::mask::Mask;
use super::retry_after::retry_after;

/// One attempt that failed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Failure {
    pub(super) kind: ErrorKind,
    /// Without keys and addresses.
    pub(super) message: String,
    /// What the provider asks to wait.
    pub(super) wait: Option<Duration>,
    /// Whether the provider is overrun, so that nobody should ask it for a while.
    pub(super) throttled: bool,
}

impl Failure {
    pub(super) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            wait: None,
            throttled: false,
        }
    }

    /// A reply of a server that did its work but sent something that cannot be read.
    pub(super) fn unreadable(reason: &str, mask: &Mask) -> Self {
        let reason = mask.apply(reason);
        Self::new(
            ErrorKind::Transient,
            format!("HTTP 200, but the reply cannot be read: {reason}"),
        )
    }

    /// A status that is not a success.
    pub(super) fn refused(status: u16, headers: &HeaderMap, body: &[u8], mask: &Mask) -> Self {
        let said = Said::of(body);
        let wait = retry_after(headers, Timestamp::now());
        let kind = kind(status, &said);
        Self {
            kind,
            message: said.message(status, mask),
            wait: wait.filter(|_| kind == ErrorKind::Transient),
            throttled: kind == ErrorKind::Transient
                && (status == 429 || said.is_too_fast() || (status == 503 && wait.is_some())),
        }
    }

    /// An error in the body of a success, as routers send it: its `code` stands for the status.
    pub(super) fn in_body(error: &Value, mask: &Mask) -> Self {
        let said = Said::of_value(&Value::Object(
            [("error".to_owned(), error.clone())].into_iter().collect(),
        ));
        let status = said
            .code
            .parse()
            .ok()
            .filter(|status| (400..600).contains(status));
        Self {
            kind: kind(status.unwrap_or(500), &said),
            throttled: status == Some(429) || said.is_too_fast(),
            ..Self::new(
                ErrorKind::Transient,
                said.message(status.unwrap_or(200), mask),
            )
        }
    }

    /// The connection failed, or the answer did not come in time. Says neither host nor port.
    pub(super) fn connection(error: &reqwest::Error, timeout: Duration, connect: Duration) -> Self {
        let causes = std::iter::successors(
            std::error::Error::source(error),
            |error: &&(dyn std::error::Error + 'static)| error.source(),
        );
        let mut words = String::new();
        let mut refused = false;
        for cause in causes {
            if let Some(io) = cause.downcast_ref::<std::io::Error>() {
                refused |= io.kind() == std::io::ErrorKind::ConnectionRefused;
            }
            words.push_str(&cause.to_string().to_lowercase());
            words.push(' ');
        }
        let message = if error.is_builder() || error.is_request() && words.contains("invalid") {
            return Self::new(ErrorKind::Permanent, "the request cannot be built");
        } else if error.is_timeout() && error.is_connect() {
            format!("no connection within {} s", connect.as_secs_f64())
        } else if error.is_timeout() {
            format!("no complete answer within {} s", timeout.as_secs_f64())
        } else if refused {
            "the connection was refused: does the server run at the model's base-url?".to_owned()
        } else if words.contains("dns") {
            "the host of the model's base-url cannot be found".to_owned()
        } else if words.contains("certificate") {
            "the certificate of the model's base-url is not trusted".to_owned()
        } else if error.is_connect() {
            "no connection to the model's base-url".to_owned()
        } else {
            "the connection broke off before the answer was complete".to_owned()
        };
        Self::new(ErrorKind::Transient, message)
    }
}

/// What a provider says in an error: every server has its own form.
#[derive(Debug, Default)]
struct Said {
    message: String,
    code: String,
    r#type: String,
}

impl Said {
    /// Whether it names a limit per minute.
    fn is_too_fast(&self) -> bool {
        TOO_FAST.contains(&self.code.as_str()) || TOO_FAST.contains(&self.r#type.as_str())
    }

    fn of(body: &[u8]) -> Self {
        match serde_json::from_slice(body) {
            Ok(value) => Self::of_value(&value),
            Err(_) => Self {
                message: plain(&String::from_utf8_lossy(body)),
                ..Self::default()
            },
        }
    }

    /// `{"error": {..}}`, `{"error": ".."}`, a bare error object, or a list of one of these.
    fn of_value(value: &Value) -> Self {
        let value = match value {
            Value::Array(items) => items.first().unwrap_or(value),
            other => other,
        };
        let error = value.get("error").filter(|error| !error.is_null());
        let error = error.unwrap_or(value);
        let text = |key: &str| match error.get(key) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => String::new(),
        };
        let message = match error {
            Value::String(text) => text.clone(),
            _ => ["message", "detail", "msg"]
                .into_iter()
                .map(text)
                .find(|text| !text.is_empty())
                .unwrap_or_else(|| error.to_string()),
        };
        Self {
            message,
            code: text("code"),
            r#type: text("type"),
        }
    }

    fn message(&self, status: u16, mask: &Mask) -> String {
        let said = mask.apply(&self.message);
        let name = [&self.code, &self.r#type]
            .into_iter()
            .find(|name| !name.is_empty() && name.parse::<u16>().is_err());
        match (said.is_empty(), name) {
            (true, None) => format!("HTTP {status}"),
            (true, Some(name)) => format!("HTTP {status} {}", mask.apply(name)),
            (false, None) => format!("HTTP {status}: {said}"),
            (false, Some(name)) => format!("HTTP {status} {}: {said}", mask.apply(name)),
        }
    }
}

/// The words of an error page.
fn plain(text: &str) -> String {
    if !text.trim_start().starts_with('<') {
        return text.to_owned();
    }
    let mut words = String::new();
    let mut inside = false;
    for char in text.chars() {
        match char {
            '<' => inside = true,
            '>' => {
                inside = false;
                words.push(' ');
            }
            _ if !inside => words.push(char),
            _ => {}
        }
    }
    words
}

/// Codes and types of a prompt that is too long.
const TOO_LONG: [&str; 3] = [
    "context_length_exceeded",
    "exceed_context_size_error",
    "string_above_max_length",
];

/// How servers without a code of their own say that a prompt is too long.
const TOO_LONG_WORDS: [&str; 9] = [
    "maximum context length",
    "maximum model length",
    "context length exceeded",
    "exceeds the available context",
    "exceeds the context",
    "context window",
    "prompt is too long",
    "input is too long",
    "too large to process",
];

/// Codes and types of an empty account.
const NO_MONEY: [&str; 5] = [
    "insufficient_quota",
    "billing_hard_limit_reached",
    "billing_not_active",
    "billing_error",
    "insufficient_balance",
];

/// How servers without a code of their own say that an account is empty.
const NO_MONEY_WORDS: [&str; 4] = [
    "credit balance is too low",
    "insufficient credits",
    "insufficient balance",
    "insufficient_quota",
];

/// Codes and types of a limit per minute, whatever status they come with.
const TOO_FAST: [&str; 4] = [
    "rate_limit_exceeded",
    "rate_limit_error",
    "rate_limit_reached",
    "too_many_requests",
];

/// How servers say that a key may not do this.
const NO_ENTRY_WORDS: [&str; 6] = [
    "api key",
    "api-key",
    "permission",
    "not allowed",
    "country, region",
    "does not have access",
];

fn kind(status: u16, said: &Said) -> ErrorKind {
    let message = said.message.to_lowercase();
    let is_named = |names: &[&str]| {
        names
            .iter()
            .any(|name| *name == said.code || *name == said.r#type)
    };
    let says = |words: &[&str]| words.iter().any(|words| message.contains(words));
    if status == 402 || is_named(&NO_MONEY) || says(&NO_MONEY_WORDS) {
        return ErrorKind::Quota;
    }
    if status != 429 && (is_named(&TOO_LONG) || says(&TOO_LONG_WORDS)) {
        return ErrorKind::ContextTooLong;
    }
    // A single request above a limit per minute is refused as often as it is sent.
    if status == 429 && message.contains("request too large") {
        return ErrorKind::Permanent;
    }
    if is_named(&TOO_FAST) {
        return ErrorKind::Transient;
    }
    // A router's 403 may also be about the text; one about the key is told by its words.
    if status == 401 || status == 404 || status == 403 && says(&NO_ENTRY_WORDS) {
        return ErrorKind::SetUp;
    }
    match status {
        408 | 409 | 425 | 429 => ErrorKind::Transient,
        // Not implemented, HTTP version: the server will not learn it.
        501 | 505 => ErrorKind::Permanent,
        500.. => ErrorKind::Transient,
        _ => ErrorKind::Permanent,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(status: u16, body: &Value) -> Failure {
        let body = serde_json::to_vec(body).unwrap();
        Failure::refused(status, &HeaderMap::new(), &body, &Mask::default())
    }

    #[test]
    fn errors_of_all_servers_are_sorted() {
        use ErrorKind::{ContextTooLong, Permanent, Quota, SetUp, Transient};
        for (status, body, kind) in [
            (
                403,
                json!({"error": {"message": "Your input was flagged by moderation", "code": 403}}),
                Permanent,
            ),
            (
                403,
                json!({"error": {"message": "This API key does not have access to the model"}}),
                SetUp,
            ),
            (
                400,
                json!({"error": {"message": "slow down", "type": "rate_limit_error"}}),
                Transient,
            ),
            // OpenAI
            (
                429,
                json!({"error": {"message": "You exceeded your current quota", "type": "insufficient_quota", "code": "insufficient_quota"}}),
                Quota,
            ),
            (
                429,
                json!({"error": {"message": "Rate limit reached, add a payment method under billing", "type": "requests", "code": "rate_limit_exceeded"}}),
                Transient,
            ),
            (
                429,
                json!({"error": {"message": "Request too large for gpt-4o on tokens per min", "code": "rate_limit_exceeded"}}),
                Permanent,
            ),
            (
                400,
                json!({"error": {"message": "too many", "code": "context_length_exceeded"}}),
                ContextTooLong,
            ),
            (
                401,
                json!({"error": {"message": "Incorrect API key provided", "code": "invalid_api_key"}}),
                SetUp,
            ),
            // llama.cpp
            (
                400,
                json!({"error": {"code": 400, "message": "the request exceeds the available context size", "type": "exceed_context_size_error", "n_prompt_tokens": 9, "n_ctx": 4}}),
                ContextTooLong,
            ),
            (
                500,
                json!({"error": {"code": 500, "message": "input is too large to process. increase the physical batch size", "type": "server_error"}}),
                ContextTooLong,
            ),
            (
                501,
                json!({"error": {"code": 501, "message": "This server does not support embeddings", "type": "not_supported_error"}}),
                Permanent,
            ),
            // vLLM
            (
                400,
                json!({"object": "error", "message": "This model's maximum context length is 4096 tokens.", "type": "BadRequestError", "param": null, "code": 400}),
                ContextTooLong,
            ),
            (
                400,
                json!({"error": {"message": "The decoder prompt (length 9) is longer than the maximum model length of 4", "code": 400}}),
                ContextTooLong,
            ),
            // Anthropic
            (
                400,
                json!({"error": {"type": "invalid_request_error", "message": "prompt is too long: 9 tokens > 4 maximum"}}),
                ContextTooLong,
            ),
            (
                400,
                json!({"error": {"type": "invalid_request_error", "message": "Your credit balance is too low"}}),
                Quota,
            ),
            (
                529,
                json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}),
                Transient,
            ),
            // OpenRouter, Ollama, proxies
            (
                402,
                json!({"error": {"code": 402, "message": "Insufficient credits"}}),
                Quota,
            ),
            (
                404,
                json!({"error": "model \"x\" not found, try pulling it first"}),
                SetUp,
            ),
            (503, json!("loading"), Transient),
            (408, json!({}), Transient),
            (409, json!({}), Transient),
            (
                422,
                json!({"detail": [{"msg": "field required"}]}),
                Permanent,
            ),
        ] {
            let failure = refused(status, &body);
            assert_eq!(failure.kind, kind, "{body}: {failure:?}");
            assert!(failure.message.starts_with(&format!("HTTP {status}")));
        }
    }

    #[test]
    fn an_error_in_a_success_counts_by_its_code() {
        let failure = |error| Failure::in_body(&error, &Mask::default());
        let throttled = failure(json!({"code": 429, "message": "slow down"}));
        assert_eq!(
            (throttled.kind, throttled.throttled),
            (ErrorKind::Transient, true)
        );
        assert_eq!(throttled.message, "HTTP 429: slow down");
        assert_eq!(failure(json!("broken")).kind, ErrorKind::Transient);
        assert_eq!(failure(json!({"code": 401})).kind, ErrorKind::SetUp);
        let slow = failure(json!({"code": "rate_limit_exceeded"}));
        assert_eq!((slow.kind, slow.throttled), (ErrorKind::Transient, true));
    }

    #[test]
    fn pages_are_read_as_words() {
        let page = b"<html><head><title>503 Service Unavailable</title></head></html>";
        let failure = Failure::refused(503, &HeaderMap::new(), page, &Mask::default());
        assert_eq!(failure.message, "HTTP 503: 503 Service Unavailable");
        let empty = Failure::refused(502, &HeaderMap::new(), b"", &Mask::default());
        assert_eq!(empty.message, "HTTP 502");
    }
}
