//! `memgauge plan`

use std::fmt::Write as _;

use memgauge_experiment::{ConfigFile, Plan};
use memgauge_report::table::{Style, Table};
use serde_json::json;

use crate::cli::{Format, PlanArgs};
use crate::{exit, output, places};

pub(crate) fn run(args: &PlanArgs) -> anyhow::Result<u8> {
    let file = ConfigFile::load_whole(&args.file, &args.config.choices(), places::supplies())?;
    let dataset = places::dataset_of(&file, args.config.dataset.clone())?;
    let plan = Plan::new(&file, &dataset)?.with_shard(args.shard);
    let turns: usize = plan.conversations.iter().map(|planned| planned.turns).sum();
    let sessions: usize = plan
        .conversations
        .iter()
        .map(|planned| planned.sessions)
        .sum();
    if args.format == Format::Json {
        output::json(&json!({
            "schema_version": 1,
            "name": file.config.name,
            "digest": plan.digest,
            "dataset": dataset.name,
            "partial": plan.partial,
            "shard": plan.shard.map(|shard| shard.to_string()),
            "conversations": plan.conversations.iter().map(|planned| json!({
                "id": planned.id,
                "sessions": planned.sessions,
                "turns": planned.turns,
                "questions": planned.items.len(),
            })).collect::<Vec<_>>(),
            "variants": plan.variants.iter().enumerate().map(|(index, variant)| json!({
                "name": variant.name,
                "system": variant.kind(),
                "answerer": variant.answerer.kind(),
                "control": variant.is_control(),
                "questions": plan.questions_of(index),
                "digest": variant.digest,
                "calls": plan.calls(variant, &file.config, &dataset),
            })).collect::<Vec<_>>(),
            "questions": plan.questions(),
        }))?;
        return Ok(exit::DONE);
    }
    let style = match args.format {
        Format::Markdown => Style::Markdown,
        _ => Style::Text,
    };
    let mut text = String::new();
    let categories: Vec<String> = plan
        .by_category(&dataset)
        .into_iter()
        .map(|(category, count)| format!("{count} {category}"))
        .collect();
    writeln!(
        text,
        "{} on {} ({})\n{} conversation(s), {sessions} sessions, {turns} turns; {} questions: {}\n",
        file.config.name,
        dataset.name,
        dataset.path.display(),
        plan.conversations.len(),
        plan.questions(),
        categories.join(", "),
    )?;
    let mut table = Table::new(&[
        "variant",
        "system",
        "memory",
        "answerer",
        "questions",
        "windows",
        "chat calls",
    ]);
    let mut known = 0;
    let mut more = false;
    for (index, variant) in plan.variants.iter().enumerate() {
        let isolation = serde_json::to_value(variant.isolation)?;
        let calls = plan.calls(variant, &file.config, &dataset);
        table.rows.push(vec![
            if variant.is_control() {
                format!("{} *", variant.name)
            } else {
                variant.name.clone()
            },
            variant.kind().to_owned(),
            format!("per {}", isolation.as_str().unwrap_or("?")).replace("per shared", "shared"),
            variant.answerer.kind().to_owned(),
            plan.questions_of(index).to_string(),
            calls.windows.to_string(),
            if calls.update.is_none() {
                format!("{} + updates", calls.known())
            } else {
                calls.known().to_string()
            },
        ]);
        known += calls.known();
        more |= calls.update.is_none();
    }
    text.push_str(&table.render(style));
    writeln!(
        text,
        "\n{}{} records; sessions are ingested {} times; {}.\ndigest {}",
        plan.shard
            .map_or_else(String::new, |shard| format!("part {shard}: ")),
        plan.records(),
        sessions * plan.variants.len(),
        match (known, more) {
            (0, false) => "no call of a chat model".to_owned(),
            (known, false) => format!("at most {known} calls of chat models, retries apart"),
            (known, true) => format!(
                "{known} calls of chat models known beforehand, retries apart, and one for each fact or \
                 conflict to decide about"
            ),
        },
        plan.digest
    )?;
    output::result(&text)?;
    Ok(exit::DONE)
}
