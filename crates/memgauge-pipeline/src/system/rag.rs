//! Retrieval over chunks of the transcript, the paper's baseline.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use async_trait::async_trait;
use memgauge_core::{
    Build, BuildError, ComponentError, Context, ContextEntry, ConversationHead, ConversationId, Cx,
    EmbedderHandle, Hit, ListRank, MemoryEvent, MemoryId, MemoryKind, MemoryRecord, MemorySystem,
    OpKind, Parts, Question, Recall, Scope, Session, Source, Stage, Tokenizer,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::pipeline::MAX_CANDIDATES;
use super::transcript::Transcript;
use super::unknown_conversation;

/// The RAG baseline of Mem0's paper: the transcript (as in `full-context`) cut into chunks of so many
/// tokens, the `k` of largest cosine to the question joined by a line `<->`. A chunk counts as holding a
/// turn when at least half of what was said lies in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct RagConfig {
    /// Tokens per chunk (the paper: 128 to 8192).
    #[schemars(range(min = 1))]
    pub chunk_tokens: usize,
    /// How many chunks enter the context (the paper: 1 or 2).
    #[schemars(range(min = 1, max = 200))]
    pub k: usize,
    /// Name of the embedder.
    pub embedder: String,
    /// Name of the tokenizer that cuts chunks; the paper uses the embedding model's.
    pub tokenizer: String,
    /// Whether the caption of a shared picture is part of the text. Mem0's protocol ignores it.
    pub captions: bool,
}

impl Default for RagConfig {
    fn default() -> Self {
        Self {
            chunk_tokens: 256,
            k: 2,
            embedder: "static".to_owned(),
            tokenizer: "cl100k".to_owned(),
            captions: false,
        }
    }
}

impl Build<Box<dyn MemorySystem>> for RagConfig {
    fn build(&self, parts: &dyn Parts) -> Result<Box<dyn MemorySystem>, BuildError> {
        for (key, value) in [("chunk-tokens", self.chunk_tokens), ("k", self.k)] {
            if value == 0 {
                return Err(BuildError::at(key, "must be at least 1, found 0"));
            }
        }
        Ok(Box::new(Rag {
            chunk_tokens: self.chunk_tokens,
            k: self.k,
            captions: self.captions,
            tokenizer: parts.tokenizer(&self.tokenizer)?,
            embedder: parts.embedder(&self.embedder)?,
            transcripts: Mutex::default(),
            index: RwLock::default(),
        }))
    }
}

/// Retrieval over chunks of the transcript.
pub struct Rag {
    chunk_tokens: usize,
    k: usize,
    captions: bool,
    tokenizer: Arc<dyn Tokenizer>,
    embedder: EmbedderHandle,
    transcripts: Mutex<BTreeMap<ConversationId, Transcript>>,
    index: RwLock<Arc<Index>>,
}

/// What is searchable after `flush`.
#[derive(Default)]
struct Index {
    /// Embeds questions; fitted to the chunks where there was something to fit.
    embedder: Option<EmbedderHandle>,
    chunks: Vec<Chunk>,
    /// Which chunks belong to a conversation.
    conversations: BTreeMap<ConversationId, Range<usize>>,
}

struct Chunk {
    record: MemoryRecord,
    entry: ContextEntry,
    vector: Vec<f32>,
}

impl Chunk {
    /// The chunk as something that was added.
    fn event(&self) -> (ConversationId, MemoryEvent) {
        let record = &self.record;
        let event = MemoryEvent {
            op: OpKind::Add,
            id: Some(record.id),
            before: None,
            after: Some(record.text.clone()),
            replaces: false,
            sources: record.sources.clone(),
            at: record.created_at,
        };
        (record.conversation.clone(), event)
    }
}

impl Rag {
    fn chunks(&self, conversation: &ConversationId, of: &Transcript, first: usize) -> Vec<Chunk> {
        let mut start = 0;
        let mut chunks = Vec::new();
        for text in self.tokenizer.chunks(&of.text, self.chunk_tokens) {
            let range = start..start + text.len();
            start = range.end;
            let lines: Vec<_> = of.covered(&range).collect();
            let turns: Vec<_> = lines.iter().map(|line| line.turn).collect();
            // A chunk may hold less than half of every turn it touches: then its time is unknown
            // to readers, and the record takes that of the line it starts in.
            let begins = of
                .lines
                .iter()
                .rev()
                .find(|line| line.line.start <= range.start);
            let Some(created_at) = lines.first().copied().or(begins).map(|line| line.held_at)
            else {
                continue;
            };
            let same = lines.iter().all(|line| line.held_at == created_at);
            let speaker = lines
                .first()
                .map(|line| &line.speaker)
                .filter(|speaker| lines.iter().all(|line| line.speaker == **speaker))
                .cloned();
            let Ok(id) = u32::try_from(first + chunks.len()) else {
                break;
            };
            let id = MemoryId(id);
            chunks.push(Chunk {
                record: MemoryRecord {
                    id,
                    conversation: conversation.clone(),
                    scope: Scope::user(conversation.as_str()),
                    kind: MemoryKind::Chunk,
                    text: text.to_owned(),
                    speaker: speaker.clone(),
                    sources: turns.iter().map(|turn| Source::cited(*turn)).collect(),
                    created_at,
                    updated_at: created_at,
                    invalid_at: None,
                    metadata: BTreeMap::new(),
                },
                entry: ContextEntry {
                    memory: Some(id),
                    conversation: conversation.clone(),
                    lineage: turns.clone(),
                    turns,
                    held_at: (same && !lines.is_empty()).then_some(created_at),
                    speaker,
                    body: text.to_owned(),
                    shown: text.to_owned(),
                    cut: false,
                },
                vector: Vec::new(),
            });
        }
        chunks
    }

    fn index(&self) -> Arc<Index> {
        Arc::clone(&self.index.read().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl MemorySystem for Rag {
    fn kind(&self) -> &'static str {
        "rag"
    }

    fn keeps_memories(&self) -> bool {
        true
    }

    async fn ingest(
        &self,
        _: &Cx,
        head: &ConversationHead,
        session: &Session,
    ) -> Result<Vec<MemoryEvent>, ComponentError> {
        self.transcripts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(head.id.clone())
            .or_default()
            .push(session, self.captions);
        Ok(Vec::new())
    }

    async fn flush(&self, cx: &Cx) -> Result<Vec<(ConversationId, MemoryEvent)>, ComponentError> {
        let mut index = Index::default();
        {
            let transcripts = self
                .transcripts
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            for (conversation, transcript) in transcripts.iter() {
                let first = index.chunks.len();
                index
                    .chunks
                    .extend(self.chunks(conversation, transcript, first));
                let range = first..index.chunks.len();
                index.conversations.insert(conversation.clone(), range);
            }
        }
        let texts: Vec<&str> = index
            .chunks
            .iter()
            .map(|chunk| chunk.record.text.as_str())
            .collect();
        let embedder = self.embedder.fit(&texts);
        let embedder = embedder.unwrap_or_else(|| self.embedder.clone());
        let vectors = embedder.embed(&cx.with(Stage::Index), &texts).await?;
        for (chunk, vector) in index.chunks.iter_mut().zip(vectors) {
            chunk.vector = vector;
        }
        index.embedder = Some(embedder);
        let events = index.chunks.iter().map(Chunk::event).collect();
        *self.index.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(index);
        Ok(events)
    }

    async fn recall(
        &self,
        cx: &Cx,
        conversation: &ConversationId,
        question: &Question,
    ) -> Result<Recall, ComponentError> {
        let index = self.index();
        let chunks = index
            .conversations
            .get(conversation)
            .and_then(|range| index.chunks.get(range.clone()))
            .ok_or_else(|| unknown_conversation("rag", conversation))?;
        let embedder = index.embedder.as_ref().unwrap_or(&self.embedder);
        let vector = embedder
            .embed(&cx.with(Stage::Search), &[&question.text])
            .await?
            .pop()
            .unwrap_or_default();
        let mut ranked: Vec<(f32, &Chunk)> = chunks
            .iter()
            .map(|chunk| {
                let products = chunk.vector.iter().zip(&vector).map(|(a, b)| a * b);
                (products.sum(), chunk)
            })
            .collect();
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.record.id.cmp(&b.1.record.id)));
        let entries: Vec<ContextEntry> = ranked
            .iter()
            .take(self.k)
            .map(|(_, chunk)| chunk.entry.clone())
            .collect();
        let texts: Vec<&str> = entries.iter().map(|entry| entry.shown.as_str()).collect();
        Ok(Recall {
            lists: vec!["dense".to_owned()],
            candidates: (1..)
                .zip(&ranked)
                .take(MAX_CANDIDATES)
                .map(|(rank, (score, chunk))| Hit {
                    id: chunk.record.id,
                    score: *score,
                    lists: vec![Some(ListRank {
                        rank,
                        score: *score,
                    })],
                })
                .collect(),
            k: self.k,
            ranked: true,
            untraced: false,
            context: Arc::new(Context {
                text: texts.join("\n<->\n"),
                entries,
                dropped: Vec::new(),
                retrieved: None,
            }),
        })
    }

    fn memory(&self, id: MemoryId) -> Result<Option<MemoryRecord>, ComponentError> {
        let index = self.index();
        Ok(index
            .chunks
            .get(id.0 as usize)
            .map(|chunk| chunk.record.clone()))
    }
}
