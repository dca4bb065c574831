//! One fact at a time, by tool call.

use memgauge_core::{
    ChatRequest, ComponentError, Cx, Fact, MemoryOp, MemoryRecord, ReplyForm, Tool,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::decide::{LlmUpdate, numbers, shown, text};
use crate::context::spoken_time;
use crate::reply::numbered;

/// A tool call as it came.
#[derive(Debug, Deserialize)]
struct ToolCall {
    tool: String,
    #[serde(default)]
    arguments: Map<String, Value>,
}

/// Why a call cannot be carried out.
enum Refused {
    Id,
    Op,
}

impl LlmUpdate {
    /// Asks about each of `facts` (there is one).
    pub(super) async fn each(
        &self,
        cx: &Cx,
        facts: &[Fact],
        memories: &[MemoryRecord],
    ) -> Result<Vec<MemoryOp>, ComponentError> {
        let mut ops = Vec::with_capacity(facts.len());
        for fact in facts {
            let messages = self.prompt.render(&json!({
                "time": spoken_time(fact.held_at),
                "fact": fact.text,
                "memories": shown(memories),
            }))?;
            let request = ChatRequest {
                messages,
                form: ReplyForm::OneTool(tools(memories.len(), self.config.max_chars)),
                max_tokens: self.config.max_tokens,
            };
            let asked = self.chat.structured::<ToolCall>(cx, &request, |_| Ok(()));
            let (call, _) = asked.await?;
            match self.carried_out(cx, &call, fact, memories) {
                Ok(more) => ops.extend(more),
                Err(refused) => {
                    cx.count(
                        match refused {
                            Refused::Id => "refused:update-id",
                            Refused::Op => "refused:update-op",
                        },
                        1,
                    );
                    ops.push(MemoryOp::Add(fact.clone()));
                }
            }
        }
        Ok(ops)
    }

    /// What a call does. A NOOP with a wrong number is still a NOOP: the number only says why.
    fn carried_out(
        &self,
        cx: &Cx,
        call: &ToolCall,
        fact: &Fact,
        memories: &[MemoryRecord],
    ) -> Result<Vec<MemoryOp>, Refused> {
        let named = numbered(memories, call.arguments.get("id")).map(|(_, record)| record.id);
        match call.tool.trim().to_ascii_uppercase().as_str() {
            "ADD" => Ok(vec![MemoryOp::Add(fact.clone())]),
            "UPDATE" => {
                let id = named.ok_or(Refused::Id)?;
                let text = call.arguments.get("text").and_then(Value::as_str);
                let text = text.map(str::trim).filter(|text| !text.is_empty());
                let replaces = call.arguments.get("replaces").and_then(Value::as_bool);
                Ok(vec![MemoryOp::Update {
                    id,
                    text: text.ok_or(Refused::Op)?.to_owned(),
                    sources: fact.sources.clone(),
                    held_at: fact.held_at,
                    replaces: replaces.unwrap_or(false),
                }])
            }
            "DELETE" => {
                let delete = MemoryOp::Delete {
                    id: named.ok_or(Refused::Id)?,
                    sources: fact.sources.clone(),
                    held_at: fact.held_at,
                };
                let add = self.config.add_after_delete;
                let add = add.then(|| MemoryOp::Add(fact.clone()));
                Ok(std::iter::once(delete).chain(add).collect())
            }
            "NOOP" | "NONE" => {
                if named.is_none() && !memories.is_empty() {
                    cx.count("refused:update-id", 1);
                }
                Ok(vec![MemoryOp::Noop {
                    because: named,
                    text: fact.text.clone(),
                    sources: fact.sources.clone(),
                }])
            }
            _ => Err(Refused::Op),
        }
    }
}

/// The tools about a fact with `count` similar memories. Without memories there is nothing to
/// update, delete or point at.
fn tools(count: usize, max_chars: Option<usize>) -> Vec<Tool> {
    let tool = |name: &str, description: &str, properties: Value| {
        let required: Vec<String> = match &properties {
            Value::Object(properties) => properties.keys().cloned().collect(),
            _ => Vec::new(),
        };
        Tool {
            name: name.to_owned(),
            description: description.to_owned(),
            parameters: json!({
                "type": "object",
                "properties": properties,
                "required": required,
                "additionalProperties": false,
            }),
        }
    };
    let mut tools = vec![tool("ADD", "Keep the fact as a new memory.", json!({}))];
    if count == 0 {
        tools.push(tool("NOOP", "Do not keep the fact.", json!({})));
        return tools;
    }
    tools.push(tool(
        "UPDATE",
        "Give a listed memory a new text that says what the fact says too.",
        json!({
            "id": numbers(count),
            "text": text(max_chars),
            "replaces": { "type": "boolean" },
        }),
    ));
    tools.push(tool(
        "DELETE",
        "Remove a listed memory that the fact contradicts.",
        json!({ "id": numbers(count) }),
    ));
    tools.push(tool(
        "NOOP",
        "Change nothing: a listed memory says it already.",
        json!({ "id": numbers(count) }),
    ));
    tools
}
