//! Models behind an API that speaks OpenAI's protocol: OpenAI, Anthropic's compatible endpoint,
//! Ollama, vLLM, llama.cpp, OpenRouter.

mod address;
mod body;
mod chat;
mod connection;
mod embeddings;
mod failure;
mod gate;
mod mask;
mod prices;
mod reply;
mod retry_after;
mod transport;

pub use address::content_address;
pub use body::{MaxTokensKey, Structured};
pub use chat::OpenAiConfig;
pub use embeddings::OpenAiEmbeddingsConfig;
pub use prices::prices_date;
