//! From the file's shape to memgauge's types: conversations and the notes about them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::civil::DateTime;
use memgauge_core::{
    Conversation, ConversationHead, ConversationId, Image, Observation, Session, SessionNotes,
    Turn, TurnId,
};
use serde::Deserialize as _;
use serde_json::Value;

use super::{evidence, wire};
use crate::{DatasetError, Entry, Finding, LoadReport, Oddity};

/// How LOCOMO writes times: `1:56 pm on 8 May, 2023`.
const TIME_FORMAT: &str = "%I:%M %p on %d %B, %Y";

/// Reads one element of the list.
pub(super) fn sample(
    path: &Path,
    index: usize,
    value: &Value,
    report: &mut LoadReport,
) -> Result<Entry, DatasetError> {
    let label = match value.get("sample_id") {
        Some(Value::String(id)) if !id.is_empty() => id.clone(),
        _ => format!("[{index}]"),
    };
    let shape = |at: String, message: String| DatasetError::Shape {
        path: path.to_owned(),
        conversation: Some(label.clone()),
        at,
        message,
    };
    // Tracking the path costs as much again as reading: it is done only to place an error.
    let wire = wire::Sample::deserialize(value)
        .or_else(|_| serde_path_to_error::deserialize(value))
        .map_err(|error| {
            let at = error.path().to_string();
            // The path of the element itself is written `.`.
            let at = if at == "." { String::new() } else { at };
            shape(at, error.into_inner().to_string())
        })?;
    if wire.sample_id.is_empty() {
        return Err(shape(
            "sample_id".to_owned(),
            "expected a name, found an empty text".to_owned(),
        ));
    }
    let mut reader = Reader {
        id: ConversationId::new(wire.sample_id),
        report,
    };
    reader.unknown_fields(value, &wire.conversation.unknown);
    let mut conversation = reader
        .conversation(wire.conversation)
        .map_err(|(at, message)| shape(at, message))?;
    reader.notes(wire.observation, wire.session_summary, &mut conversation);
    let items = reader
        .items(wire.qa, &conversation)
        .map_err(|(at, message)| shape(at, message))?;
    Ok(Entry {
        conversation,
        items,
    })
}

/// Place and message of what cannot be right.
pub(super) type Fault = (String, String);

/// Reads one conversation and reports what is odd in it.
pub(super) struct Reader<'a> {
    pub(super) id: ConversationId,
    report: &'a mut LoadReport,
}

impl Reader<'_> {
    pub(super) fn found(&mut self, at: impl Into<String>, oddity: Oddity) {
        self.report.findings.push(Finding {
            conversation: self.id.clone(),
            at: at.into(),
            oddity,
        });
    }

    fn conversation(&mut self, wire: wire::Conversation) -> Result<Conversation, Fault> {
        let speakers = [wire.speaker_a, wire.speaker_b];
        let mut times = wire.times;
        if wire.sessions.is_empty() {
            let message = "no session, expected at least `session_1`".to_owned();
            return Err(("conversation".to_owned(), message));
        }
        let mut sessions: Vec<Session> = Vec::with_capacity(wire.sessions.len());
        for (index, turns) in wire.sessions {
            let at = format!("conversation.session_{index}_date_time");
            let held_at_text = times.remove(&index).ok_or_else(|| {
                (
                    at.clone(),
                    format!("missing, expected the time of session_{index}"),
                )
            })?;
            let held_at = time(&held_at_text).ok_or_else(|| {
                (
                    at.clone(),
                    format!(
                        "`{held_at_text}` is not a time such as `1:56 pm on 8 May, 2023` or \
                         `2023-05-08T13:56`"
                    ),
                )
            })?;
            if sessions.last().is_some_and(|last| held_at < last.held_at) {
                self.found(at, Oddity::SessionEarlier { session: index });
            }
            sessions.push(Session {
                index,
                held_at,
                held_at_text,
                turns: self.turns(index, turns, &speakers)?,
                notes: SessionNotes::default(),
            });
        }
        for session in times.into_keys() {
            self.found(
                format!("conversation.session_{session}_date_time"),
                Oddity::TimeWithoutSession { session },
            );
        }
        Ok(Conversation {
            head: ConversationHead {
                id: self.id.clone(),
                speakers,
            },
            sessions,
        })
    }

    fn turns(
        &mut self,
        session: u32,
        wire: Vec<wire::Turn>,
        speakers: &[String; 2],
    ) -> Result<Vec<Turn>, Fault> {
        if wire.is_empty() {
            self.found(
                format!("conversation.session_{session}"),
                Oddity::SessionEmpty { session },
            );
        }
        let mut turns: Vec<Turn> = Vec::with_capacity(wire.len());
        for (index, wire) in wire.into_iter().enumerate() {
            let id = wire.dia_id;
            let place = format!("conversation.session_{session}[{index}]");
            let wrong = |message: String| Err((format!("{place}.dia_id"), message));
            if id.session != session {
                return wrong(format!(
                    "`{id}` belongs to session {}, expected an id of session {session}",
                    id.session
                ));
            }
            if id.turn == 0 {
                return wrong(format!("`{id}` is turn 0, expected turns from 1"));
            }
            if turns.iter().any(|earlier| earlier.id == id) {
                return wrong(format!("duplicate `{id}`"));
            }
            if let Some(last) = turns.last().filter(|last| last.id > id) {
                return wrong(format!("`{id}` after `{}`, expected rising ids", last.id));
            }
            if !speakers.contains(&wire.speaker) {
                self.found(
                    format!("{place}.speaker"),
                    Oddity::SpeakerUnknown {
                        turn: id,
                        speaker: wire.speaker.clone(),
                    },
                );
            }
            let urls = match wire.img_url {
                None => Vec::new(),
                Some(wire::Texts::One(url)) => vec![url],
                Some(wire::Texts::Many(urls)) => urls,
            };
            let has_image = wire.blip_caption.is_some() || wire.query.is_some() || !urls.is_empty();
            turns.push(Turn {
                id,
                speaker: wire.speaker,
                text: wire.text,
                image: has_image.then_some(Image {
                    caption: wire.blip_caption,
                    query: wire.query,
                    urls,
                }),
            });
        }
        Ok(turns)
    }

    fn notes(
        &mut self,
        observations: BTreeMap<String, BTreeMap<String, Vec<wire::Fact>>>,
        summaries: BTreeMap<String, String>,
        conversation: &mut Conversation,
    ) {
        let ids: BTreeSet<TurnId> = conversation.turns().map(|(_, turn)| turn.id).collect();
        let [first, second] = conversation.head.speakers.clone();
        for (number, key, by_speaker) in by_session(observations, "_observation") {
            let session = session_mut(conversation, number)
                .filter(|session| session.notes.observations.is_empty());
            let Some(session) = session else {
                self.orphan("observation", key);
                continue;
            };
            // speaker_a, speaker_b, others: copies that differ in key order read the same.
            let mut by_speaker: Vec<_> = by_speaker.into_iter().collect();
            by_speaker.sort_by_key(|(speaker, _)| (speaker != &first, speaker != &second));
            for (speaker, facts) in by_speaker {
                for (index, wire::Fact(text, cited)) in facts.into_iter().enumerate() {
                    let at = format!("observation.{key}.{speaker}[{index}][1]");
                    let turns = self.observed_turns(&at, session.index, cited, &ids);
                    session.notes.observations.push(Observation {
                        speaker: speaker.clone(),
                        text,
                        turns,
                    });
                }
            }
        }
        for (number, key, summary) in by_session(summaries, "_summary") {
            match session_mut(conversation, number) {
                Some(session) if session.notes.summary.is_none() => {
                    session.notes.summary = Some(summary);
                }
                _ => self.orphan("session_summary", key),
            }
        }
    }

    fn orphan(&mut self, field: &str, key: String) {
        self.found(
            format!("{field}.{key}"),
            Oddity::NotesWithoutSession { key },
        );
    }

    fn observed_turns(
        &mut self,
        at: &str,
        session: u32,
        cited: wire::Texts,
        ids: &BTreeSet<TurnId>,
    ) -> Vec<TurnId> {
        let (texts, is_list) = match cited {
            wire::Texts::One(text) => (vec![text], false),
            wire::Texts::Many(texts) => (texts, true),
        };
        let mut turns = Vec::new();
        for written in texts {
            let reading = evidence::read(&written);
            turns.extend_from_slice(&reading.read);
            if !reading.well_formed {
                self.found(
                    at,
                    Oddity::ObservationRepaired {
                        session,
                        written,
                        read: reading.read,
                        unread: reading.unread,
                    },
                );
            }
        }
        if is_list {
            let read = turns.clone();
            self.found(at, Oddity::ObservationList { session, read });
        }
        let mut seen = BTreeSet::new();
        turns.retain(|turn| {
            let exists = ids.contains(turn);
            if !exists {
                let turn = *turn;
                self.found(at, Oddity::ObservationMissingTurn { session, turn });
            }
            exists && seen.insert(*turn)
        });
        turns
    }
}

/// Notes with the number in their key, in numeric order.
fn by_session<T>(notes: BTreeMap<String, T>, ending: &str) -> Vec<(Option<u32>, String, T)> {
    let mut notes: Vec<_> = notes
        .into_iter()
        .map(|(key, note)| (wire::session_number(&key, ending), key, note))
        .collect();
    notes.sort_by_key(|(number, ..)| *number);
    notes
}

fn session_mut(conversation: &mut Conversation, number: Option<u32>) -> Option<&mut Session> {
    conversation
        .sessions
        .iter_mut()
        .find(|session| Some(session.index) == number)
}

/// A local time as LOCOMO writes it, or in ISO 8601.
fn time(text: &str) -> Option<DateTime> {
    let text = text.trim();
    DateTime::strptime(TIME_FORMAT, text)
        .or_else(|_| text.parse())
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_both_forms() {
        let read = |text: &str| time(text).map(|time| time.to_string());
        let is = |text: &str| Some(text.to_owned());
        assert_eq!(read("1:56 pm on 8 May, 2023"), is("2023-05-08T13:56:00"));
        assert_eq!(
            read("12:09 am on 13 September, 2023"),
            is("2023-09-13T00:09:00")
        );
        assert_eq!(
            read("12:05 pm on 1 January, 2024"),
            is("2024-01-01T12:05:00")
        );
        assert_eq!(read("2023-05-08T13:56"), is("2023-05-08T13:56:00"));
        for wrong in [
            "8 May, 2023",
            "1:56 on 8 May, 2023",
            "13:56 pm on 31 June, 2023",
            "",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
