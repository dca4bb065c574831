//! From a session to windows, one after the other.

use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::time::Instant;

use memgauge_core::{
    ComponentError, ConversationHead, ConversationId, Cx, ErrorKind, MemoryEvent, Scope,
    Searchable, Session, Turn, Window,
};

use super::background::Work;
use super::consolidate::Portion;
use super::{Perspectives, Pipeline};

/// Name under which the store keeps who talks.
pub(super) const SPEAKERS: &str = "speakers";

/// A session to take in, and to whom its memories belong.
pub(in crate::system) struct Intake<'a> {
    pub(in crate::system) head: &'a ConversationHead,
    pub(in crate::system) session: &'a Session,
    pub(in crate::system) scope: Scope,
    /// What a caller of the library wants noted beside every fact; `None` in a replay.
    pub(in crate::system) metadata: Option<&'a BTreeMap<String, String>>,
}

/// The windows of a session: all of it, or batches of turns, the last of which may be shorter.
fn windows(turns: &[Turn], batch: Option<usize>) -> Vec<&[Turn]> {
    let mut windows: Vec<&[Turn]> = turns.chunks(batch.unwrap_or(turns.len()).max(1)).collect();
    if windows.is_empty() {
        // Nothing was said, but the dataset may have noted something.
        windows.push(&[]);
    }
    windows
}

impl Pipeline {
    /// Takes in the windows of one session in order, each once per perspective. `before` holds the
    /// turns that were said before, as many as the extractor looks back, and moves on with each
    /// window: after an error it ends with the last window that was taken in.
    ///
    /// Returns what was done; in the background nothing has been done yet, but every window that was
    /// taken in is written down and outlasts the process.
    pub(in crate::system) async fn take_in(
        &self,
        cx: &Cx,
        intake: &Intake<'_>,
        before: &mut Vec<Turn>,
    ) -> Result<Vec<MemoryEvent>, ComponentError> {
        let start = Instant::now();
        let Intake { head, session, .. } = *intake;
        self.meet(head)?;
        let perspectives = self.perspectives_of(head, &intake.scope);
        let extractor = &self.consolidator.extractor;
        let windows = windows(&session.turns, extractor.batch());
        let booking = self
            .background
            .as_ref()
            .map(|background| background.book(&head.id, session.index, start));
        let mut events = Vec::new();
        let mut from = 0;
        for (index, turns) in windows.iter().enumerate() {
            for (order, (perspective, scope)) in perspectives.iter().enumerate() {
                let window = Window {
                    head,
                    session,
                    turns,
                    before,
                    perspective: *perspective,
                };
                let portion = Portion {
                    window,
                    scope,
                    metadata: intake.metadata,
                };
                match self.background.as_ref().zip(booking.as_ref()) {
                    Some((background, booking)) => {
                        let mut work = Work::new(&portion, from, cx.epoch());
                        work.ends_session =
                            index + 1 == windows.len() && order + 1 == perspectives.len();
                        background.add(booking, &work).await?;
                    }
                    None => {
                        let consolidator = &self.consolidator;
                        consolidator
                            .consolidate(cx, &portion, None, &mut events)
                            .await?;
                    }
                }
            }
            from += turns.len();
            before.extend_from_slice(turns);
            let extra = before.len().saturating_sub(extractor.lookback());
            before.drain(..extra);
        }
        if self.background.is_none() {
            cx.searchable(Searchable {
                conversation: head.id.clone(),
                session: session.index,
                after: (!cx.is_replayed()).then(|| start.elapsed()),
            });
        }
        Ok(events)
    }

    /// From whose point of view a window is read, and to whom the memories then belong.
    fn perspectives_of<'a>(
        &self,
        head: &'a ConversationHead,
        scope: &Scope,
    ) -> Vec<(Option<&'a str>, Scope)> {
        match self.perspectives {
            Perspectives::One => vec![(None, scope.clone())],
            Perspectives::PerSpeaker => head
                .speakers
                .iter()
                .map(|speaker| (Some(speaker.as_str()), of_speaker(scope, speaker)))
                .collect(),
        }
    }

    /// Remembers who talks, where recalls need it.
    fn meet(&self, head: &ConversationHead) -> Result<(), ComponentError> {
        if self.perspectives == Perspectives::One {
            return Ok(());
        }
        let mut speakers = self.speakers.lock().unwrap_or_else(PoisonError::into_inner);
        if speakers.get(&head.id) != Some(&head.speakers) {
            speakers.insert(head.id.clone(), head.speakers.clone());
            let value = serde_json::to_vec(&*speakers)
                .map_err(|error| ComponentError::new("store", ErrorKind::Storage, error))?;
            self.store().set_note(SPEAKERS, &value)?;
        }
        Ok(())
    }

    /// Who talks in `conversation`, if it was ever taken in.
    pub(super) fn speakers_of(&self, conversation: &ConversationId) -> Option<[String; 2]> {
        let speakers = self.speakers.lock().unwrap_or_else(PoisonError::into_inner);
        speakers.get(conversation).cloned()
    }
}

/// The part of `scope` that is one speaker's.
pub(super) fn of_speaker(scope: &Scope, speaker: &str) -> Scope {
    Scope {
        agent: Some(speaker.to_owned()),
        ..scope.clone()
    }
}
