//! Sections: what is drawn, with the numbers beside it.

use memgauge_plot::{Drawing, Kind, Look, Results, draw, why_none};
use memgauge_report::compare::Comparison;
use memgauge_report::summary::{J, Latency, Summary, VariantSummary};
use memgauge_report::table::{self, Table, UNKNOWN, mark_name, milliseconds};
use serde::Serialize;

use crate::answer::Answer;
use crate::error::HtmlError;
use crate::options::PageOptions;
use crate::overview::p95;
use crate::sources::Sources;

/// A part of the page with a heading.
#[derive(Serialize)]
pub(crate) struct Section {
    /// Its anchor.
    id: &'static str,
    title: &'static str,
    /// What it shows.
    intro: &'static str,
    drawings: Vec<Drawn>,
    /// Why there is no drawing.
    absent: Option<String>,
    grids: Vec<Grid>,
}

/// A plot.
#[derive(Serialize)]
struct Drawn {
    title: String,
    svg: String,
    notes: Vec<String>,
}

impl From<Drawing> for Drawn {
    fn from(drawing: Drawing) -> Self {
        Self {
            title: drawing.title,
            svg: drawing.svg,
            notes: drawing.notes,
        }
    }
}

/// A table for the page.
#[derive(Serialize, Default)]
pub(crate) struct Grid {
    caption: String,
    head: Vec<String>,
    rows: Vec<Vec<String>>,
    pub(crate) note: String,
}

impl Grid {
    pub(crate) fn new(
        caption: impl Into<String>,
        head: Vec<String>,
        rows: Vec<Vec<String>>,
    ) -> Self {
        Self {
            caption: caption.into(),
            // An interval's level is not broken over two lines.
            head: head
                .iter()
                .map(|cell| cell.replace("95 %", "95\u{a0}%"))
                .collect(),
            rows,
            note: String::new(),
        }
    }

    /// A table of a summary; `None` without rows.
    fn of(caption: impl Into<String>, table: Table, note: impl Into<String>) -> Option<Self> {
        let mut grid = Self::new(caption, table.head, table.rows);
        grid.note = note.into();
        (!grid.rows.is_empty()).then(|| grid.without_empty_columns())
    }

    /// Leaves out the columns in which nothing is known.
    pub(crate) fn without_empty_columns(mut self) -> Self {
        let known: Vec<bool> = (0..self.head.len())
            .map(|at| {
                let mut cells = self.rows.iter().filter_map(|row| row.get(at));
                at == 0 || cells.any(|cell| cell != UNKNOWN)
            })
            .collect();
        for row in std::iter::once(&mut self.head).chain(&mut self.rows) {
            let mut known = known.iter();
            row.retain(|_| known.next() == Some(&true));
        }
        self
    }

    /// Position of a column.
    pub(crate) fn column(&self, name: &str) -> Option<usize> {
        self.head.iter().position(|head| head == name)
    }
}

/// All sections, in the order of the page.
pub(crate) fn sections(
    sources: &Sources,
    results: &Results,
    answer: &Answer,
    options: &PageOptions<'_>,
) -> Result<Vec<Section>, HtmlError> {
    let sets = sources.together();
    let each = |of: &dyn Fn(&Summary) -> Vec<Option<Grid>>| -> Vec<Grid> {
        sets.iter().flat_map(of).flatten().collect()
    };
    let section = |kind: Kind, title, intro, grids| -> Result<Section, HtmlError> {
        // What the page does not compare in words it does not draw either.
        let apart = answer.absent.clone().filter(|_| kind == Kind::Ablation);
        let drawings = match apart {
            Some(_) => Vec::new(),
            None => draw(kind, results, Look::Page)?,
        };
        let absent = match drawings.is_empty() {
            true => apart.or_else(|| why_none(kind, results)),
            false => None,
        };
        Ok(Section {
            id: kind.name(),
            title,
            intro,
            drawings: drawings.into_iter().map(Drawn::from).collect(),
            absent,
            grids,
        })
    };
    let mut sections = vec![
        section(
            Kind::Pareto,
            "Accuracy against tokens and latency",
            "Upper left is better: more right answers for fewer tokens, or in less time. An arm is dominated where another \
             is at least as accurate at no more cost.",
            each(&|set| {
                vec![Grid::of(
                    "Scores, tokens and latency",
                    table::systems(set),
                    "",
                )]
            }),
        )?,
        section(
            Kind::Category,
            "By category",
            "Scores by category of question, with intervals; category 5 stands apart. With errata, the best honest score \
             is the ceiling: what an answerer reaches that is right wherever the published key is wrong.",
            each(&|set| {
                let judged = set.variants.iter().any(|variant| variant.judge.is_some());
                let of = |metric: &str| {
                    let table = table::categories(set, metric, options.names);
                    Grid::of(format!("{metric} × 100 by category"), table, "")
                };
                let mut grids = vec![of("f1.locomo"), judged.then(|| of(J)).flatten()];
                if let Some(errata) = &set.errata {
                    let note = table::errata_note(errata);
                    let by_key = table::answers_by_key(errata).into_iter();
                    grids.extend(by_key.map(|table| {
                        let caption = table.head.first().cloned().unwrap_or_default();
                        Grid::of(format!("{caption}, × 100"), table, note.as_str())
                    }));
                }
                grids
            }),
        )?,
        section(
            Kind::Latency,
            "Latency by stage",
            "How long a session takes to be remembered and a question to be searched and answered, as cumulative shares. \
             Warm-up is left out; what was replayed from a cache is never mixed with what was measured.",
            each(&|set| vec![latency(set)]),
        )?,
        section(
            Kind::Tokens,
            "Tokens and money by stage",
            "What a question costs, its share of the ingestion included. The judge is never charged to a system.",
            each(&|set| {
                vec![
                    Grid::of(
                        "Cost",
                        table::cost(set),
                        "$ by the price table, also for replies paid in an earlier run.",
                    ),
                    Grid::of(
                        "Calls of models by stage",
                        table::calls(set),
                        "Tokens as providers report them.",
                    ),
                    Grid::of("Memory and its making", table::memory(set), ""),
                ]
            }),
        )?,
        section(
            Kind::Waterfall,
            "Where questions were lost",
            "Every question ends at one stage on its way from the conversation to a right answer.",
            each(&|set| {
                let told = set.variants.iter().any(|variant| variant.loss.is_some());
                vec![
                    told.then(|| {
                        Grid::of(
                            "Questions by stage, %",
                            table::waterfall(set),
                            table::waterfall_note(set),
                        )
                    })
                    .flatten(),
                    Grid::of("Gold turns by fate, %", table::losses(set), ""),
                ]
            }),
        )?,
        section(
            Kind::Ablation,
            "Differences",
            "Paired differences to the reference, question by question. A bar that crosses 0 decides nothing; one inside \
             the margin says that no difference was found.",
            answer
                .drawn()
                .iter()
                .flat_map(|drawn| [differences(drawn), by_key(drawn)])
                .flatten()
                .collect(),
        )?,
        section(
            Kind::IndexError,
            "What approximate indexes miss",
            "Memories among the k nearest that an approximate index does not find among its k, against the variant that \
             compares all vectors.",
            each(&|set| vec![Grid::of("Index error", table::index_errors(set), "")]),
        )?,
    ];
    // Few runs compare an approximate index with an exact search; nothing is missed where none does.
    let is_measured =
        |section: &Section| !(section.drawings.is_empty() && section.grids.is_empty());
    sections.retain(|section| section.id != Kind::IndexError.name() || is_measured(section));
    Ok(sections)
}

/// A latency, its row's name, and whether it was measured in the run.
type Phase<'a> = (String, Option<&'a Latency>);

fn phases(variant: &VariantSummary) -> Vec<Phase<'_>> {
    let measured = [
        ("ingest a session", &variant.ingest),
        ("finish the ingestion", &variant.flush),
        ("session searchable", &variant.searchable),
        ("search", &variant.search),
        ("answer", &variant.answer),
        ("search and answer", &variant.total),
    ];
    let measured = measured.map(|(name, latency)| (name.to_owned(), latency.as_ref()));
    let replayed = variant.replayed.iter();
    let replayed = replayed.map(|(phase, latency)| (format!("{phase}, replayed"), Some(latency)));
    measured.into_iter().chain(replayed).collect()
}

fn latency(set: &Summary) -> Option<Grid> {
    let mut table = Table::new(&[
        "system",
        "stage",
        "n",
        "p50 ms",
        "p95 ms [95 %]",
        "p99 ms",
        "in flight",
    ]);
    for variant in &set.variants {
        for (name, latency) in phases(variant) {
            let Some(latency) = latency else { continue };
            table.rows.push(vec![
                mark_name(&variant.name, variant.control),
                name,
                table::thousands(latency.n as f64),
                milliseconds(latency.p50_ms),
                p95(latency),
                milliseconds(latency.p99_ms),
                latency.in_flight.to_string(),
            ]);
        }
    }
    let shared = set
        .variants
        .iter()
        .any(|variant| variant.ingested_as.is_some());
    let note = match shared {
        true => "Variants that share a memory share its ingestion, which was timed once.",
        false => "",
    };
    Grid::of("Latency by stage", table, note)
}

/// Every comparison, slice by slice.
fn differences(comparison: &Comparison) -> Option<Grid> {
    let mut all = Table::default();
    for pair in &comparison.pairs {
        let table = table::pair_table(comparison, pair);
        if all.head.is_empty() {
            all.head = ["system", "against"].map(str::to_owned).to_vec();
            all.head
                .extend(table.head.into_iter().skip(1).collect::<Vec<_>>());
            all.head.insert(2, "questions".to_owned());
        }
        for row in table.rows {
            let names = [pair.arm.clone(), pair.reference.clone()];
            all.rows.push(names.into_iter().chain(row).collect());
        }
    }
    let caption = format!("Differences in {} × 100", comparison.metric);
    let note = format!(
        "Categories by {}. p by the bootstrap, and after Holm's correction over all comparisons; McNemar's exact test takes \
         questions for independent and decides nothing. Smallest: true difference that would have been found with 80 % \
         power.",
        comparison.names.label()
    );
    Grid::of(caption, all, note)
}

/// Every comparison under the published key, the corrected one and on clean questions; `None` without errata.
fn by_key(comparison: &Comparison) -> Option<Grid> {
    let errata = comparison.errata.as_ref()?;
    let caption = format!("Differences in {} × 100 under every key", comparison.metric);
    let table = table::pairs_by_key(errata, comparison.margin, false);
    Grid::of(
        caption,
        table,
        table::pairs_by_key_note(errata, &comparison.metric),
    )
}
