//! `memgauge config`

use std::fmt::Write as _;

use memgauge_core::config::unknown;
use memgauge_experiment::config::{Protocol, differences, drop_nulls};
use memgauge_experiment::{ConfigFile, catalogue};
use memgauge_report::table::{Style, Table};
use serde_json::{Value, json};

use crate::cli::{ConfigArgs, ConfigCommand, Format};
use crate::{exit, output, places};

pub(crate) fn run(args: &ConfigArgs) -> anyhow::Result<u8> {
    match &args.command {
        ConfigCommand::Check { files } => check(files),
        ConfigCommand::Schema => {
            output::json(&catalogue::schema())?;
            Ok(exit::DONE)
        }
        ConfigCommand::Show {
            file,
            resolved,
            diff,
            format,
            config,
        } => {
            let protocol = diff.as_deref().map(protocol).transpose()?;
            let file = ConfigFile::load_with(file, &config.choices())?;
            if let Some(protocol) = protocol {
                return show_differences(&file, protocol, *format);
            }
            let mut value = if *resolved {
                serde_json::to_value(&file.config)?
            } else {
                file.written
            };
            drop_nulls(&mut value);
            output::result(&toml::to_string(&value)?)?;
            Ok(exit::DONE)
        }
    }
}

/// Checks every file and tells the mistakes of all.
fn check(files: &[std::path::PathBuf]) -> anyhow::Result<u8> {
    let mut wrong = Vec::new();
    for path in files {
        match ConfigFile::load_whole(path, &Default::default(), places::supplies()) {
            Ok(file) => {
                let count = file.config.variant.len();
                output::result(&format!("{}: {count} variant(s)\n", path.display()))?;
            }
            Err(error) => wrong.push(error.to_string()),
        }
    }
    if wrong.is_empty() {
        Ok(exit::DONE)
    } else {
        Err(exit::user(wrong.join("\n")))
    }
}

fn protocol(name: &str) -> anyhow::Result<Protocol> {
    Protocol::named(name).ok_or_else(|| {
        let known = Protocol::ALL.map(Protocol::name);
        exit::user(unknown("protocol", name, &known))
    })
}

fn show_differences(file: &ConfigFile, protocol: Protocol, format: Format) -> anyhow::Result<u8> {
    let variants = differences(&file.config, protocol);
    let deviations = protocol.deviations();
    if format == Format::Json {
        output::json(&json!({
            "schema_version": 1,
            "protocol": protocol.name(),
            "source": protocol.source(),
            "variants": variants,
            "deviations": deviations,
        }))?;
        return Ok(exit::DONE);
    }
    let style = match format {
        Format::Markdown => Style::Markdown,
        Format::Human | Format::Json => Style::Text,
    };
    let value = |value: &Option<Value>| match value {
        Some(value) => value.to_string(),
        None => "\u{2013}".to_owned(),
    };
    let mut text = String::new();
    for variant in &variants {
        let (name, system) = (&variant.variant, variant.system);
        if variant.differences.is_empty() {
            writeln!(text, "{name} ({system}): as {}\n", protocol.name())?;
            continue;
        }
        writeln!(
            text,
            "{name} ({system}), where not as {}:\n",
            protocol.name()
        )?;
        let mut table = Table::new(&["key", protocol.name(), "here"]);
        for each in &variant.differences {
            table.rows.push(vec![
                each.key.clone(),
                value(&each.preset),
                value(&each.file),
            ]);
        }
        writeln!(text, "{}", table.render(style))?;
    }
    writeln!(
        text,
        "{} follows {}. What it does otherwise:\n",
        protocol.name(),
        protocol.source()
    )?;
    for each in deviations {
        if style == Style::Markdown {
            let (key, original) = (each.key, each.original);
            writeln!(
                text,
                "- `{key}`: {original}. Here: {}, as {}.",
                each.ours, each.why
            )?;
        } else {
            writeln!(
                text,
                "{}\n  original  {}\n  here      {}\n  because   {}",
                each.key, each.original, each.ours, each.why
            )?;
        }
    }
    output::result(&text)?;
    Ok(exit::DONE)
}
