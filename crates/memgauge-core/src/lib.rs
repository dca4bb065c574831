//! The vocabulary of memgauge: conversations, questions, memories, and the traits that every
//! swappable part of a memory pipeline implements.
//!
//! This crate does no I/O and knows no runtime. Everything else depends on it; it depends on
//! nothing of the workspace.

mod category_names;
pub mod chat;
pub mod component;
pub mod config;
mod context;
mod dialogue;
mod error;
pub mod graph;
mod memory;
pub mod meter;
pub mod model;
mod number_words;
mod question;
#[macro_use]
mod registry;

pub use category_names::CategoryNames;
pub use chat::{
    ChatHandle, ChatMessage, ChatModel, ChatReply, ChatRequest, ChatRole, Completion, Finish,
    ModelError, ReplyForm, Tool, Usage,
};
pub use component::{
    Answer, Answerer, ContextBuilder, Extractor, FusionRanker, Judge, Judgement, MemoryReader,
    MemorySystem, MemoryView, Place, Recall, Retriever, Similar, UpdatePolicy, Window,
};
pub use context::{Context, ContextEntry, Hit, ListRank, RankedList, Scored};
pub use dialogue::{
    Conversation, ConversationHead, ConversationId, Image, Observation, Session, SessionNotes,
    Turn, TurnId,
};
pub use error::{BuildError, ComponentError, ErrorKind};
pub use graph::{Edge, GraphReader, Node, NodeId, ScoredNode};
pub use memory::{
    Fact, Filter, How, MemoryEvent, MemoryId, MemoryKind, MemoryOp, MemoryRecord, OpKind, Scope,
    Source,
};
pub use meter::{
    Call, CallKind, CallOutcome, Charge, Cx, Meter, Searchable, Spent, Stage, Traffic,
};
pub use model::{EmbedCall, Embedded, Embedder, EmbedderHandle, Purpose, Tokenizer};
pub use number_words::NUMBER_WORDS;
pub use question::{AnswerKey, Category, Gold, Question, QuestionId};
pub use registry::{Build, Family, KindDoc, Parts};

#[doc(hidden)]
pub mod __private {
    pub use schemars;
    pub use serde;
    pub use serde_json;
}
