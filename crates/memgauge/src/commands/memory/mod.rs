//! `memgauge memory`

mod args;
mod text;

use std::io::Read as _;
use std::path::Path;

use memgauge_core::MemoryId;
use memgauge_experiment::MemoryConfig;
use memgauge_experiment::memory::{
    AddOptions, Kept, Memory, MemoryError, MemoryOptions, Message, Messages,
};
use serde::Serialize;
use serde_json::json;

pub(crate) use args::MemoryArgs;

use self::args::{MemoryCommand, Models, Place, Written};
use crate::{exit, output, places};

/// Version of the JSON that the commands print.
const SCHEMA: u32 = 1;

pub(crate) async fn run(args: &MemoryArgs) -> anyhow::Result<u8> {
    match &args.command {
        MemoryCommand::Add {
            text,
            messages,
            verbatim,
            at,
            with,
            about,
            place,
        } => {
            let messages = match messages {
                Some(file) => read(file)?,
                None => text.iter().map(Message::user).collect(),
            };
            let options = AddOptions {
                scope: about.who.scope(),
                metadata: about.metadata(),
                infer: !verbatim,
                at: *at,
            };
            // Before a folder is made for it.
            if options.scope.is_empty() {
                return Err(MemoryError::NoScope.into());
            }
            let memory = open(place, with, true)?;
            let mut events = memory.add(Messages(messages), options).await?;
            events.extend(memory.flush().await?);
            print(place, "events", &events, text::events(&events))?;
        }
        MemoryCommand::Search {
            query,
            limit,
            with,
            about,
            place,
        } => {
            let memory = open(place, with, false)?;
            let found = memory.search(query, about.filter(), *limit).await?;
            print(place, "found", &found, text::found(&found))?;
        }
        MemoryCommand::List {
            limit,
            about,
            place,
        } => {
            let kept = Kept::open(&place.dir, true)?;
            let records = kept.get_all(&about.filter(), *limit);
            print(place, "memories", &records, text::records(&records))?;
        }
        MemoryCommand::Get { one, place } => {
            let kept = Kept::open(&place.dir, true)?;
            let record = kept.get(one.id)?.ok_or_else(|| missing(&kept, one.id))?;
            print(place, "memory", &record, text::record(&record))?;
        }
        MemoryCommand::History { one, place } => {
            let kept = Kept::open(&place.dir, true)?;
            let events = kept.history(one.id)?;
            print(place, "events", &events, text::history(&events))?;
        }
        MemoryCommand::Recent { limit, who, place } => {
            let kept = Kept::open(&place.dir, true)?;
            let said = kept.recent(&who.scope(), *limit);
            print(place, "messages", &said, text::said(&said))?;
        }
        MemoryCommand::Update {
            one,
            text: new,
            with,
            place,
        } => {
            let memory = open(place, with, false)?;
            let events = [memory.update(one.id, new).await?];
            print(place, "events", &events, text::events(&events))?;
        }
        MemoryCommand::Delete {
            id,
            all: _,
            about,
            place,
        } => {
            let kept = Kept::open(&place.dir, false)?;
            let events = match id {
                Some(id) => vec![kept.delete(*id)?],
                None => kept.delete_all(&about.filter())?,
            };
            print(place, "events", &events, text::events(&events))?;
        }
        MemoryCommand::Reset { yes, place } => {
            let kept = Kept::open(&place.dir, false)?;
            if !yes {
                return Err(exit::user(format!(
                    "this would take out {} memories of `{}` and all history: say --yes",
                    kept.len(),
                    place.dir.display()
                )));
            }
            let count = kept.len();
            kept.reset()?;
            print(
                place,
                "deleted",
                &count,
                format!("{count} memories taken out"),
            )?;
        }
    }
    Ok(exit::DONE)
}

fn open(place: &Place, models: &Models, create: bool) -> Result<Memory, MemoryError> {
    let config = models.config.as_deref().map(MemoryConfig::load);
    let options = MemoryOptions {
        config: config.transpose()?,
        supplies: places::supplies(),
        create,
        ..MemoryOptions::default()
    };
    Memory::open(&place.dir, options)
}

/// The error about a memory that is not there: its history knows whether it ever was.
fn missing(kept: &Kept, id: MemoryId) -> MemoryError {
    MemoryError::Unknown {
        id,
        deleted: kept.history(id).is_ok(),
    }
}

/// Messages from a file, or from standard input.
fn read(file: &Path) -> anyhow::Result<Vec<Message>> {
    let wrong = |message: String| exit::user(format!("{}: {message}", file.display()));
    let text = if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(file)
    };
    let text = text.map_err(|error| wrong(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))
}

/// Writes a result under its name, or as text.
fn print(place: &Place, name: &str, value: &impl Serialize, text: String) -> anyhow::Result<()> {
    match place.format {
        Written::Json => output::json(&json!({ "schema_version": SCHEMA, name: value })),
        Written::Human => output::result(&text),
    }
}
