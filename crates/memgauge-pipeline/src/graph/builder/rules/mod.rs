//! Entities, relations and conflicts by rules for English, without a model.

mod conflicts;
mod entities;
mod relations;
mod tagger;
mod triples;
mod words;

pub use conflicts::{RulesConflicts, RulesConflictsConfig};
pub use entities::{RulesEntities, RulesEntitiesConfig};
pub use relations::{RulesRelations, RulesRelationsConfig};

use jiff::civil::DateTime;
use memgauge_core::{Source, Window};

use crate::dates;
use crate::extractor::rules::sentence::sentences;
use crate::extractor::rules::{Rules, RulesConfig};

/// A statement of a window with the turn that makes it.
struct Found {
    statement: triples::Statement,
    sources: Vec<Source>,
    valid_from: Option<DateTime>,
}

/// The statements of the window's new turns, once they are facts in the third person. An answer that
/// is kept together with its question states nothing that these rules could read.
fn read(window: &Window<'_>) -> Vec<Found> {
    let names: Vec<&str> = window.head.speakers.iter().map(String::as_str).collect();
    let facts = Rules::new(RulesConfig::default()).facts(window);
    let mut found = Vec::new();
    for fact in facts.iter().filter(|fact| !fact.text.contains('?')) {
        for sentence in sentences(&fact.text) {
            let mention = dates::find(sentence, fact.held_at).into_iter().next();
            let valid_from = mention.map(|mention| mention.value.range().0.at(0, 0, 0, 0));
            let statements = triples::statements(sentence, &names);
            found.extend(statements.into_iter().map(|statement| Found {
                statement,
                sources: fact.sources.clone(),
                valid_from,
            }));
        }
    }
    found
}
