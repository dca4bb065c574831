//! One kept request: what it was, what came back, what it took.

use std::time::Duration;

use memgauge_core::{ChatReply, ErrorKind, Finish, ModelError, Usage};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntryKind {
    /// A conversation's next message.
    Chat,
    /// The vector of one text.
    Embedding,
}

/// What came back.
#[derive(Debug, Clone, PartialEq)]
pub enum Kept {
    /// A chat model's reply.
    Reply {
        /// What it said.
        text: String,
        /// Why it ended.
        finish: Finish,
    },
    /// A text's vector.
    Vector(Vec<f32>),
    /// The provider refused for a reason that lies in the request.
    Refusal(ModelError),
}

/// A request that was answered, and its answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// What was asked for.
    pub kind: EntryKind,
    /// Content address of the request.
    pub key: String,
    /// What shaped the reply: provider label, model and settings in one line.
    pub model: String,
    /// What came back.
    pub kept: Kept,
    /// Tokens.
    pub usage: Usage,
    /// Model that answered, as the provider names it.
    pub served_by: Option<String>,
    /// Provider time, in whole microseconds.
    pub took: Duration,
    /// The request, for people; cassettes leave it out.
    pub request: Option<Value>,
    /// When it was recorded (UTC, RFC 3339); cassettes leave it out.
    pub recorded: Option<String>,
}

/// An entry as it is written: a line of a cassette, or a value of the database.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Line {
    kind: EntryKind,
    key: String,
    model: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    finish: Option<Finish>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    vector: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<ErrorKind>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    usage: Usage,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    served_by: Option<String>,
    ms: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    recorded: Option<String>,
}

impl Entry {
    /// Whether a later run may be given it in place of a call: a whole reply that says something,
    /// or a vector.
    pub fn is_whole(&self) -> bool {
        match &self.kept {
            Kept::Reply { text, finish } => is_whole(text, *finish),
            Kept::Vector(_) => true,
            Kept::Refusal(_) => false,
        }
    }

    /// The chat model's reply, or its refusal.
    pub(super) fn into_reply(self) -> Result<ChatReply, ModelError> {
        match self.kept {
            Kept::Reply { text, finish } => Ok(ChatReply {
                text,
                finish,
                usage: self.usage,
                model: self.served_by,
            }),
            Kept::Refusal(error) => Err(error),
            Kept::Vector(_) => Err(ModelError::new(
                ErrorKind::Storage,
                format!("entry {} holds a vector, not a reply", self.key),
            )),
        }
    }

    /// The line of a cassette: no request, no date, the vector in it.
    pub(super) fn to_line(&self) -> Result<String, String> {
        let mut line = self.line();
        line.request = None;
        line.recorded = None;
        if let Kept::Vector(vector) = &self.kept {
            line.vector = Some(to_hex(vector));
        }
        serde_json::to_string(&line).map_err(|error| error.to_string())
    }

    /// Reads the line of a cassette.
    pub(super) fn from_line(text: &str) -> Result<Self, String> {
        let mut line: Line = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if line.request.is_some() || line.recorded.is_some() {
            return Err("a cassette holds neither requests nor dates".to_owned());
        }
        let vector = match line.vector.take() {
            Some(hex) => Some(from_hex(&hex).ok_or("its vector is not hexadecimal")?),
            None => None,
        };
        Self::from_parts(line, vector)
    }

    /// The value in the database: a line of JSON and, after it, the vector's numbers as they are.
    pub(super) fn to_value(&self) -> Result<Vec<u8>, String> {
        let mut bytes = serde_json::to_vec(&self.line()).map_err(|error| error.to_string())?;
        bytes.push(b'\n');
        if let Kept::Vector(vector) = &self.kept {
            bytes.extend(vector.iter().flat_map(|number| number.to_le_bytes()));
        }
        Ok(bytes)
    }

    /// Reads a value of the database.
    pub(super) fn from_value(bytes: &[u8]) -> Result<Self, String> {
        let end = bytes
            .iter()
            .position(|byte| *byte == b'\n')
            .ok_or("its line does not end")?;
        let (line, rest) = bytes.split_at(end);
        let line: Line = serde_json::from_slice(line).map_err(|error| error.to_string())?;
        let (numbers, left) = rest.get(1..).unwrap_or_default().as_chunks::<4>();
        if !left.is_empty() {
            return Err("its vector is cut short".to_owned());
        }
        let vector = (!numbers.is_empty()).then(|| {
            numbers
                .iter()
                .map(|bytes| f32::from_le_bytes(*bytes))
                .collect()
        });
        Self::from_parts(line, vector)
    }

    fn line(&self) -> Line {
        let mut line = Line {
            kind: self.kind,
            key: self.key.clone(),
            model: self.model.clone(),
            text: None,
            finish: None,
            vector: None,
            error: None,
            message: None,
            usage: self.usage,
            served_by: self.served_by.clone(),
            ms: self.took.as_micros() as f64 / 1e3,
            request: self.request.clone(),
            recorded: self.recorded.clone(),
        };
        match &self.kept {
            Kept::Reply { text, finish } => {
                line.text = Some(text.clone());
                line.finish = Some(*finish);
            }
            Kept::Vector(_) => {}
            Kept::Refusal(error) => {
                line.error = Some(error.kind);
                line.message = Some(error.message.clone());
            }
        }
        line
    }

    fn from_parts(line: Line, vector: Option<Vec<f32>>) -> Result<Self, String> {
        let kept = match (line.kind, line.text, line.finish, line.error, vector) {
            (EntryKind::Chat, Some(text), Some(finish), None, None) => Kept::Reply { text, finish },
            (EntryKind::Embedding, None, None, None, Some(vector)) => Kept::Vector(vector),
            (_, None, None, Some(kind), None) => {
                Kept::Refusal(ModelError::new(kind, line.message.unwrap_or_default()))
            }
            (EntryKind::Chat, ..) => {
                return Err("a chat needs `text` and `finish`, or `error`".to_owned());
            }
            (EntryKind::Embedding, ..) => {
                return Err("an embedding needs `vector`, or `error`".to_owned());
            }
        };
        if !line.ms.is_finite() || line.ms < 0.0 {
            return Err(format!("`ms` cannot be {}", line.ms));
        }
        Ok(Self {
            kind: line.kind,
            key: line.key,
            model: line.model,
            kept,
            usage: line.usage,
            served_by: line.served_by,
            took: Duration::from_micros((line.ms * 1e3).round() as u64),
            request: line.request,
            recorded: line.recorded,
        })
    }
}

/// Whether a reply ended by itself and says something.
pub(super) fn is_whole(text: &str, finish: Finish) -> bool {
    matches!(finish, Finish::Stop | Finish::Other) && !text.trim().is_empty()
}

/// Little-endian bytes in hexadecimal: a vector comes back bit for bit.
fn to_hex(vector: &[f32]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let bytes = vector.iter().flat_map(|number| number.to_le_bytes());
    let digit = |nibble: u8| char::from(DIGITS.get(usize::from(nibble)).copied().unwrap_or(b'0'));
    bytes
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

fn from_hex(text: &str) -> Option<Vec<f32>> {
    let (numbers, rest) = text.as_bytes().as_chunks::<8>();
    if !rest.is_empty() {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16);
    numbers
        .iter()
        .map(|digits| {
            let mut bytes = [0_u8; 4];
            for (byte, pair) in bytes.iter_mut().zip(digits.as_chunks::<2>().0) {
                let [high, low] = *pair;
                *byte = u8::try_from(digit(high)? * 16 + digit(low)?).ok()?;
            }
            Some(f32::from_le_bytes(bytes))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(kind: EntryKind, kept: Kept) -> Entry {
        Entry {
            kind,
            key: "k1".to_owned(),
            model: "p/m".to_owned(),
            kept,
            usage: Usage {
                input: Some(3),
                ..Usage::default()
            },
            served_by: Some("m-1".to_owned()),
            took: Duration::from_micros(12_345),
            request: None,
            recorded: None,
        }
    }

    #[test]
    fn entries_come_back_bit_for_bit() {
        let odd = vec![0.1, -0.0, f32::MIN_POSITIVE, f32::MAX, 1.0 / 3.0, 1e-45];
        for entry in [
            entry(EntryKind::Embedding, Kept::Vector(odd)),
            entry(
                EntryKind::Chat,
                Kept::Reply {
                    text: "two\nlines \u{1F600}".to_owned(),
                    finish: Finish::Length,
                },
            ),
            entry(
                EntryKind::Chat,
                Kept::Refusal(ModelError::new(ErrorKind::ContextTooLong, "9000 of 8192")),
            ),
        ] {
            let line = entry.to_line().unwrap();
            assert!(!line.contains('\n'));
            let read = Entry::from_line(&line).unwrap();
            assert_eq!(read, entry);
            let value = entry.to_value().unwrap();
            assert_eq!(Entry::from_value(&value).unwrap(), entry);
            if let (Kept::Vector(one), Kept::Vector(other)) = (&read.kept, &entry.kept) {
                let bits = |v: &[f32]| v.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
                assert_eq!(bits(one), bits(other));
            }
        }
    }

    #[test]
    fn lines_that_say_too_much_or_too_little_are_refused() {
        let usage = r#""usage":{"input":null,"output":null,"cached":null,"reasoning":null,"counted":false,"dollars":null},"ms":1.0"#;
        for (body, word) in [
            (r#""kind":"chat""#, "a chat needs"),
            (
                r#""kind":"embedding","text":"x","finish":"stop""#,
                "an embedding needs",
            ),
            (r#""kind":"embedding","vector":"0g000000""#, "hexadecimal"),
            (r#""kind":"embedding","vector":"00""#, "hexadecimal"),
            (
                r#""kind":"chat","text":"x","finish":"stop","host":"h""#,
                "unknown field `host`",
            ),
            (
                r#""kind":"chat","text":"x","finish":"stop","recorded":"now""#,
                "dates",
            ),
        ] {
            let line = format!(r#"{{{body},"key":"k","model":"m",{usage}}}"#);
            let error = Entry::from_line(&line).unwrap_err();
            assert!(error.contains(word), "{line}: {error}");
        }
        assert!(Entry::from_value(b"{}").is_err());
    }
}
