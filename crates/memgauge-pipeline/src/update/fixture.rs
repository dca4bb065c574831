//! A memory for the tests of update policies whose similarities are given.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use memgauge_core::{
    BuildError, ComponentError, ConversationId, Cx, EmbedderHandle, Fact, MemoryId, MemoryKind,
    MemoryOp, MemoryRecord, MemoryView, Meter, Parts, Scope, Similar, Source, Stage, Tokenizer,
    TurnId, UpdatePolicy,
};

pub(super) fn turn(turn: u32) -> TurnId {
    TurnId::new(1, turn)
}

/// A fact of turn `number`, said at that day of May.
pub(super) fn fact(speaker: &str, text: &str, number: u32) -> Fact {
    let day = i8::try_from(number).unwrap();
    Fact {
        kind: MemoryKind::Fact,
        text: text.to_owned(),
        speaker: Some(speaker.to_owned()),
        sources: vec![Source::cited(turn(number))],
        held_at: jiff::civil::date(2023, 5, day).at(12, 0, 0, 0),
        metadata: BTreeMap::new(),
    }
}

/// Memories in the order of their ids, with the similarity that any text has to them.
#[derive(Debug, Default)]
pub(super) struct FakeMemory {
    memories: Vec<Similar>,
    lookups: AtomicUsize,
}

impl FakeMemory {
    pub(super) fn of(facts: &[(Fact, f32)]) -> Self {
        let memories = facts.iter().zip(0..).map(|((fact, score), id)| Similar {
            record: MemoryRecord {
                id: MemoryId(id),
                conversation: ConversationId::new("little"),
                scope: Scope::user("little"),
                kind: fact.kind,
                text: fact.text.clone(),
                speaker: fact.speaker.clone(),
                sources: fact.sources.clone(),
                created_at: fact.held_at,
                updated_at: fact.held_at,
                invalid_at: None,
                metadata: fact.metadata.clone(),
            },
            score: *score,
        });
        Self {
            memories: memories.collect(),
            lookups: AtomicUsize::new(0),
        }
    }

    pub(super) fn lookups(&self) -> usize {
        self.lookups.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl MemoryView for FakeMemory {
    async fn similar(&self, _: &Cx, _: &str, k: usize) -> Result<Vec<Similar>, ComponentError> {
        self.lookups.fetch_add(1, Ordering::Relaxed);
        let mut all = self.memories.clone();
        all.sort_by(|a, b| {
            b.score
                .total_cmp(&a.score)
                .then(a.record.id.cmp(&b.record.id))
        });
        all.truncate(k);
        Ok(all)
    }
}

pub(super) fn decide(
    policy: &dyn UpdatePolicy,
    facts: Vec<Fact>,
    memory: &dyn MemoryView,
) -> Vec<MemoryOp> {
    let cx = Meter::new().at(Stage::Update);
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(policy.decide(&cx, facts, memory))
        .unwrap()
}

/// A part shop without models.
pub(super) struct NoParts;

impl Parts for NoParts {
    fn embedder(&self, name: &str) -> Result<EmbedderHandle, BuildError> {
        Err(BuildError::new(format!("no embedder `{name}`")))
    }

    fn tokenizer(&self, name: &str) -> Result<std::sync::Arc<dyn Tokenizer>, BuildError> {
        Err(BuildError::new(format!("no tokenizer `{name}`")))
    }

    fn folder(&self) -> &std::path::Path {
        std::path::Path::new(".")
    }
}
