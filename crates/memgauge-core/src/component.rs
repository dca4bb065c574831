//! The traits of a pipeline's parts. An implementation is named for its method, lives in one file
//! and is chosen by its `kind` in a config file.

use std::sync::Arc;

use async_trait::async_trait;

use crate::{
    AnswerKey, ComponentError, Context, ConversationHead, ConversationId, Cx, ErrorKind, Fact,
    Filter, Hit, MemoryEvent, MemoryId, MemoryOp, MemoryRecord, Question, RankedList, Scored,
    Session, Turn,
};

/// What an extractor reads at a time.
#[derive(Debug, Clone, Copy)]
pub struct Window<'a> {
    /// Who talks.
    pub head: &'a ConversationHead,
    /// The session that the turns belong to.
    pub session: &'a Session,
    /// The new turns: all of the session, or a batch of [`Extractor::batch`] of them.
    pub turns: &'a [Turn],
    /// Up to [`Extractor::lookback`] turns that were said before them, oldest first; they may
    /// belong to earlier sessions.
    pub before: &'a [Turn],
    /// The speaker whose memory is being written (the `user`; the other is the `assistant`), where
    /// a protocol keeps one memory per speaker.
    pub perspective: Option<&'a str>,
}

/// Turns to facts.
#[async_trait]
pub trait Extractor: Send + Sync {
    /// Kind in config files.
    fn kind(&self) -> &'static str;

    /// How many turns it reads at a time; `None` = a whole session.
    fn batch(&self) -> Option<usize> {
        None
    }

    /// How many earlier turns it wants to see.
    fn lookback(&self) -> usize {
        0
    }

    /// The facts that the window's new turns hold, in order, each with its sources.
    ///
    /// # Errors
    /// When a model that it needs fails.
    async fn extract(&self, cx: &Cx, window: &Window<'_>) -> Result<Vec<Fact>, ComponentError>;

    /// Waits for whatever goes on in the background (a summary being refreshed) and books it.
    /// Called once, after the last window.
    ///
    /// # Errors
    /// When a model that it needs fails.
    async fn finish(&self, _cx: &Cx) -> Result<(), ComponentError> {
        Ok(())
    }

    /// Forgets what it keeps in mind (a summary) of the conversations that `is_gone` names: their memories were
    /// taken out.
    fn forget(&self, _is_gone: &dyn Fn(&ConversationId) -> bool) {}
}

/// A memory near a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Similar {
    /// The memory.
    pub record: MemoryRecord,
    /// Cosine similarity to the text.
    pub score: f32,
}

/// What an update policy may look up.
#[async_trait]
pub trait MemoryView: Send + Sync {
    /// The `k` memories of the current scope nearest to `text`, best first.
    ///
    /// # Errors
    /// When the embedder or the store fails.
    async fn similar(&self, cx: &Cx, text: &str, k: usize) -> Result<Vec<Similar>, ComponentError>;
}

/// Facts to operations.
#[async_trait]
pub trait UpdatePolicy: Send + Sync {
    /// Kind in config files.
    fn kind(&self) -> &'static str;

    /// Whether it decides about all facts of a window at once; otherwise it is given one at a
    /// time and sees in `memory` what it decided before.
    fn is_joint(&self) -> bool {
        false
    }

    /// What to do about `facts`, in order.
    ///
    /// # Errors
    /// When a model that it needs, or the look-up, fails.
    async fn decide(
        &self,
        cx: &Cx,
        facts: Vec<Fact>,
        memory: &dyn MemoryView,
    ) -> Result<Vec<MemoryOp>, ComponentError>;
}

/// Where a memory stands in its conversation: session and the first of its live turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Ordinal, inside the store, of the conversation.
    pub conversation: u32,
    /// Session number.
    pub session: u32,
    /// Turn number inside the session.
    pub turn: u32,
}

/// A store as retrievers and fusion rankers see it. In-process and synchronous. Lists come best
/// first, ties broken by the lower id; deleted memories never appear.
pub trait MemoryReader: Send + Sync {
    /// The memory with this id.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn record(&self, id: MemoryId) -> Result<Option<MemoryRecord>, ComponentError>;

    /// The `k` memories of largest cosine to `vector`.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn nearest(
        &self,
        filter: &Filter,
        vector: &[f32],
        k: usize,
    ) -> Result<Vec<Scored>, ComponentError>;

    /// The `k` memories of largest positive BM25 score for `text`.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn search(&self, filter: &Filter, text: &str, k: usize) -> Result<Vec<Scored>, ComponentError>;

    /// The `k` memories that were said last, newest first; the score falls from 1.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn recent(&self, filter: &Filter, k: usize) -> Result<Vec<Scored>, ComponentError>;

    /// How many terms [`search`](Self::search) would look for in `text`, repeats and stop words
    /// left out; `None` where the store does not tell.
    fn query_terms(&self, _text: &str) -> Option<u32> {
        None
    }

    /// Where the memory stands in its conversation. Answered from main memory.
    fn place(&self, id: MemoryId) -> Option<Place>;

    /// Cosine of two memories; `None` where one has no vector. Answered from main memory.
    fn similarity(&self, a: MemoryId, b: MemoryId) -> Option<f32>;
}

/// Question to ranked lists.
#[async_trait]
pub trait Retriever: Send + Sync {
    /// Kind in config files.
    fn kind(&self) -> &'static str;

    /// One list per way of searching, in a fixed order.
    ///
    /// # Errors
    /// When the embedder or the store fails.
    async fn retrieve(
        &self,
        cx: &Cx,
        store: &dyn MemoryReader,
        filter: &Filter,
        query: &str,
    ) -> Result<Vec<RankedList>, ComponentError>;
}

/// Several ranked lists to one. A pure function of its arguments; ties broken by the lower id.
pub trait FusionRanker: Send + Sync {
    /// Kind in config files.
    fn kind(&self) -> &'static str;

    /// The best `k` of all lists.
    fn fuse(&self, lists: &[RankedList], store: &dyn MemoryReader, k: usize) -> Vec<Hit>;
}

/// Ranked memories to the text that an answerer sees.
pub trait ContextBuilder: Send + Sync {
    /// Kind in config files.
    fn kind(&self) -> &'static str;

    /// The context of `hits`, which come best first. Every hit becomes an entry or is listed in
    /// [`Context::dropped`].
    ///
    /// # Errors
    /// When the store cannot be read.
    fn build(&self, hits: &[Hit], store: &dyn MemoryReader) -> Result<Context, ComponentError>;
}

/// What a system found for a question.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Recall {
    /// Names of the lists that entered the fusion.
    pub lists: Vec<String>,
    /// Candidates after fusion, best first, those beyond `k` included (at most 200).
    pub candidates: Vec<Hit>,
    /// How many of the candidates were meant for the context.
    pub k: usize,
    /// Whether the candidates (or, where there are none, the context's entries) are in order of
    /// relevance: only then have ranks, and metrics at k, a meaning.
    pub ranked: bool,
    /// Whether nobody knows which turns the memories came from: then nothing can be said about
    /// evidence, which is not the same as none found.
    pub untraced: bool,
    /// What the answerer is given; shared, because full context is the same for every question.
    pub context: Arc<Context>,
}

/// A memory system: one instance remembers one conversation, or, with shared isolation, all.
///
/// It sees conversations and questions; answers, evidence and categories are of other types.
#[async_trait]
pub trait MemorySystem: Send + Sync {
    /// Kind in config files.
    fn kind(&self) -> &'static str;

    /// Whether it keeps memories that it tells of; full context, for instance, does not. Asked when
    /// an ingestion has ended.
    fn keeps_memories(&self) -> bool {
        false
    }

    /// Remembers one session; sessions come in order. Returns every operation carried out.
    ///
    /// # Errors
    /// When a component or the store fails.
    async fn ingest(
        &self,
        cx: &Cx,
        head: &ConversationHead,
        session: &Session,
    ) -> Result<Vec<MemoryEvent>, ComponentError>;

    /// Called once after the last session: everything ingested is searchable when it returns.
    /// Returns the operations carried out only now, each with its conversation.
    ///
    /// # Errors
    /// When the store fails.
    async fn flush(&self, cx: &Cx) -> Result<Vec<(ConversationId, MemoryEvent)>, ComponentError>;

    /// What the system brings to mind about `question` from the memory of `conversation` (which
    /// is not the question's own in the `swapped` control).
    ///
    /// # Errors
    /// When a component or the store fails.
    async fn recall(
        &self,
        cx: &Cx,
        conversation: &ConversationId,
        question: &Question,
    ) -> Result<Recall, ComponentError>;

    /// Answers `question` itself, where the config lets the system answer (`answerer = { kind =
    /// "system" }`); `context` is what its [`recall`](Self::recall) gave.
    ///
    /// # Errors
    /// When it cannot, or is no system that answers.
    async fn answer(
        &self,
        _cx: &Cx,
        _conversation: &ConversationId,
        _question: &Question,
        _context: &Context,
    ) -> Result<Answer, ComponentError> {
        Err(ComponentError::new(
            self.kind(),
            ErrorKind::Permanent,
            "it does not answer questions",
        ))
    }

    /// Name and version that a system from outside gives itself; `None` for ours, and as long as it
    /// was not asked.
    fn version(&self) -> Option<String> {
        None
    }

    /// Whether it was built on what an earlier run had ingested to the end: then nothing is left to
    /// [`ingest`](Self::ingest), and everything is searchable at once.
    fn is_complete(&self) -> bool {
        false
    }

    /// A memory that it keeps, for reports; `None` where it keeps none of that id.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn memory(&self, _id: MemoryId) -> Result<Option<MemoryRecord>, ComponentError> {
        Ok(None)
    }
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer {
    /// What is answered.
    pub text: String,
    /// Entry of the context that it was read from, where the answerer can tell.
    pub entry: Option<usize>,
}

/// Context to answer.
#[async_trait]
pub trait Answerer: Send + Sync {
    /// Kind in config files.
    fn kind(&self) -> &'static str;

    /// Answers `question` from `context` alone.
    ///
    /// # Errors
    /// When a model that it needs fails.
    async fn answer(
        &self,
        cx: &Cx,
        question: &Question,
        context: &Context,
    ) -> Result<Answer, ComponentError>;
}

/// What a judge said about an answer in one run.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Judgement {
    /// Right or wrong.
    pub label: bool,
    /// Grade from 0 to 1, where the judge gives grades.
    pub score: Option<f64>,
    /// The model's reply as it came.
    pub reply: String,
    /// Content address of the request.
    pub request: String,
}

/// Answer to label: with the metrics, the only reader of the [`AnswerKey`]. Never charged to the
/// system under test.
#[async_trait]
pub trait Judge: Send + Sync {
    /// Kind in config files.
    fn kind(&self) -> &'static str;

    /// How often every answer is judged; 0 = never.
    fn runs(&self) -> u32;

    /// Judges `answer` once; the repeat is the epoch of `cx`.
    ///
    /// # Errors
    /// When the model fails, or its reply cannot be read: the question then has no label, which is
    /// not the label `wrong`.
    async fn judge(
        &self,
        cx: &Cx,
        question: &Question,
        key: &AnswerKey,
        answer: &str,
    ) -> Result<Judgement, ComponentError>;
}
