//! memgauge with a fault planted in it, to try gates: nothing in a config or a manifest tells of it.
//!
//! ```sh
//! PLANTED=k:5 cargo run --release --example planted -- run experiments/quickstart.toml --dataset FILE --out DIR
//! PLANTED=slow:1.3 target/release/memgauge gate .. --remeasure 5 --current-binary target/release/examples/planted
//! ```
//!
//! Faults: `none`; `k:N`, N memories in the context whatever the config says; `stop-words`, none are left out of BM25;
//! `facts:N`, every N-th extracted fact is lost; `slow:F`, a search takes F times as long; `noise:F`, a search takes up to
//! 2F of its time longer, F on average.
#![expect(clippy::print_stdout, reason = "a tool of the command line")]

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use memgauge_core::{
    Answer, ComponentError, Context, ConversationHead, ConversationId, Cx, Extractor, Fact,
    MemoryEvent, MemoryId, MemoryRecord, MemorySystem, Question, Recall, Session, Window,
};
use memgauge_dataset::locomo;
use memgauge_experiment::search_rounds::serve;
use memgauge_experiment::{
    ConfigFile, Decorator, Plan, RunOptions, RunReport, Runner, Stop, Supplies,
};
use memgauge_pipeline::system::SystemConfig;
use serde_json::{Value, json};

type Failure = Box<dyn std::error::Error>;

/// A fault.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Planted {
    None,
    K(u64),
    StopWords,
    Facts(u64),
    Slow(f64),
    Noise(f64),
}

impl FromStr for Planted {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        let (kind, value) = text.split_once(':').unwrap_or((text, ""));
        Ok(match kind {
            "none" => Self::None,
            "k" => Self::K(value.parse()?),
            "stop-words" => Self::StopWords,
            "facts" => Self::Facts(value.parse()?),
            "slow" => Self::Slow(value.parse()?),
            "noise" => Self::Noise(value.parse()?),
            _ => return Err(format!("no fault `{text}`").into()),
        })
    }
}

impl Decorator for Planted {
    fn config(&self, config: &SystemConfig) -> SystemConfig {
        let changed = |change: &dyn Fn(&mut Value)| {
            let mut whole = serde_json::to_value(config).ok()?;
            change(&mut whole);
            serde_json::from_value(whole).ok()
        };
        let planted = match self {
            Self::K(k) => changed(&|whole| {
                if let Some(retriever) = whole.get_mut("retriever") {
                    retriever["k"] = json!(k);
                }
            }),
            Self::StopWords => changed(&|whole| {
                if let Some(lexical) = whole.pointer_mut("/store/lexical") {
                    lexical["stop-words"] = json!("none");
                }
            }),
            _ => None,
        };
        planted.unwrap_or_else(|| config.clone())
    }

    fn extractor(&self, extractor: Box<dyn Extractor>) -> Box<dyn Extractor> {
        match *self {
            Self::Facts(every) => Box::new(Forgetful {
                inner: extractor,
                every,
                seen: AtomicU64::new(0),
            }),
            _ => extractor,
        }
    }

    fn system(&self, system: Box<dyn MemorySystem>) -> Box<dyn MemorySystem> {
        let (least, most) = match *self {
            Self::Slow(factor) => (factor - 1.0, factor - 1.0),
            Self::Noise(mean) => (0.0, 2.0 * mean),
            _ => return system,
        };
        Box::new(Slow {
            inner: system,
            least,
            most,
            drawn: AtomicU64::new(1),
        })
    }
}

/// Loses every so-manieth fact.
struct Forgetful {
    inner: Box<dyn Extractor>,
    every: u64,
    seen: AtomicU64,
}

#[async_trait]
impl Extractor for Forgetful {
    fn kind(&self) -> &'static str {
        self.inner.kind()
    }

    fn batch(&self) -> Option<usize> {
        self.inner.batch()
    }

    fn lookback(&self) -> usize {
        self.inner.lookback()
    }

    async fn extract(&self, cx: &Cx, window: &Window<'_>) -> Result<Vec<Fact>, ComponentError> {
        let mut facts = self.inner.extract(cx, window).await?;
        facts.retain(|_| {
            let number = self.seen.fetch_add(1, Ordering::Relaxed) + 1;
            !number.is_multiple_of(self.every)
        });
        Ok(facts)
    }

    async fn finish(&self, cx: &Cx) -> Result<(), ComponentError> {
        self.inner.finish(cx).await
    }

    fn forget(&self, is_gone: &dyn Fn(&ConversationId) -> bool) {
        self.inner.forget(is_gone);
    }
}

/// Searches, then computes on for a share of what the search took.
struct Slow {
    inner: Box<dyn MemorySystem>,
    least: f64,
    most: f64,
    drawn: AtomicU64,
}

impl Slow {
    /// The next share: evenly spread between least and most (Weyl's sequence of the golden ratio).
    fn share(&self) -> f64 {
        const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
        let number = self
            .drawn
            .fetch_add(1, Ordering::Relaxed)
            .wrapping_mul(GOLDEN);
        self.least + (self.most - self.least) * (number >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[async_trait]
impl MemorySystem for Slow {
    fn kind(&self) -> &'static str {
        self.inner.kind()
    }

    fn keeps_memories(&self) -> bool {
        self.inner.keeps_memories()
    }

    async fn ingest(
        &self,
        cx: &Cx,
        head: &ConversationHead,
        session: &Session,
    ) -> Result<Vec<MemoryEvent>, ComponentError> {
        self.inner.ingest(cx, head, session).await
    }

    async fn flush(&self, cx: &Cx) -> Result<Vec<(ConversationId, MemoryEvent)>, ComponentError> {
        self.inner.flush(cx).await
    }

    async fn recall(
        &self,
        cx: &Cx,
        conversation: &ConversationId,
        question: &Question,
    ) -> Result<Recall, ComponentError> {
        let start = Instant::now();
        let recall = self.inner.recall(cx, conversation, question).await;
        let elapsed = start.elapsed();
        let end = Duration::from_secs_f64(elapsed.as_secs_f64() * (1.0 + self.share()));
        while start.elapsed() < end {
            std::hint::spin_loop();
        }
        recall
    }

    async fn answer(
        &self,
        cx: &Cx,
        conversation: &ConversationId,
        question: &Question,
        context: &Context,
    ) -> Result<Answer, ComponentError> {
        self.inner.answer(cx, conversation, question, context).await
    }

    fn version(&self) -> Option<String> {
        self.inner.version()
    }

    fn is_complete(&self) -> bool {
        self.inner.is_complete()
    }

    fn memory(&self, id: MemoryId) -> Result<Option<MemoryRecord>, ComponentError> {
        self.inner.memory(id)
    }
}

/// Runs an experiment with the fault in it; prints the run directory.
async fn run(
    config: &Path,
    dataset: &Path,
    out: PathBuf,
    sets: &[String],
    supplies: Supplies,
) -> Result<(), Failure> {
    let file = ConfigFile::load(config, sets)?;
    let dataset = locomo::load(dataset)?;
    let plan = Plan::new(&file, &dataset)?;
    let options = RunOptions {
        out,
        // As of every run: a second one with the same time would be taken for a copy.
        started: jiff::Timestamp::now().to_string(),
        supplies,
        ..RunOptions::default()
    };
    let runner = Runner::new(file, dataset, plan, options)?;
    match runner.run(Arc::new(()), Stop::default()).await? {
        RunReport::Finished { dir, .. } => {
            println!("{}", dir.path().display());
            Ok(())
        }
        _ => Err("the run did not finish".into()),
    }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let fault: Planted = std::env::var("PLANTED")?.parse()?;
    let supplies = Supplies {
        decorator: Some(Arc::new(fault)),
        ..Supplies::default()
    };
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["search-rounds", task] => {
            let (input, output) = (std::io::stdin().lock(), std::io::stdout().lock());
            Ok(serve(task.as_ref(), supplies, input, output).await?)
        }
        ["run", config, "--dataset", dataset, "--out", out, ref sets @ ..] => {
            let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
            run(config.as_ref(), dataset.as_ref(), out.into(), &sets, supplies).await
        }
        _ => Err("planted run CONFIG --dataset FILE --out DIR [PATH=VALUE..] | planted search-rounds TASK".into()),
    }
}
