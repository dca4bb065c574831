//! What goes over the pipes: one JSON object per line (docs/EXTERNAL.md).

use jiff::civil::DateTime;
use memgauge_core::{ConversationHead, ConversationId, OpKind, Session, TurnId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Version of the protocol.
pub(super) const PROTOCOL: u32 = 1;

/// A request; every one is answered by one line with the same `id`.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "op", rename_all = "kebab-case")]
pub(super) enum Request<'a> {
    /// Say who you are. The first request, always.
    Describe {
        protocol: u32,
        /// A folder of the system's own, empty and whole path.
        folder: &'a str,
    },
    /// Forget everything.
    Reset,
    /// Remember a session.
    Ingest {
        conversation: &'a ConversationId,
        speakers: &'a [String; 2],
        session: Said<'a>,
    },
    /// Everything ingested must be searchable when this is answered.
    Flush,
    /// Say what you remember about a question.
    Recall {
        conversation: &'a ConversationId,
        question: &'a str,
        /// How many memories enter the context.
        k: usize,
    },
    /// Answer a question.
    Answer {
        conversation: &'a ConversationId,
        question: &'a str,
        /// The context made of what was recalled.
        context: &'a str,
    },
}

impl Request<'_> {
    /// Name of the request.
    pub(super) fn op(&self) -> &'static str {
        match self {
            Self::Describe { .. } => "describe",
            Self::Reset => "reset",
            Self::Ingest { .. } => "ingest",
            Self::Flush => "flush",
            Self::Recall { .. } => "recall",
            Self::Answer { .. } => "answer",
        }
    }

    /// The line, its end included.
    pub(super) fn line(&self, id: u64) -> Result<Vec<u8>, serde_json::Error> {
        #[derive(Serialize)]
        struct Numbered<'a> {
            id: u64,
            #[serde(flatten)]
            request: &'a Request<'a>,
        }
        let mut line = serde_json::to_vec(&Numbered { id, request: self })?;
        line.push(b'\n');
        Ok(line)
    }

    /// The request that hands over a session: what was said, and none of the dataset's notes.
    pub(super) fn ingest<'a>(head: &'a ConversationHead, session: &'a Session) -> Request<'a> {
        Request::Ingest {
            conversation: &head.id,
            speakers: &head.speakers,
            session: Said {
                index: session.index,
                time: session.held_at,
                turns: session
                    .turns
                    .iter()
                    .map(|turn| SaidTurn {
                        id: turn.id,
                        speaker: &turn.speaker,
                        text: &turn.text,
                        image: turn.image.as_ref().map(|image| SaidImage {
                            caption: image.caption.as_deref(),
                            query: image.query.as_deref(),
                        }),
                    })
                    .collect(),
            },
        }
    }
}

/// A session as a system from outside sees it.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Said<'a> {
    index: u32,
    /// Local time, without a zone.
    time: DateTime,
    turns: Vec<SaidTurn<'a>>,
}

#[derive(Debug, Clone, Serialize)]
struct SaidTurn<'a> {
    id: TurnId,
    speaker: &'a str,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<SaidImage<'a>>,
}

#[derive(Debug, Clone, Serialize)]
struct SaidImage<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    caption: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    query: Option<&'a str>,
}

/// Reply to `describe`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Description {
    pub(super) protocol: u32,
    /// Name of the system.
    pub(super) name: String,
    /// Its version.
    #[serde(default)]
    pub(super) version: Option<String>,
    /// Whether it tells the turns that its memories came from.
    #[serde(default)]
    pub(super) sources: bool,
    /// Whether it tells every change of its memories.
    #[serde(default)]
    pub(super) events: bool,
}

/// Reply to `reset`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Done {}

/// Reply to `ingest` and `flush`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Changes {
    #[serde(default)]
    pub(super) events: Vec<Change>,
}

/// A memory was added, changed or removed, or a fact was not kept.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    pub(super) op: OpKind,
    /// The system's own name of the memory.
    #[serde(default)]
    pub(super) id: Option<String>,
    /// The text afterwards.
    #[serde(default)]
    pub(super) text: Option<String>,
    #[serde(default)]
    pub(super) sources: Option<Vec<TurnId>>,
    /// Of an update: whether the text no longer says what the old one said.
    #[serde(default)]
    pub(super) replaces: bool,
    /// Of a change made by `flush`: the conversation.
    #[serde(default)]
    pub(super) conversation: Option<ConversationId>,
}

/// Reply to `recall`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Recalled {
    /// Best first.
    #[serde(default)]
    pub(super) memories: Option<Vec<Memory>>,
    /// The context, where the system writes it itself.
    #[serde(default)]
    pub(super) context: Option<String>,
}

/// Something remembered.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Memory {
    /// The system's own name of it, where it tells changes.
    #[serde(default)]
    pub(super) id: Option<String>,
    #[serde(default)]
    pub(super) text: Option<String>,
    #[serde(default)]
    pub(super) score: Option<f32>,
    #[serde(default)]
    pub(super) sources: Option<Vec<TurnId>>,
    /// When it was said, as local time.
    #[serde(default)]
    pub(super) time: Option<DateTime>,
    /// Who said it, where that is one person.
    #[serde(default)]
    pub(super) speaker: Option<String>,
    /// Conversation of its sources, where it is not the one asked about.
    #[serde(default)]
    pub(super) conversation: Option<ConversationId>,
}

/// Reply to `answer`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Answered {
    pub(super) answer: String,
}

/// Why a line is no reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unfit {
    /// It is no JSON object with an `id`: most likely something that was printed.
    Noise,
    /// It replies to another request.
    OtherId,
    /// The system says that it failed.
    Refused(String),
    /// It has not the form that the request asks for.
    Form(String),
}

/// Reads the reply to request `id`.
pub(super) fn reply<T: DeserializeOwned>(line: &[u8], id: u64) -> Result<T, Unfit> {
    let Ok(Value::Object(mut object)) = serde_json::from_slice::<Value>(line) else {
        return Err(Unfit::Noise);
    };
    let given = object.shift_remove("id").ok_or(Unfit::Noise)?;
    if given.as_u64() != Some(id) {
        return Err(Unfit::OtherId);
    }
    match object.shift_remove("error") {
        None | Some(Value::Null) => {}
        Some(Value::String(message)) => return Err(Unfit::Refused(message)),
        Some(other) => return Err(Unfit::Refused(other.to_string())),
    }
    serde_json::from_value(Value::Object(object)).map_err(|error| Unfit::Form(error.to_string()))
}

#[cfg(test)]
mod tests {
    use memgauge_core::{Image, SessionNotes, Turn};

    use super::*;

    #[test]
    fn a_session_is_handed_over_without_what_others_wrote_about_it() {
        let head = ConversationHead {
            id: ConversationId::new("c"),
            speakers: ["Ann".to_owned(), "Bob".to_owned()],
        };
        let session = Session {
            index: 1,
            held_at: jiff::civil::date(2023, 5, 8).at(13, 56, 0, 0),
            held_at_text: "1:56 pm on 8 May, 2023".to_owned(),
            turns: vec![Turn {
                id: TurnId::new(1, 1),
                speaker: "Ann".to_owned(),
                text: "Look!".to_owned(),
                image: Some(Image {
                    caption: Some("a cello".to_owned()),
                    query: None,
                    urls: vec!["address".to_owned()],
                }),
            }],
            notes: SessionNotes {
                summary: Some("Ann shows a cello.".to_owned()),
                ..SessionNotes::default()
            },
        };
        let line = Request::ingest(&head, &session).line(7).unwrap();
        let expected = concat!(
            r#"{"id":7,"op":"ingest","conversation":"c","speakers":["Ann","Bob"],"#,
            r#""session":{"index":1,"time":"2023-05-08T13:56:00","turns":["#,
            r#"{"id":"D1:1","speaker":"Ann","text":"Look!","image":{"caption":"a cello"}}]}}"#,
            "\n"
        );
        assert_eq!(String::from_utf8(line).unwrap(), expected);
    }

    #[test]
    fn replies_are_read_strictly() {
        let read = |line: &str| reply::<Recalled>(line.as_bytes(), 3);
        let good = read(r#"{"id":3,"memories":[{"text":"t","sources":["D1:2"],"score":1}]}"#);
        let memories = good.unwrap().memories.unwrap();
        assert_eq!(
            memories[0].sources.as_deref(),
            Some(&[TurnId::new(1, 2)][..])
        );
        assert_eq!(read("Loading weights"), Err(Unfit::Noise));
        assert_eq!(read("[3]"), Err(Unfit::Noise));
        assert_eq!(read(r#"{"memories":[]}"#), Err(Unfit::Noise));
        assert_eq!(read(r#"{"id":2,"memories":[]}"#), Err(Unfit::OtherId));
        let refused = read(r#"{"id":3,"error":"no index"}"#);
        assert_eq!(refused, Err(Unfit::Refused("no index".to_owned())));
        // A slip of the pen is not an empty result.
        for line in [
            r#"{"id":3,"memory":[]}"#,
            r#"{"id":3,"memories":[{"text":"t","sources":["D1"]}]}"#,
            r#"{"id":3,"memories":[{"text":"t","time":"yesterday"}]}"#,
        ] {
            assert!(matches!(read(line), Err(Unfit::Form(_))), "{line}");
        }
    }
}
