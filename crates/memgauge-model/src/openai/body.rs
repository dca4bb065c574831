//! Bodies of chat requests.

use std::collections::BTreeMap;

use memgauge_core::{BuildError, ChatRequest, ReplyForm, Tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// How a reply of a given form is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Structured {
    /// `response_format` with a JSON schema that the server enforces.
    #[default]
    JsonSchema,
    /// `response_format` for any JSON object; the schema stands in the prompt.
    JsonMode,
    /// A tool that has to be called.
    ToolCall,
}

/// Name under which a reply's limit is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum MaxTokensKey {
    /// What every server knows.
    #[default]
    #[serde(rename = "max_tokens")]
    MaxTokens,
    /// What OpenAI's reasoning models ask for.
    #[serde(rename = "max_completion_tokens")]
    MaxCompletionTokens,
}

impl MaxTokensKey {
    fn name(self) -> &'static str {
        match self {
            Self::MaxTokens => "max_tokens",
            Self::MaxCompletionTokens => "max_completion_tokens",
        }
    }
}

/// The key under which one of several tools is wrapped: a schema's root must be an object of its
/// own, so that alternatives can only stand inside.
pub(super) const WRAPPER: &str = "call";

/// Body keys that are set by keys of the block, or by the request.
const RESERVED: [&str; 13] = [
    "model",
    "messages",
    "temperature",
    "top_p",
    "seed",
    "max_tokens",
    "max_completion_tokens",
    "response_format",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "stream",
    "n",
];

/// Everything in a block that shapes replies.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shape {
    pub(super) model: String,
    pub(super) temperature: Option<f64>,
    pub(super) top_p: Option<f64>,
    pub(super) seed: Option<i64>,
    pub(super) max_tokens: Option<u32>,
    pub(super) max_tokens_key: MaxTokensKey,
    pub(super) structured: Structured,
    pub(super) extra: BTreeMap<String, Value>,
}

impl Shape {
    pub(super) fn check(&self) -> Result<(), BuildError> {
        if self.model.is_empty() {
            return Err(BuildError::at("model", "must name a model"));
        }
        for (key, value, most) in [
            ("temperature", self.temperature, 2.0),
            ("top-p", self.top_p, 1.0),
        ] {
            if value.is_some_and(|value| !(0.0..=most).contains(&value)) {
                return Err(BuildError::at(key, format!("must be between 0 and {most}")));
            }
        }
        if self.max_tokens == Some(0) {
            return Err(BuildError::at("max-tokens", "must be 1 or more"));
        }
        match RESERVED.iter().find(|key| self.extra.contains_key(**key)) {
            Some(key) => Err(BuildError::at(
                "extra",
                format!("`{key}` is set by the block's own keys or by the request"),
            )),
            None => Ok(()),
        }
    }

    /// Parameters without the prompt.
    pub(super) fn parameters(&self) -> Map<String, Value> {
        let mut body = Map::new();
        let mut set = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                body.insert(key.to_owned(), value);
            }
        };
        set("temperature", self.temperature.map(Value::from));
        set("top_p", self.top_p.map(Value::from));
        set("seed", self.seed.map(Value::from));
        set(self.max_tokens_key.name(), self.max_tokens.map(Value::from));
        for (key, value) in &self.extra {
            set(key, Some(value.clone()));
        }
        body
    }

    /// The body of a request: what is sent, and what its content address is made of.
    pub(super) fn body(&self, request: &ChatRequest) -> Value {
        let mut body = Map::new();
        body.insert("model".to_owned(), json!(self.model));
        let mut messages: Vec<Value> = request
            .messages
            .iter()
            .map(|message| json!({"role": message.role, "content": message.content}))
            .collect();
        if let Some(told) = self.told(&request.form) {
            tell(&mut messages, &told);
        }
        body.insert("messages".to_owned(), Value::Array(messages));
        body.extend(self.parameters());
        if let Some(most) = request.max_tokens {
            body.insert(self.max_tokens_key.name().to_owned(), json!(most));
        }
        match (self.structured, &request.form) {
            (_, ReplyForm::Text) => {}
            (Structured::JsonSchema, ReplyForm::Json { name, schema }) => {
                body.insert("response_format".to_owned(), response_format(name, schema));
            }
            (Structured::JsonSchema, ReplyForm::OneTool(tools)) => {
                let format = response_format("tool_call", &one_of(tools));
                body.insert("response_format".to_owned(), format);
            }
            (Structured::JsonMode, _) => {
                let format = json!({"type": "json_object"});
                body.insert("response_format".to_owned(), format);
            }
            (Structured::ToolCall, ReplyForm::Json { name, schema }) => {
                let description = "Takes the reply.";
                call(&mut body, vec![function(name, description, schema)]);
            }
            (Structured::ToolCall, ReplyForm::OneTool(tools)) => {
                let functions = tools
                    .iter()
                    .map(|tool| function(&tool.name, &tool.description, &tool.parameters));
                call(&mut body, functions.collect());
            }
        }
        Value::Object(body)
    }

    /// What the prompt has to say because nothing else in the request says it. A grammar forces a
    /// form and explains nothing: what tools there are is told under a JSON schema as well.
    fn told(&self, form: &ReplyForm) -> Option<String> {
        match (self.structured, form) {
            (Structured::JsonMode, ReplyForm::Json { schema, .. }) => Some(format!(
                "Reply with one JSON object and nothing else. It follows this JSON schema:\n{schema}"
            )),
            (Structured::JsonMode, ReplyForm::OneTool(tools)) => Some(format!(
                "Call exactly one of these tools. Reply with one JSON object and nothing else: \
                 {{\"tool\": NAME, \"arguments\": {{...}}}}.\n{}",
                described(tools)
            )),
            (Structured::JsonSchema, ReplyForm::OneTool(tools)) => Some(format!(
                "Call exactly one of these tools, as a JSON object with its name under \"tool\" \
                 and what it takes under \"arguments\".\n{}",
                described(tools)
            )),
            _ => None,
        }
    }
}

/// Puts `text` at the end of the instructions, or of the first message where there are none: some
/// models know no system role, and the last message may be a complaint about an earlier reply.
fn tell(messages: &mut Vec<Value>, text: &str) {
    let instructed = messages
        .iter()
        .position(|message| message.get("role") == Some(&json!("system")));
    match messages.get_mut(instructed.unwrap_or(0)) {
        Some(message) => {
            let content = message.get("content").and_then(Value::as_str);
            let content = format!("{}\n\n{text}", content.unwrap_or_default());
            if let Some(slot) = message.get_mut("content") {
                *slot = Value::String(content);
            }
        }
        None => messages.push(json!({"role": "user", "content": text})),
    }
}

fn described(tools: &[Tool]) -> String {
    let lines: Vec<String> = tools
        .iter()
        .map(|tool| {
            format!(
                "- {}: {} Arguments by this JSON schema: {}",
                tool.name, tool.description, tool.parameters
            )
        })
        .collect();
    lines.join("\n")
}

fn response_format(name: &str, schema: &Value) -> Value {
    json!({
        "type": "json_schema",
        "json_schema": {"name": name, "strict": true, "schema": schema},
    })
}

/// Schema of a call of exactly one of `tools`, which ties arguments to names: with one tool
/// `{"tool": .., "arguments": ..}`, with several the same inside a wrapper.
fn one_of(tools: &[Tool]) -> Value {
    let object = |properties: Value, required: Value| {
        json!({
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": false,
        })
    };
    let mut calls: Vec<Value> = tools
        .iter()
        .map(|tool| {
            object(
                json!({
                    "tool": {"type": "string", "enum": [tool.name]},
                    "arguments": tool.parameters,
                }),
                json!(["tool", "arguments"]),
            )
        })
        .collect();
    match calls.len() {
        1 => calls.remove(0),
        _ => object(json!({WRAPPER: {"anyOf": calls}}), json!([WRAPPER])),
    }
}

fn function(name: &str, description: &str, parameters: &Value) -> Value {
    json!({
        "type": "function",
        "function": {
            "name": name,
            "description": description,
            "parameters": parameters,
            "strict": true,
        },
    })
}

fn call(body: &mut Map<String, Value>, tools: Vec<Value>) {
    body.insert("tools".to_owned(), Value::Array(tools));
    body.insert("tool_choice".to_owned(), json!("required"));
    body.insert("parallel_tool_calls".to_owned(), json!(false));
}

#[cfg(test)]
mod tests {
    use memgauge_core::ChatMessage;

    use super::*;

    fn shape(structured: Structured) -> Shape {
        Shape {
            model: "m".to_owned(),
            temperature: Some(0.0),
            top_p: None,
            seed: Some(7),
            max_tokens: Some(9),
            max_tokens_key: MaxTokensKey::default(),
            structured,
            extra: BTreeMap::from([("top_k".to_owned(), json!(1))]),
        }
    }

    fn schema() -> Value {
        json!({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": false})
    }

    fn request(form: ReplyForm) -> ChatRequest {
        ChatRequest {
            messages: vec![ChatMessage::system("S"), ChatMessage::user("U")],
            form,
            max_tokens: None,
        }
    }

    fn tool(name: &str) -> Tool {
        Tool {
            name: name.to_owned(),
            description: format!("Does {name}."),
            parameters: schema(),
        }
    }

    #[test]
    fn free_text_has_the_parameters_of_the_block_and_no_more() {
        let mut request = request(ReplyForm::Text);
        let expected = json!({
            "model": "m",
            "messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "U"}],
            "temperature": 0.0, "seed": 7, "max_tokens": 9, "top_k": 1,
        });
        assert_eq!(shape(Structured::JsonSchema).body(&request), expected);
        request.max_tokens = Some(3);
        let body = shape(Structured::ToolCall).body(&request);
        assert_eq!(body["max_tokens"], 3);
        let mut other = shape(Structured::ToolCall);
        other.max_tokens_key = MaxTokensKey::MaxCompletionTokens;
        let body = other.body(&request);
        assert_eq!(body["max_completion_tokens"], 3);
        assert_eq!(body.get("max_tokens"), None);
    }

    #[test]
    fn json_is_asked_for_in_three_ways() {
        let request = request(ReplyForm::Json {
            name: "form".to_owned(),
            schema: schema(),
        });
        let body = shape(Structured::JsonSchema).body(&request);
        let format = &body["response_format"]["json_schema"];
        assert_eq!(format["schema"], schema());
        assert_eq!(
            (&format["name"], &format["strict"]),
            (&json!("form"), &json!(true))
        );
        assert_eq!(body["messages"][0]["content"], "S");

        let body = shape(Structured::JsonMode).body(&request);
        assert_eq!(body["response_format"], json!({"type": "json_object"}));
        let told = body["messages"][0]["content"].as_str().unwrap();
        assert!(told.starts_with("S\n\n") && told.ends_with(&schema().to_string()));
        assert_eq!(body["messages"][1]["content"], "U");

        let body = shape(Structured::ToolCall).body(&request);
        assert_eq!(body["tools"][0]["function"]["name"], "form");
        assert_eq!(body["tool_choice"], "required");
        assert_eq!(body.get("response_format"), None);
    }

    #[test]
    fn a_choice_of_tools_stays_tied_to_its_arguments() {
        let two = request(ReplyForm::OneTool(vec![tool("add"), tool("skip")]));
        let body = shape(Structured::JsonSchema).body(&two);
        let root = &body["response_format"]["json_schema"]["schema"];
        assert_eq!(root["type"], "object");
        let calls = root["properties"][WRAPPER]["anyOf"].as_array().unwrap();
        assert_eq!(calls.len(), 2);
        assert_eq!(calls[1]["properties"]["tool"]["enum"], json!(["skip"]));
        assert_eq!(calls[1]["properties"]["arguments"], schema());
        let told = body["messages"][0]["content"].as_str().unwrap();
        assert!(told.contains("- skip: Does skip."), "{told}");

        let one = request(ReplyForm::OneTool(vec![tool("add")]));
        let body = shape(Structured::JsonSchema).body(&one);
        let root = &body["response_format"]["json_schema"]["schema"];
        assert_eq!(root["required"], json!(["tool", "arguments"]));

        let body = shape(Structured::ToolCall).body(&two);
        assert_eq!(body["tools"].as_array().unwrap().len(), 2);
        assert_eq!(body["parallel_tool_calls"], false);
    }

    #[test]
    fn extra_keys_cannot_contradict_the_block() {
        assert!(shape(Structured::JsonMode).check().is_ok());
        for key in ["stream", "temperature", "messages"] {
            let mut shape = shape(Structured::JsonMode);
            shape.extra.insert(key.to_owned(), json!(1));
            assert_eq!(shape.check().unwrap_err().key.as_deref(), Some("extra"));
        }
        let mut hot = shape(Structured::JsonMode);
        hot.temperature = Some(f64::NAN);
        assert!(hot.check().is_err());
    }

    #[test]
    fn what_has_to_be_told_finds_a_place() {
        let mut request = request(ReplyForm::Json {
            name: "form".to_owned(),
            schema: schema(),
        });
        request.messages.remove(0);
        let body = shape(Structured::JsonMode).body(&request);
        assert!(
            body["messages"][0]["content"]
                .as_str()
                .unwrap()
                .starts_with("U\n\n")
        );
        request.messages.clear();
        let body = shape(Structured::JsonMode).body(&request);
        assert_eq!(body["messages"].as_array().unwrap().len(), 1);
    }
}
