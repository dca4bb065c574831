//! A store in a vector, for tests.

use jiff::civil::date;
use memgauge_core::{
    ComponentError, ConversationId, Filter, MemoryId, MemoryKind, MemoryReader, MemoryRecord,
    Place, Scope, Scored, Source, TurnId,
};

/// Memories with their vectors; `MemoryId` is the index.
#[derive(Default)]
pub(crate) struct FakeStore(pub(crate) Vec<(MemoryRecord, Vec<f32>)>);

impl FakeStore {
    /// Adds what `speaker` said in `turn`.
    pub(crate) fn add(&mut self, turn: TurnId, speaker: &str, text: &str, vector: Vec<f32>) {
        let at = date(2023, 5, i8::try_from(turn.session).unwrap()).at(13, 56, 0, 0);
        self.0.push((
            MemoryRecord {
                id: MemoryId(u32::try_from(self.0.len()).unwrap()),
                conversation: ConversationId::new("c"),
                scope: Scope::user("c"),
                kind: MemoryKind::Verbatim,
                text: format!("{speaker}: {text}"),
                speaker: Some(speaker.to_owned()),
                sources: vec![Source::cited(turn)],
                created_at: at,
                updated_at: at,
                invalid_at: None,
                metadata: std::collections::BTreeMap::new(),
            },
            vector,
        ));
    }

    fn ranked(
        &self,
        filter: &Filter,
        k: usize,
        score: impl Fn(&MemoryRecord, &[f32]) -> Option<f32>,
    ) -> Vec<Scored> {
        let mut list: Vec<Scored> = self
            .0
            .iter()
            .filter(|(record, _)| filter.accepts(record))
            .filter_map(|(record, vector)| {
                score(record, vector).map(|score| Scored {
                    id: record.id,
                    score,
                })
            })
            .collect();
        list.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.id.cmp(&b.id)));
        list.truncate(k);
        list
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

impl MemoryReader for FakeStore {
    fn record(&self, id: MemoryId) -> Result<Option<MemoryRecord>, ComponentError> {
        Ok(self.0.get(id.0 as usize).map(|(record, _)| record.clone()))
    }

    fn nearest(
        &self,
        filter: &Filter,
        vector: &[f32],
        k: usize,
    ) -> Result<Vec<Scored>, ComponentError> {
        Ok(self.ranked(filter, k, |_, own| Some(dot(own, vector))))
    }

    fn search(&self, filter: &Filter, text: &str, k: usize) -> Result<Vec<Scored>, ComponentError> {
        Ok(self.ranked(filter, k, |record, _| {
            let hits = text
                .split_whitespace()
                .filter(|word| record.text.contains(word))
                .count();
            (hits > 0).then_some(hits as f32)
        }))
    }

    fn recent(&self, filter: &Filter, k: usize) -> Result<Vec<Scored>, ComponentError> {
        Ok(self.ranked(filter, k, |record, _| {
            Some(1.0 / (self.0.len() as f32 - record.id.0 as f32))
        }))
    }

    fn query_terms(&self, text: &str) -> Option<u32> {
        u32::try_from(text.split_whitespace().count()).ok()
    }

    fn place(&self, id: MemoryId) -> Option<Place> {
        let (record, _) = self.0.get(id.0 as usize)?;
        let turn = record.live_turns().next()?;
        Some(Place {
            conversation: 0,
            session: turn.session,
            turn: turn.turn,
        })
    }

    fn similarity(&self, a: MemoryId, b: MemoryId) -> Option<f32> {
        let a = self.0.get(a.0 as usize)?;
        let b = self.0.get(b.0 as usize)?;
        Some(dot(&a.1, &b.1))
    }
}

/// Models for tests: an embedder over a few known words, and tokens that are characters.
pub(crate) struct FakeParts(pub(crate) std::path::PathBuf);

/// One dimension per word of [`WORDS`].
pub(crate) struct WordEmbedder;

/// The words that [`WordEmbedder`] knows.
pub(crate) const WORDS: [&str; 6] = ["cat", "dog", "hike", "paint", "school", "camp"];

#[async_trait::async_trait]
impl memgauge_core::Embedder for WordEmbedder {
    fn id(&self) -> &str {
        "words"
    }

    fn dimensions(&self) -> usize {
        WORDS.len()
    }

    async fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, ComponentError> {
        Ok(texts
            .iter()
            .map(|text| {
                let mut vector: Vec<f32> = WORDS
                    .iter()
                    .map(|word| text.to_lowercase().matches(word).count() as f32)
                    .collect();
                let norm = dot(&vector, &vector).sqrt();
                if norm > 0.0 {
                    vector.iter_mut().for_each(|value| *value /= norm);
                }
                vector
            })
            .collect())
    }
}

/// Every character is a token.
pub(crate) struct CharTokenizer;

impl memgauge_core::Tokenizer for CharTokenizer {
    fn id(&self) -> &'static str {
        "chars"
    }

    fn count(&self, text: &str) -> usize {
        text.chars().count()
    }

    fn prefix<'a>(&self, text: &'a str, max: usize) -> &'a str {
        let end = text
            .char_indices()
            .nth(max)
            .map_or(text.len(), |(at, _)| at);
        &text[..end]
    }

    fn chunks<'a>(&self, text: &'a str, size: usize) -> Vec<&'a str> {
        let mut rest = text;
        let mut chunks = Vec::new();
        while !rest.is_empty() {
            let chunk = self.prefix(rest, size);
            chunks.push(chunk);
            rest = &rest[chunk.len()..];
        }
        chunks
    }
}

impl memgauge_core::Parts for FakeParts {
    fn embedder(
        &self,
        _: &str,
    ) -> Result<memgauge_core::EmbedderHandle, memgauge_core::BuildError> {
        Ok(memgauge_core::EmbedderHandle::new(std::sync::Arc::new(
            WordEmbedder,
        )))
    }

    fn tokenizer(
        &self,
        _: &str,
    ) -> Result<std::sync::Arc<dyn memgauge_core::Tokenizer>, memgauge_core::BuildError> {
        Ok(std::sync::Arc::new(CharTokenizer))
    }

    fn folder(&self) -> &std::path::Path {
        &self.0
    }
}
