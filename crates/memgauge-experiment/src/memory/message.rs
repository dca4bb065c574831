//! What is said to a memory.

use std::collections::BTreeMap;

use jiff::civil::DateTime;
use memgauge_core::Scope;
use serde::{Deserialize, Serialize};

/// Who says a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The person.
    User,
    /// The agent.
    Assistant,
}

impl Role {
    /// The name of a speaker who has none of their own.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Assistant => "Assistant",
        }
    }
}

/// A message of a conversation, written in JSON as chat models take it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// Who says it.
    pub role: Role,
    /// What is said.
    pub content: String,
    /// Name of the speaker, which facts use where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl Message {
    /// A message of the user.
    pub fn user(content: impl Into<String>) -> Self {
        Self {
            role: Role::User,
            content: content.into(),
            name: None,
        }
    }

    /// A message of the agent.
    pub fn assistant(content: impl Into<String>) -> Self {
        Self {
            role: Role::Assistant,
            ..Self::user(content)
        }
    }

    /// The same message, of a speaker with this name.
    #[must_use]
    pub fn named(self, name: impl Into<String>) -> Self {
        Self {
            name: Some(name.into()),
            ..self
        }
    }

    pub(super) fn speaker(&self) -> &str {
        self.name.as_deref().unwrap_or(self.role.name())
    }
}

/// One or more messages in the order in which they were said. A text alone is a message of the user.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Messages(pub Vec<Message>);

impl From<&str> for Messages {
    fn from(text: &str) -> Self {
        Self(vec![Message::user(text)])
    }
}

impl From<String> for Messages {
    fn from(text: String) -> Self {
        Self(vec![Message::user(text)])
    }
}

impl From<Message> for Messages {
    fn from(message: Message) -> Self {
        Self(vec![message])
    }
}

impl From<Vec<Message>> for Messages {
    fn from(messages: Vec<Message>) -> Self {
        Self(messages)
    }
}

impl<const N: usize> From<[Message; N]> for Messages {
    fn from(messages: [Message; N]) -> Self {
        Self(messages.into())
    }
}

/// How messages are remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddOptions {
    /// To whom the memories belong; at least one of user, agent and run.
    pub scope: Scope,
    /// What is noted beside every new memory, open to filters.
    pub metadata: BTreeMap<String, String>,
    /// Whether the system decides what is kept (facts are extracted; memories added, updated,
    /// deleted). Otherwise every message becomes a memory as it was said.
    pub infer: bool,
    /// When it was said; `None` = now, by the memory's clock.
    pub at: Option<DateTime>,
}

impl AddOptions {
    /// Facts of `scope`, said now, without metadata.
    pub fn to(scope: Scope) -> Self {
        Self {
            scope,
            metadata: BTreeMap::new(),
            infer: true,
            at: None,
        }
    }

    /// Notes `value` under `key` beside every new memory.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }

    /// Keeps every message as it was said.
    #[must_use]
    pub fn verbatim(self) -> Self {
        Self {
            infer: false,
            ..self
        }
    }

    /// Said at this time.
    #[must_use]
    pub fn at(self, at: DateTime) -> Self {
        Self {
            at: Some(at),
            ..self
        }
    }
}

impl From<Scope> for AddOptions {
    fn from(scope: Scope) -> Self {
        Self::to(scope)
    }
}
