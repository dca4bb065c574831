//! `memgauge components`

use std::fmt::Write as _;

use clap::Args;
use memgauge_core::config::unknown;
use memgauge_experiment::catalogue::{self, Entry, FAMILIES};
use memgauge_report::table::{Style, Table};

use crate::cli::Format;
use crate::{exit, output};

/// Example blocks for models behind an API; a test reads them.
const MODEL_BLOCKS: &str = include_str!("models.md");

#[derive(Debug, Args)]
pub(crate) struct ComponentsArgs {
    /// One family, such as `fusion`.
    pub(crate) family: Option<String>,
    /// One kind of it, such as `rrf`.
    pub(crate) kind: Option<String>,
    /// How the list is written; `markdown` with no family is docs/CONFIG.md, `json` the schema of
    /// config files.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

pub(crate) fn run(args: &ComponentsArgs) -> anyhow::Result<u8> {
    if args.format == Format::Json {
        if args.family.is_some() {
            return Err(exit::user(
                "the JSON schema is that of a whole config file: leave out the family",
            ));
        }
        output::json(&catalogue::schema())?;
        return Ok(exit::DONE);
    }
    let Some(name) = &args.family else {
        match args.format {
            Format::Markdown => output::result(&document())?,
            _ => output::result(&overview())?,
        }
        return Ok(exit::DONE);
    };
    let names: Vec<&str> = FAMILIES.iter().map(|family| family.name).collect();
    let family = FAMILIES
        .iter()
        .find(|family| family.name == name)
        .ok_or_else(|| exit::user(unknown("family", name, &names)))?;
    let entries = catalogue::kinds(family);
    let shown: Vec<&Entry> = match &args.kind {
        None => entries.iter().collect(),
        Some(kind) => {
            let kinds: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
            let entry = entries
                .iter()
                .find(|entry| entry.name == *kind)
                .ok_or_else(|| exit::user(unknown(&format!("{name} kind"), kind, &kinds)))?;
            vec![entry]
        }
    };
    let mut text = String::new();
    for entry in shown {
        match args.format {
            Format::Markdown => markdown(&mut text, entry, 3),
            _ => plain(&mut text, name, entry),
        }
    }
    output::result(&text)?;
    Ok(exit::DONE)
}

fn overview() -> String {
    let mut text = String::new();
    for family in FAMILIES {
        let _ = writeln!(text, "{}: {}", family.name, one_line(family.doc));
        for entry in catalogue::kinds(&family) {
            let first = entry
                .doc
                .split_once(". ")
                .map_or(entry.doc.as_str(), |(s, _)| s);
            let _ = writeln!(text, "  {:<14} {}", entry.name, first);
        }
        text.push('\n');
    }
    text.push_str("keys and defaults: memgauge components FAMILY [KIND]\n");
    text
}

fn plain(text: &mut String, family: &str, entry: &Entry) {
    let _ = writeln!(
        text,
        "{family} kind = \"{}\"\n  {}\n",
        entry.name, entry.doc
    );
    for key in &entry.keys {
        let _ = writeln!(
            text,
            "  {} ({}{})\n      {}",
            key.name,
            key.kind,
            key.default
                .as_ref()
                .map_or_else(String::new, |default| format!(", default {default}")),
            key.doc
        );
    }
    text.push('\n');
}

/// docs/CONFIG.md.
fn document() -> String {
    let mut text = String::from(
        "# Config files\n\n\
         This page is written by `memgauge components --format markdown`; a test keeps it equal.\n\n\
         An experiment is a TOML file: what is replayed, and the variants that are measured on it. Every\n\
         mistake in it is reported at once, with its line. `memgauge config show FILE --resolved` prints a\n\
         file with all defaults; `--set path=value` changes a key for one run. Its JSON schema is\n\
         [config.schema.json](config.schema.json), written by `memgauge config schema`: editors that know the first\n\
         line below complete and check what is typed.\n\n\
         ```toml\n\
         #:schema ../docs/config.schema.json\n\
         name = \"example\"\n\
         dataset = { kind = \"sample\" }\n\n\
         [[variant]]\n\
         name = \"turns\"\n\
         system = { kind = \"turns\", retriever = { kind = \"hybrid\", k = 10 } }\n\
         ```\n\n",
    );
    text.push_str("## The experiment\n\n");
    for entry in catalogue::experiment() {
        markdown(&mut text, &entry, 3);
    }
    text.push_str("## A memory\n\nThe file of `memgauge memory --config FILE` and `Memory::from_config`, in TOML or JSON.\n\n");
    markdown(&mut text, &catalogue::memory(), 3);
    for family in FAMILIES {
        let _ = writeln!(text, "## {}\n\n{}\n", family.name, one_line(family.doc));
        for entry in catalogue::kinds(&family) {
            markdown(&mut text, &entry, 3);
        }
        if family.name == "model" {
            text.push_str(MODEL_BLOCKS);
        }
    }
    while text.ends_with("\n\n") {
        text.pop();
    }
    text
}

fn markdown(text: &mut String, entry: &Entry, level: usize) {
    let _ = writeln!(
        text,
        "{} `{}`\n\n{}\n",
        "#".repeat(level),
        entry.name,
        entry.doc
    );
    if entry.keys.is_empty() {
        return;
    }
    let mut table = Table::new(&["key", "type", "default", "meaning"]);
    for key in &entry.keys {
        let code = |text: &str| format!("`{text}`");
        table.rows.push(vec![
            code(&key.name),
            key.kind.clone(),
            key.default
                .as_ref()
                .map_or_else(|| "–".to_owned(), |default| code(default)),
            key.doc.clone(),
        ]);
    }
    // Columns of words read better flush left, whatever their width.
    for line in table.render(Style::Markdown).lines() {
        let cells: Vec<&str> = line.split(" | ").map(str::trim).collect();
        let joined = cells.join(" | ");
        let plain = if joined.contains("---") && !joined.contains('`') {
            "| --- | --- | --- | --- |".to_owned()
        } else {
            joined
        };
        let _ = writeln!(text, "{plain}");
    }
    text.push('\n');
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
