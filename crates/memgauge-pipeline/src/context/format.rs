//! How a memory is written into a context.

use jiff::civil::{Date, DateTime};
use memgauge_core::{ContextEntry, MemoryRecord, TurnId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the time of a memory is written before its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TimeFormat {
    /// `1:56 pm on 8 May, 2023: text`, as LOCOMO writes times and Mem0 shows memories.
    Spoken,
    /// `2023-05-08T13:56:00: text`
    Iso,
    /// `text`
    None,
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A time as LOCOMO writes it: `1:56 pm on 8 May, 2023`.
pub fn spoken_time(at: DateTime) -> String {
    let hour = match at.hour() % 12 {
        0 => 12,
        hour => hour,
    };
    let half = if at.hour() < 12 { "am" } else { "pm" };
    format!(
        "{hour}:{:02} {half} on {}",
        at.minute(),
        spoken_day(at.date())
    )
}

/// A day as LOCOMO writes it: `8 May, 2023`.
pub fn spoken_day(day: Date) -> String {
    let month = usize::try_from(day.month() - 1)
        .ok()
        .and_then(|index| MONTHS.get(index))
        .unwrap_or(&"");
    format!("{} {month}, {}", day.day(), day.year())
}

impl TimeFormat {
    /// What stands before the text: the time and `: `, or nothing.
    pub fn prefix(self, at: DateTime) -> String {
        match self {
            Self::Spoken => format!("{}: ", spoken_time(at)),
            Self::Iso => format!("{at}: "),
            Self::None => String::new(),
        }
    }
}

/// The entry of one memory. Its time is that of the session that last changed it: relative dates in
/// the text count from there.
pub fn entry(record: &MemoryRecord, time: TimeFormat) -> ContextEntry {
    let held_at = record.updated_at;
    ContextEntry {
        memory: Some(record.id),
        conversation: record.conversation.clone(),
        turns: once(record.live_turns()),
        lineage: once(record.sources.iter().map(|source| source.turn)),
        held_at: Some(held_at),
        speaker: record.speaker.clone(),
        body: body(record.speaker.as_deref(), &record.text),
        shown: format!("{}{}", time.prefix(held_at), record.text),
        cut: false,
    }
}

/// `text` without the speaker's name before its lines.
pub(crate) fn body(speaker: Option<&str>, text: &str) -> String {
    let Some(speaker) = speaker else {
        return text.to_owned();
    };
    let lines: Vec<&str> = text
        .split('\n')
        .map(|line| {
            line.strip_prefix(speaker)
                .and_then(|rest| rest.strip_prefix(": "))
                .unwrap_or(line)
        })
        .collect();
    lines.join("\n")
}

/// Every turn once, at its first place.
fn once(turns: impl Iterator<Item = TurnId>) -> Vec<TurnId> {
    let mut seen = Vec::new();
    for turn in turns {
        if !seen.contains(&turn) {
            seen.push(turn);
        }
    }
    seen
}
