//! Replies of chat models, read leniently: servers differ in everything that is not the text.

use memgauge_core::chat::Finish;
use memgauge_core::{ReplyForm, Usage};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::body::WRAPPER;
use super::failure::Failure;
use super::mask::Mask;

/// A chat completion. Everything that is not needed is not looked at: role, ids, log
/// probabilities, timings, reasoning.
#[derive(Debug, Deserialize)]
pub(super) struct ChatBody {
    #[serde(default, deserialize_with = "text")]
    model: Option<String>,
    #[serde(default)]
    choices: Option<Vec<Choice>>,
    #[serde(default)]
    usage: Value,
    #[serde(default)]
    error: Value,
}

#[derive(Debug, Deserialize)]
struct Choice {
    #[serde(default)]
    message: Option<Message>,
    #[serde(default, deserialize_with = "text")]
    finish_reason: Option<String>,
    #[serde(default)]
    error: Value,
}

#[derive(Debug, Deserialize)]
struct Message {
    #[serde(default)]
    content: Value,
    #[serde(default, deserialize_with = "text")]
    refusal: Option<String>,
    #[serde(default)]
    tool_calls: Option<Vec<ToolCall>>,
}

#[derive(Debug, Deserialize)]
struct ToolCall {
    function: Function,
}

#[derive(Debug, Deserialize)]
struct Function {
    name: String,
    #[serde(default)]
    arguments: Value,
}

/// A string; anything else is as good as nothing.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) if !text.is_empty() => Some(text),
        _ => None,
    })
}

/// The model's name. A server on somebody's machine may tell the path of its file, home folder included: of
/// that only the file's name is kept.
pub(super) fn file_name(model: String) -> String {
    let is_path = model.starts_with(['/', '\\', '~', '.'])
        || model.contains(":\\")
        || model.to_lowercase().ends_with(".gguf");
    match model.rsplit(['/', '\\']).next() {
        Some(name) if is_path => name.to_owned(),
        _ => model,
    }
}

/// What a chat completion says.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Read {
    pub(super) text: String,
    pub(super) finish: Finish,
    pub(super) usage: Usage,
    pub(super) model: Option<String>,
}

impl ChatBody {
    /// The reply, in the form that was asked for.
    pub(super) fn read(self, form: &ReplyForm, mask: &Mask) -> Result<Read, Failure> {
        if !self.error.is_null() {
            return Err(Failure::in_body(&self.error, mask));
        }
        let unreadable = |reason: &str| Failure::unreadable(reason, mask);
        let choice = self
            .choices
            .and_then(|choices| choices.into_iter().next())
            .ok_or_else(|| unreadable("it holds no choice"))?;
        if !choice.error.is_null() {
            return Err(Failure::in_body(&choice.error, mask));
        }
        let message = choice
            .message
            .ok_or_else(|| unreadable("its choice holds no message"))?;
        let mut finish = match choice.finish_reason.as_deref() {
            Some("stop" | "tool_calls" | "function_call" | "end_turn" | "eos") => Finish::Stop,
            Some("length" | "max_tokens") => Finish::Length,
            Some("content_filter") => Finish::Filter,
            _ => Finish::Other,
        };
        let said = content(&message.content)
            .ok_or_else(|| unreadable("its content is neither text nor a list of parts"))?;
        let calls = message.tool_calls.unwrap_or_default();
        let text = match (form, calls.is_empty()) {
            (ReplyForm::Text, _) | (_, true) if said.is_empty() && message.refusal.is_some() => {
                finish = Finish::Filter;
                message.refusal.unwrap_or_default()
            }
            (ReplyForm::OneTool(_), true) => unwrapped(said),
            (ReplyForm::Text, _) | (_, true) => said,
            (ReplyForm::Json { .. }, false) => joined(calls.iter().map(arguments)),
            (ReplyForm::OneTool(_), false) => joined(calls.iter().map(|call| {
                format!(
                    "{{\"tool\":{},\"arguments\":{}}}",
                    Value::from(call.function.name.as_str()),
                    arguments(call)
                )
            })),
        };
        Ok(Read {
            text,
            finish,
            usage: usage(&self.usage),
            model: self.model.map(file_name),
        })
    }
}

/// Text, or the texts of a list of parts; `None` for anything else.
fn content(content: &Value) -> Option<String> {
    match content {
        Value::Null => Some(String::new()),
        Value::String(text) => Some(text.clone()),
        Value::Array(parts) => Some(
            parts
                .iter()
                .filter_map(|part| part.as_str().or_else(|| part.get("text")?.as_str()))
                .collect(),
        ),
        _ => None,
    }
}

/// Arguments as JSON text, sent as such or as an object. They are not read here: what cannot be
/// read is shown to the model.
fn arguments(call: &ToolCall) -> String {
    match &call.function.arguments {
        Value::String(text) if text.trim().is_empty() => "{}".to_owned(),
        Value::String(text) => text.clone(),
        Value::Null => "{}".to_owned(),
        other => other.to_string(),
    }
}

/// One call is the reply. Several are not what was asked for: as a list they will be refused, and
/// none of them is dropped silently.
fn joined(calls: impl Iterator<Item = String>) -> String {
    let calls: Vec<String> = calls.collect();
    match calls.as_slice() {
        [one] => one.clone(),
        several => format!("[{}]", several.join(",")),
    }
}

/// The tool call out of the wrapper that the schema puts around a choice of several.
fn unwrapped(said: String) -> String {
    let call = said
        .find('{')
        .zip(said.rfind('}'))
        .and_then(|(start, end)| said.get(start..=end))
        .and_then(|object| serde_json::from_str::<Value>(object).ok())
        .and_then(|mut value| Some(value.as_object_mut()?.remove(WRAPPER)))
        .flatten();
    match call {
        Some(call) if call.get("tool").is_some() => call.to_string(),
        _ => said,
    }
}

/// Tokens as reported. A prompt of 0 tokens is a server that does not count.
fn usage(usage: &Value) -> Usage {
    let number = |pointer: &str| usage.pointer(pointer).and_then(Value::as_u64);
    let input = number("/prompt_tokens").filter(|tokens| *tokens > 0);
    Usage {
        input,
        output: number("/completion_tokens").filter(|_| input.is_some()),
        cached: number("/prompt_tokens_details/cached_tokens"),
        reasoning: number("/completion_tokens_details/reasoning_tokens"),
        counted: false,
        dollars: None,
    }
}

#[cfg(test)]
mod tests {
    use memgauge_core::{ErrorKind, Tool};
    use serde_json::json;

    use super::*;

    fn message(message: Value) -> Value {
        json!({"choices": [{"message": message, "finish_reason": "stop"}]})
    }

    fn read(value: Value, form: &ReplyForm) -> Result<Read, Failure> {
        serde_json::from_value::<ChatBody>(value)
            .unwrap()
            .read(form, &Mask::default())
    }

    fn said(value: Value, form: &ReplyForm) -> String {
        read(value, form).unwrap().text
    }

    fn tools() -> ReplyForm {
        let tool = |name: &str| Tool {
            name: name.to_owned(),
            description: String::new(),
            parameters: json!({}),
        };
        ReplyForm::OneTool(vec![tool("add"), tool("skip")])
    }

    #[test]
    fn the_full_reply_of_openai_is_read() {
        let read = read(
            json!({
                "id": "x", "object": "chat.completion", "created": 1, "model": "gpt-4o-mini-2024-07-18",
                "choices": [{"index": 0, "message": {"role": "assistant", "content": "Paris", "refusal": null, "annotations": []}, "logprobs": null, "finish_reason": "length"}],
                "usage": {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11,
                    "prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": 0},
                    "completion_tokens_details": {"reasoning_tokens": 1}},
                "service_tier": "default", "system_fingerprint": null,
            }),
            &ReplyForm::Text,
        )
        .unwrap();
        assert_eq!(read.text, "Paris");
        assert_eq!(read.finish, Finish::Length);
        assert_eq!(read.model.as_deref(), Some("gpt-4o-mini-2024-07-18"));
        let usage = read.usage;
        assert_eq!((usage.input, usage.output), (Some(9), Some(2)));
        assert_eq!((usage.cached, usage.reasoning), (Some(4), Some(1)));
    }

    #[test]
    fn what_servers_leave_out_or_do_otherwise_is_forgiven() {
        let bare = json!({"choices": [{"message": {"content": "hi", "reasoning_content": "hm"}}]});
        let bare = read(bare, &ReplyForm::Text).unwrap();
        assert_eq!((bare.text.as_str(), bare.finish), ("hi", Finish::Other));
        assert_eq!(bare.usage, Usage::default());
        let odd = json!({
            "model": 7, "usage": null, "error": null, "timings": {"a": 1},
            "choices": [{"message": {"content": [{"type": "thinking", "thinking": []}, {"type": "text", "text": "a"}, "b"]}, "finish_reason": 3}],
        });
        let odd = read(odd, &ReplyForm::Text).unwrap();
        assert_eq!((odd.text.as_str(), odd.model), ("ab", None));
        assert_eq!(
            said(message(json!({"content": null})), &ReplyForm::Text),
            ""
        );
        let refusal = read(
            message(json!({"content": null, "refusal": "no"})),
            &ReplyForm::Text,
        );
        let refusal = refusal.unwrap();
        assert_eq!(
            (refusal.text.as_str(), refusal.finish),
            ("no", Finish::Filter)
        );
        let uncounted = json!({"choices": [{"message": {"content": "x"}}], "usage": {"prompt_tokens": 0, "completion_tokens": 0}});
        let uncounted = read(uncounted, &ReplyForm::Text).unwrap().usage;
        assert_eq!((uncounted.input, uncounted.output), (None, None));
    }

    #[test]
    fn what_is_no_reply_fails_and_may_be_tried_again() {
        for value in [
            json!({}),
            json!([]),
            json!({"choices": []}),
            json!({"choices": null}),
            json!({"choices": [{}]}),
            message(json!({"content": 7})),
            json!({"error": "overloaded"}),
            json!({"choices": [{"error": {"code": 502, "message": "gone"}, "finish_reason": "error"}]}),
        ] {
            let failure = read(value.clone(), &ReplyForm::Text).unwrap_err();
            assert_eq!(failure.kind, ErrorKind::Transient, "{value}");
        }
        for value in [json!({"choices": "none"}), json!({"choices": [1]})] {
            assert!(serde_json::from_value::<ChatBody>(value).is_err());
        }
    }

    #[test]
    fn tool_calls_become_the_json_that_was_asked_for() {
        let call = |name: &str, arguments: Value| json!({"id": "1", "type": "function", "function": {"name": name, "arguments": arguments}});
        let calls = |calls: Value| message(json!({"content": null, "tool_calls": calls}));
        let one = calls(json!([call("add", json!("{\"text\": \"a\"}"))]));
        assert_eq!(
            said(one.clone(), &tools()),
            r#"{"tool":"add","arguments":{"text": "a"}}"#
        );
        let form = ReplyForm::Json {
            name: "add".to_owned(),
            schema: json!({}),
        };
        assert_eq!(said(one, &form), r#"{"text": "a"}"#);
        let object = calls(json!([call("add", json!({"text": "a"}))]));
        assert_eq!(
            said(object, &tools()),
            r#"{"tool":"add","arguments":{"text":"a"}}"#
        );
        let none = calls(json!([call("skip", json!(""))]));
        assert_eq!(said(none, &tools()), r#"{"tool":"skip","arguments":{}}"#);
        let two = calls(json!([call("skip", json!("")), call("add", json!("{"))]));
        assert_eq!(
            said(two, &tools()),
            r#"[{"tool":"skip","arguments":{}},{"tool":"add","arguments":{}]"#
        );
        let text = message(json!({"content": "{\"tool\": \"skip\"}", "tool_calls": []}));
        assert_eq!(said(text, &tools()), "{\"tool\": \"skip\"}");
    }

    #[test]
    fn the_wrapper_of_a_choice_is_taken_off() {
        let wrapped = |text: &str| said(message(json!({"content": text})), &tools());
        assert_eq!(
            wrapped(" {\"call\": {\"tool\": \"skip\", \"arguments\": {}}}\n"),
            r#"{"tool":"skip","arguments":{}}"#
        );
        for kept in [
            r#"{"tool":"skip","arguments":{}}"#,
            r#"{"call": 3}"#,
            "{broken",
        ] {
            assert_eq!(wrapped(kept), kept);
        }
    }

    #[test]
    fn of_a_path_only_the_file_is_kept() {
        for (told, kept) in [
            ("/home/ann/models/small-q4.gguf", "small-q4.gguf"),
            ("C:\\Users\\ann\\small.gguf", "small.gguf"),
            ("models/small.gguf", "small.gguf"),
            ("openai/gpt-4o-mini", "openai/gpt-4o-mini"),
            ("gpt-4o-mini-2024-07-18", "gpt-4o-mini-2024-07-18"),
        ] {
            assert_eq!(file_name(told.to_owned()), kept);
        }
    }
}
