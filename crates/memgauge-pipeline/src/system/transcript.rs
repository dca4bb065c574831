//! A conversation as one text, in the form in which Mem0's evaluation gives it to a model: lines
//! `timestamp | speaker: text`, each closed by a line end. Pictures are left out unless captions are
//! asked for.

use std::ops::Range;

use jiff::civil::DateTime;
use memgauge_core::{ContextEntry, ConversationId, Session, Turn, TurnId};

/// One turn and where it stands in the text.
#[derive(Debug, Clone)]
pub(super) struct Line {
    /// The turn.
    pub(super) turn: TurnId,
    /// Who said it.
    pub(super) speaker: String,
    /// When.
    pub(super) held_at: DateTime,
    /// Bytes of the whole line, without its line end.
    pub(super) line: Range<usize>,
    /// Bytes of what was said.
    pub(super) body: Range<usize>,
}

/// A conversation as one text.
#[derive(Debug, Clone, Default)]
pub(super) struct Transcript {
    /// The lines.
    pub(super) text: String,
    /// What stands where, in order.
    pub(super) lines: Vec<Line>,
}

impl Transcript {
    /// Adds the lines of `session`.
    pub(super) fn push(&mut self, session: &Session, captions: bool) {
        for turn in &session.turns {
            let start = self.text.len();
            self.text.push_str(&session.held_at_text);
            self.text.push_str(" | ");
            self.text.push_str(&turn.speaker);
            self.text.push_str(": ");
            let body = self.text.len();
            self.text.push_str(&turn.text);
            if let Some(caption) = caption(turn).filter(|_| captions) {
                self.text.push_str(" [shared an image: ");
                self.text.push_str(caption);
                self.text.push(']');
            }
            let end = self.text.len();
            self.text.push('\n');
            self.lines.push(Line {
                turn: turn.id,
                speaker: turn.speaker.clone(),
                held_at: session.held_at,
                line: start..end,
                body: body..end,
            });
        }
    }

    /// The lines of which at least half of what was said lies in `range`.
    pub(super) fn covered(&self, range: &Range<usize>) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(move |line| {
            let from = line.body.start.max(range.start);
            let to = line.body.end.min(range.end);
            if line.body.is_empty() {
                return range.contains(&line.line.start);
            }
            to > from && 2 * (to - from) >= line.body.len()
        })
    }

    /// One entry per turn.
    pub(super) fn entries(&self, conversation: &ConversationId) -> Vec<ContextEntry> {
        self.lines
            .iter()
            .map(|line| ContextEntry {
                memory: None,
                conversation: conversation.clone(),
                turns: vec![line.turn],
                lineage: vec![line.turn],
                held_at: Some(line.held_at),
                speaker: Some(line.speaker.clone()),
                body: self.slice(&line.body),
                shown: self.slice(&line.line),
                cut: false,
            })
            .collect()
    }

    fn slice(&self, range: &Range<usize>) -> String {
        self.text.get(range.clone()).unwrap_or_default().to_owned()
    }
}

fn caption(turn: &Turn) -> Option<&str> {
    let caption = turn.image.as_ref()?.caption.as_deref()?.trim();
    (!caption.is_empty()).then_some(caption)
}
