//! A leaderboard as tables, one per group of arms that may be compared.

use std::fmt::Write as _;

use super::by_key::{arms_by_key, by_key_note, decided_ceiling, decided_cell};
use super::{Style, Table, UNKNOWN};
use crate::arm::JudgeFacts;
use crate::rank::{RankGroup, RankRow, Ranking};

/// The whole leaderboard, and how to read it.
pub fn ranking(ranking: &Ranking, style: Style) -> String {
    let mut text = String::new();
    for group in &ranking.groups {
        let title = title(ranking, group);
        text.push_str(&style.heading(&title));
        text.push('\n');
        let mut table = table(ranking, group);
        if style == Style::Csv {
            // There are no sentences to say it in.
            table.head.push("names".to_owned());
            for row in &mut table.rows {
                row.push(ranking.names.name().to_owned());
            }
        }
        text.push_str(&table.render(style));
        text.push('\n');
        if let Some(errata) = &group.errata {
            let head = format!("{} ({})", ranking.metric, ranking.names.label());
            text.push_str(&arms_by_key(errata, &head, &ranking.slices).render(style));
            text.push_str(&style.note(&by_key_note(errata, &ranking.metric)));
            text.push('\n');
        }
        if !group.is_comparable {
            text.push_str(&style.prose(
                "Nobody knows whether these labels come from the same judge: the arms stand in the order of their numbers, \
                 without ranks.\n\n",
            ));
        }
    }
    if ranking.groups.len() > 1 {
        text.push_str(
            &style.prose(
                "Arms of different tables are not comparable: other dataset, other judge, or other questions.\n",
            ),
        );
    }
    text.push_str(&style.prose(&format!(
        "{} x 100 over an arm's own questions, {}, with {:.0} % two-stage cluster-bootstrap intervals ({} \
         resamples, seed {}). =: tied with the arm above: the interval of their paired difference (\"behind\", on the \
         questions that both answered) holds 0, so that the order of the two is not decided; only neighbours are looked at. \
         {UNKNOWN} = not known. * = control that reads the answer key or the wrong memory; † = another tool made the answers; \
         … = the run is not finished.\n",
        ranking.metric,
        ranking.names.label(),
        100.0 * ranking.bootstrap.confidence,
        ranking.bootstrap.resamples,
        ranking.bootstrap.seed,
    )));
    text
}

fn title(ranking: &Ranking, group: &RankGroup) -> String {
    let short = group.dataset_content.get(..8);
    let mut title = format!(
        "{}, dataset {} ({})",
        ranking.metric,
        group.dataset,
        short.unwrap_or(&group.dataset_content)
    );
    if let Some(judge) = &group.judge {
        let _ = write!(
            title,
            ", judge {}, prompt {}",
            model(judge).unwrap_or_else(|| "not known".to_owned()),
            prompt(judge).unwrap_or_else(|| "not known".to_owned())
        );
    }
    title
}

/// The judge's model, or who served it.
fn model(judge: &JudgeFacts) -> Option<String> {
    let served = (!judge.served_by.is_empty()).then(|| judge.served_by.join(", "));
    judge.model.clone().or(served)
}

/// The beginning of the prompt's digest, or of that of the whole judge; a name in its place stands whole.
fn prompt(judge: &JudgeFacts) -> Option<String> {
    let digest = judge.prompt_digest.as_ref().or(judge.digest.as_ref())?;
    let is_digest = digest.len() >= 32 && digest.chars().all(|c| c.is_ascii_hexdigit());
    let shown = if is_digest { digest.get(..8) } else { None };
    Some(shown.unwrap_or(digest).to_owned())
}

fn table(ranking: &Ranking, group: &RankGroup) -> Table {
    let mut head = vec!["rank".to_owned(), "arm".to_owned()];
    head.extend(ranking.slices.iter().cloned());
    head.extend(
        [
            "behind",
            "n",
            "asked",
            "failed",
            "answer model",
            "judge",
            "prompt",
            "categories",
            "key",
            "dataset",
        ]
        .map(str::to_owned),
    );
    let mut table = Table {
        head,
        rows: Vec::new(),
    };
    for row in &group.rows {
        table.rows.push(cells(group, row));
    }
    if let Some(errata) = &group.errata {
        let mut row = decided_ceiling(errata, &table.head, 2);
        // The first column is the rank, and a ceiling has none.
        row.swap(0, 1);
        table.rows.push(row);
    }
    table
}

fn cells(group: &RankGroup, row: &RankRow) -> Vec<String> {
    let unknown = || UNKNOWN.to_owned();
    let marks = [
        (row.control, " *"),
        (row.imported, " †"),
        (!row.finished, " …"),
    ];
    let marks: String = marks
        .iter()
        .filter(|(is_so, _)| *is_so)
        .map(|(_, mark)| *mark)
        .collect();
    let mut cells = vec![
        row.rank.map_or_else(unknown, |rank| {
            format!("{rank}{}", if row.is_tied { "=" } else { "" })
        }),
        format!("{}{marks}", row.label),
    ];
    let means = row.means.iter().enumerate();
    cells.extend(means.map(|(at, mean)| decided_cell(group.errata.as_ref(), at, *mean)));
    let judge = row.judge.as_ref();
    let n = row.means.first().copied().flatten().map(|mean| mean.n);
    let categories: Vec<String> = row.categories.iter().map(u8::to_string).collect();
    cells.extend([
        row.behind.map_or_else(unknown, |behind| {
            format!(
                "{:.1} [{:.1}, {:.1}]",
                100.0 * behind.mean,
                100.0 * behind.interval.low,
                100.0 * behind.interval.high
            )
        }),
        n.map_or_else(unknown, |n| n.to_string()),
        row.asked.to_string(),
        row.failed.to_string(),
        row.answer_model.clone().unwrap_or_else(unknown),
        judge.and_then(model).unwrap_or_else(unknown),
        judge.and_then(prompt).unwrap_or_else(unknown),
        categories.join(","),
        row.key.clone(),
        group.dataset.clone(),
    ]);
    cells
}
