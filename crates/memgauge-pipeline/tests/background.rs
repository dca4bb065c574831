//! A process that is killed while windows wait: nothing that was acknowledged is lost, and nothing is
//! done twice. The test binary runs itself as the other process.

#![expect(clippy::unwrap_used, reason = "a failed call fails the test")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::date;
use memgauge_core::{
    BuildError, ConversationHead, ConversationId, EmbedderHandle, Filter, MemorySystem, Meter,
    Parts, Scope, Session, SessionNotes, Stage, Tokenizer, Turn, TurnId,
};
use memgauge_model::{Static, StaticWeights, tokenizer};
use memgauge_pipeline::system::{Addition, Pipeline, PipelineConfig, TurnsConfig};
use memgauge_store::Store;
use serde_json::json;

const FOLDER: &str = "MEMGAUGE_BACKGROUND_TEST_FOLDER";
const TURNS: u32 = 5;

struct Models(PathBuf);

impl Parts for Models {
    fn embedder(&self, _: &str) -> Result<EmbedderHandle, BuildError> {
        let embedder = Static::new(StaticWeights::Zipf);
        Ok(EmbedderHandle::new(Arc::new(embedder)))
    }

    fn tokenizer(&self, name: &str) -> Result<Arc<dyn Tokenizer>, BuildError> {
        tokenizer(name).ok_or_else(|| BuildError::new("no such tokenizer"))
    }

    fn folder(&self) -> &Path {
        &self.0
    }
}

/// A memory that looks something up for every fact, so that the facts of a window are written in
/// several transactions.
fn memory(folder: &Path) -> Pipeline {
    let config = json!({
        "consolidation": {"kind": "background", "queue": 1000},
        "update": {"kind": "dedupe", "threshold": 1.0},
    });
    let config: TurnsConfig = serde_json::from_value(config).unwrap();
    let dir = folder.join("store");
    let existing = dir.exists().then(|| Store::open(&dir).unwrap());
    PipelineConfig::from(config)
        .library("turns", &Models(folder.to_owned()), existing)
        .unwrap()
}

fn head() -> ConversationHead {
    ConversationHead {
        id: ConversationId::new("c"),
        speakers: ["Ann".to_owned(), "Bob".to_owned()],
    }
}

fn session(index: u32) -> Session {
    Session {
        index,
        held_at: date(2024, 1, 1).at(9, 0, 0, 0),
        held_at_text: "9:00 am on 1 January, 2024".to_owned(),
        turns: (1..=TURNS)
            .map(|turn| Turn {
                id: TurnId::new(index, turn),
                // Nobody speaks twice: what only one person said is nobody else's fact.
                speaker: format!("S{index}-{turn}"),
                text: "It rains.".to_owned(),
                image: None,
            })
            .collect(),
        notes: SessionNotes::default(),
    }
}

async fn add(memory: &Pipeline, index: u32) {
    let addition = Addition {
        head: &head(),
        session: &session(index),
        scope: &Scope::user("c"),
        metadata: &BTreeMap::new(),
        infer: true,
        recent: 0,
    };
    let cx = Meter::new().at(Stage::Extract);
    let events = memory.add(&cx, &addition).await.unwrap();
    assert!(events.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by the other test of this file"]
#[expect(clippy::print_stdout, reason = "this is how processes talk")]
async fn the_other_process() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let memory = memory(Path::new(&folder));
    for index in 1.. {
        add(&memory, index).await;
        println!("says: {index}");
    }
}

#[tokio::test]
async fn a_killed_process_loses_no_added_window_and_repeats_none() {
    for round in 0..6_u64 {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "the_other_process", "--ignored", "--nocapture"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map_while(Result::ok)
            .filter_map(|line| line.split_once("says: ")?.1.parse::<u32>().ok());
        let mut acknowledged = 0;
        while acknowledged < 20 {
            acknowledged = said.next().expect("it works until killed");
        }
        std::thread::sleep(Duration::from_micros(round * 1_700));
        child.kill().unwrap();
        child.wait().unwrap();
        acknowledged = said.last().unwrap_or(acknowledged);

        let memory = memory(folder.path());
        let waiting = memory.store().queue_len().unwrap();
        let flushed = memory.flush(&Meter::new().at(Stage::Index)).await.unwrap();
        assert_eq!(flushed.is_empty(), waiting == 0);
        assert_eq!(memory.store().queue_len().unwrap(), 0);
        let records = memory.store().records(&Filter::default());
        let turns: Vec<TurnId> = records
            .iter()
            .flat_map(|record| record.live_turns().collect::<Vec<_>>())
            .collect();
        // One more may have been written down before it was acknowledged.
        let sessions = turns.last().unwrap().session;
        assert!(sessions == acknowledged || sessions == acknowledged + 1);
        let expected: Vec<TurnId> = (1..=sessions)
            .flat_map(|session| (1..=TURNS).map(move |turn| TurnId::new(session, turn)))
            .collect();
        assert_eq!(turns, expected, "in order, each once");
        // One line of history each: nothing was carried out a second time.
        assert_eq!(memory.store().history_len().unwrap(), turns.len() as u64);
        memory.close().await;
    }
}
