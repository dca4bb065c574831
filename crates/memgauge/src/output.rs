//! Standard output for results, standard error for everything else.

use std::io::Write;
use std::path::Path;

use anstream::ColorChoice;
use memgauge_report::table::Style;
use tracing_subscriber::EnvFilter;

use crate::cli::{Color, Format, Global};

/// A path as one word of a shell, for commands that can be copied.
pub(crate) fn word(path: &Path) -> String {
    let path = path.display().to_string();
    shlex::try_quote(&path).map_or_else(|_| path.clone(), std::borrow::Cow::into_owned)
}

/// Colours and logs as asked for.
pub(crate) fn set_up(global: &Global) {
    match global.color {
        Color::Auto => ColorChoice::Auto,
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
    }
    .write_global();
    let level = match (global.quiet, global.verbose) {
        (true, _) => "error",
        (false, 0) => "warn",
        (false, 1) => "info",
        (false, _) => "debug",
    };
    tracing_subscriber::fmt()
        // async-openai logs whole replies that it cannot read; the call's error says what matters.
        .with_env_filter(EnvFilter::new(format!("{level},async_openai=off")))
        .with_writer(std::io::stderr)
        .without_time()
        .with_target(false)
        .init();
}

/// Writes a result.
///
/// # Errors
/// When standard output is closed.
pub(crate) fn result(text: &str) -> anyhow::Result<()> {
    let mut out = anstream::stdout();
    out.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    out.flush()?;
    Ok(())
}

/// Writes a value as indented JSON.
///
/// # Errors
/// When standard output is closed.
pub(crate) fn json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    result(&serde_json::to_string_pretty(value)?)
}

/// Writes a result in the format asked for: `text` in a style of tables, or `value` as JSON.
///
/// # Errors
/// When standard output is closed.
pub(crate) fn formatted(
    format: Format,
    value: &impl serde::Serialize,
    text: impl FnOnce(Style) -> String,
) -> anyhow::Result<()> {
    match format.style() {
        Some(style) => result(&text(style)),
        None => json(value),
    }
}

/// Tells something on standard error.
pub(crate) fn note(text: &str) {
    // Nothing can be done when standard error is closed.
    let _ = writeln!(anstream::stderr(), "{text}");
}

/// Tells an error.
pub(crate) fn error(text: &str) {
    const RED: &str = "\x1b[1;31m";
    const PLAIN: &str = "\x1b[0m";
    for (index, line) in text.lines().enumerate() {
        if index == 0 || line.contains(": ") {
            note(&format!("{RED}error{PLAIN}: {line}"));
        } else {
            note(&format!("       {line}"));
        }
    }
}
