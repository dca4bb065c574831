//! `memgauge show`

use memgauge_core::QuestionId;
use memgauge_core::config::unknown;
use memgauge_dataset::locomo;
use memgauge_report::statistics::Bootstrap;
use memgauge_report::{RunDir, files, show_question, summarise, table};

use crate::cli::{Format, ShowArgs};
use crate::{exit, output};

pub(crate) fn run(args: &ShowArgs) -> anyhow::Result<u8> {
    let dir = RunDir::open(&args.dir)?;
    match &args.question {
        Some(question) => one(&dir, question, args.variant.as_deref(), args.format),
        None => summary(&dir, args.format),
    }
}

fn summary(dir: &RunDir, format: Format) -> anyhow::Result<u8> {
    let summary: memgauge_report::Summary = if dir.file(files::SUMMARY).is_file() {
        dir.read_json(files::SUMMARY)?
    } else {
        output::note(&format!(
            "the run is not finished: these are the records so far; go on with: memgauge run --resume {}",
            dir.path().display()
        ));
        let manifest = dir.manifest()?;
        let bootstrap = Bootstrap {
            seed: manifest.seed,
            ..Bootstrap::default()
        };
        summarise(dir, &manifest, bootstrap)?
    };
    let style = match format {
        Format::Human => table::Style::Text,
        Format::Markdown => table::Style::Markdown,
        Format::Json => {
            output::json(&summary)?;
            return Ok(exit::DONE);
        }
    };
    output::result(&table::report(&summary, style))?;
    if dir.file(files::SURROGATE).is_file() {
        let report: memgauge_report::surrogate::SurrogateReport =
            dir.read_json(files::SURROGATE)?;
        output::result(&format!("\n{}", table::estimated(&report, style)))?;
    }
    Ok(exit::DONE)
}

fn one(dir: &RunDir, question: &str, variant: Option<&str>, format: Format) -> anyhow::Result<u8> {
    let id: QuestionId = question.parse().map_err(exit::user)?;
    let manifest = dir.manifest()?;
    if let Some(variant) = variant {
        let known: Vec<&str> = manifest
            .variants
            .iter()
            .map(|variant| variant.name.as_str())
            .collect();
        if !known.contains(&variant) {
            return Err(exit::user(unknown("variant", variant, &known)));
        }
    }
    // The words of the gold turns are a courtesy: without the dataset the rest is shown.
    let dataset = locomo::load(std::path::Path::new(&manifest.dataset.path)).ok();
    let conversation = dataset
        .as_ref()
        .filter(|dataset| dataset.fingerprint.content == manifest.dataset.content)
        .and_then(|dataset| dataset.entry(&id.conversation))
        .map(|entry| &entry.conversation);
    if format == Format::Json {
        let records = dir.find(|record| {
            record.question == id && variant.is_none_or(|variant| record.variant == variant)
        })?;
        output::json(&records)?;
        return Ok(exit::DONE);
    }
    match show_question(dir, &id, conversation, variant)? {
        Some(text) => {
            output::result(&text)?;
            Ok(exit::DONE)
        }
        None => Err(exit::user(format!(
            "{}: no record of question `{id}`; questions are named like `{}`",
            dir.path().display(),
            memgauge_report::first_question(dir)?
                .map_or_else(|| "conv-26/q0".to_owned(), |id| id.to_string()),
        ))),
    }
}
