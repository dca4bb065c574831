//! `memgauge config`

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use memgauge_core::config::unknown;
use memgauge_experiment::config::{Protocol, differences, drop_nulls};
use memgauge_experiment::{ConfigFile, catalogue};
use memgauge_report::table::{Style, Table};
use serde_json::{Value, json};

use crate::cli::{ConfigOptions, Format};
use crate::{exit, output, places};

#[derive(Debug, Args)]
pub(crate) struct ConfigArgs {
    #[command(subcommand)]
    pub(crate) command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Check config files; nothing is printed where all is well but what was checked.
    #[command(after_help = "Example:\n  memgauge config check experiments/*.toml")]
    Check {
        /// Experiments.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Print the JSON schema of a config file, for editors.
    #[command(after_help = "Example:\n  memgauge config schema > config.schema.json")]
    Schema,
    /// Check a config file and print it.
    #[command(
        after_help = "Example:\n  memgauge config show experiments/mem0-vs-mem0g.toml --diff mem0-2504"
    )]
    Show {
        /// The experiment.
        file: PathBuf,
        /// With every default filled in.
        #[arg(long)]
        resolved: bool,
        /// Only what the systems do otherwise than this protocol (mem0-2504, mem0-eval,
        /// mem0-oss-0.1 or mem0-oss-2), and what that does otherwise than its source.
        #[arg(long, value_name = "PROTOCOL", conflicts_with = "resolved")]
        diff: Option<String>,
        /// How the differences are written.
        #[arg(long, value_enum, requires = "diff", default_value_t = Format::Human)]
        format: Format,
        #[command(flatten)]
        config: Box<ConfigOptions>,
    },
}

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
    let style = format.style().unwrap_or(Style::Text);
    let value = |value: &Option<Value>| match value {
        Some(value) => value.to_string(),
        None => "\u{2013}".to_owned(),
    };
    let mut text = String::new();
    for variant in &variants {
        let name = format!("{} ({})", variant.variant, variant.system);
        if variant.differences.is_empty() {
            text.push_str(&style.prose(&format!("{name}: as {}\n\n", protocol.name())));
            continue;
        }
        text.push_str(&style.prose(&format!("{name}, where not as {}:\n\n", protocol.name())));
        let mut table = Table::new(&["key", protocol.name(), &name]);
        for each in &variant.differences {
            table.rows.push(vec![
                each.key.clone(),
                value(&each.preset),
                value(&each.file),
            ]);
        }
        text.push_str(&table.render(style));
        text.push('\n');
    }
    let mut original = format!(
        "{} follows {}. What it does otherwise:\n\n",
        protocol.name(),
        protocol.source()
    );
    for each in deviations {
        if style == Style::Markdown {
            let (key, published) = (each.key, each.original);
            writeln!(
                original,
                "- `{key}`: {published}. Here: {}, as {}.",
                each.ours, each.why
            )?;
        } else {
            writeln!(
                original,
                "{}\n  original  {}\n  here      {}\n  because   {}",
                each.key, each.original, each.ours, each.why
            )?;
        }
    }
    output::result(&(text + &style.prose(&original)))?;
    Ok(exit::DONE)
}
