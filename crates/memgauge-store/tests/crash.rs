//! Processes that are killed, disks that fill up, stores that are open elsewhere. The test binary
//! runs itself as the other process.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failed call fails the test"
)]

mod common;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use common::{add, delete, edge, node, relation, update, vector_of};
use memgauge_core::{
    ErrorKind, Filter, GraphReader, MemoryId, MemoryReader, NodeId, Scope, Source, TurnId,
};
use memgauge_store::{
    ArroyConfig, ExactConfig, GraphChange, NodeRef, Store, StoreConfig, StoreError, StoreOptions,
    VectorConfig,
};

const ROLE: &str = "MEMGAUGE_STORE_TEST_ROLE";
const FOLDER: &str = "MEMGAUGE_STORE_TEST_FOLDER";
const DIMENSIONS: usize = 24;

/// The `n`th batch: four memories, the first of them changed and the second deleted; the third is
/// an edge between two new nodes, and one of them mentions the fourth.
fn batch(n: u32) -> Vec<GraphChange> {
    let first = 4 * n;
    let source = [Source::cited(TurnId::new(n / 20 + 1, n % 20 + 1))];
    let text = |id: u32| format!("alpha item{id}");
    let mut changes = vec![
        node(
            "u",
            &format!("from{n}"),
            Some(vector_of("from", DIMENSIONS)),
        ),
        node("u", &format!("to{n}"), None),
    ];
    changes.extend((first..first + 4).map(|id| {
        let vector = Some(vector_of(&text(id), DIMENSIONS));
        if id == first + 2 {
            let edge_itself = relation("u", &text(id), &source, vector);
            edge(edge_itself, NodeRef::New(0), NodeRef::New(1))
        } else {
            GraphChange::Memory(add("u", &text(id), &source, vector))
        }
    }));
    changes.push(GraphChange::Link {
        node: NodeRef::New(1),
        memories: vec![MemoryId(first + 1), MemoryId(first + 3)],
    });
    let new = format!("beta item{first}");
    let vector = vector_of(&new, DIMENSIONS);
    changes.push(GraphChange::Memory(update(
        first,
        &new,
        &source,
        true,
        Some(vector),
    )));
    changes.push(GraphChange::Memory(delete(first + 1, &source)));
    changes
}

/// Whether records, history, postings, vectors and graph of `store` agree, and hold whole batches.
/// Returns how many.
fn batches(store: &Store) -> u32 {
    let all = Filter::default();
    let live = store.len() as u32;
    assert_eq!(live % 3, 0);
    let batches = live / 3;
    assert_eq!(store.history_len().unwrap(), u64::from(batches) * 6);
    assert_eq!(store.node_count() as u32, 2 * batches);
    assert_eq!(store.edge_count() as u32, batches);
    for n in 0..batches {
        let (from, to) = (NodeId(2 * n), NodeId(2 * n + 1));
        let edges = store.edges_of(from);
        assert_eq!(edges, store.edges_of(to));
        assert_eq!(edges[0].memory, MemoryId(4 * n + 2));
        assert_eq!(store.node(to).unwrap().memories, [MemoryId(4 * n + 3)]);
        let key = format!("from{n}");
        assert_eq!(store.named(&Scope::user("u"), &key), [from]);
        assert!(store.node_vector(from).is_some() && store.node_vector(to).is_none());
    }
    assert!(store.entry(MemoryId(4 * batches)).is_none());
    let hits = store.scores(&all, "alpha");
    assert_eq!(hits.len() as u32, live);
    assert_eq!(
        store.search(&all, "alpha", 1_000_000).unwrap().len() as u32,
        2 * batches
    );
    assert_eq!(
        store.search(&all, "beta", 1_000_000).unwrap().len() as u32,
        batches
    );
    for id in (0..4 * batches).map(MemoryId) {
        let entry = store.entry(id).unwrap();
        let rows = store.history(id).unwrap().len();
        match id.0 % 4 {
            0 => assert_eq!((rows, entry.record.text), (2, format!("beta item{}", id.0))),
            1 => {
                assert_eq!((rows, entry.deleted), (2, true));
                assert!(store.vector(id).is_none());
                continue;
            }
            _ => assert_eq!(
                (rows, entry.record.text),
                (1, format!("alpha item{}", id.0))
            ),
        }
        if id.0 % 7 == 0 {
            let text = store.record(id).unwrap().unwrap().text;
            let query = vector_of(&text, DIMENSIONS);
            let nearest = store.nearest(&all, &query, 1).unwrap();
            assert_eq!(nearest[0].id, id);
            assert!((nearest[0].score - 1.0).abs() < 1e-5);
            let word = format!("item{}", id.0);
            assert_eq!(store.search(&all, &word, 3).unwrap()[0].id, id);
        }
    }
    batches
}

fn config(arroy: bool) -> StoreConfig {
    StoreConfig {
        vectors: if arroy {
            VectorConfig::Arroy(ArroyConfig {
                trees: 10,
                index_after: 40,
                ..ArroyConfig::default()
            })
        } else {
            VectorConfig::Exact(ExactConfig::default())
        },
        dimensions: Some(DIMENSIONS),
        ..StoreConfig::default()
    }
}

/// Runs `role` of [`the_other_process`] in a process of its own.
fn process(role: &str, folder: &Path, file_limit: bool) -> Child {
    let binary = std::env::current_exe().unwrap();
    let mut command = if file_limit {
        // Files may not grow beyond some hundred KiB; the signal is ignored, so that the write
        // fails as on a full disk.
        let mut shell = Command::new("sh");
        shell.args(["-c", "trap '' XFSZ; ulimit -f 400; exec \"$0\" \"$@\""]);
        shell.arg(binary);
        shell
    } else {
        Command::new(binary)
    };
    command
        .args(["--exact", "the_other_process", "--ignored", "--nocapture"])
        .env(ROLE, role)
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Lines that the other process says, without those of the test harness.
fn lines(child: &mut Child) -> impl Iterator<Item = String> + use<> {
    BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok)
        .filter_map(|line| Some(line.split_once("says: ")?.1.to_owned()))
}

#[test]
#[ignore = "run by the other tests of this file"]
#[expect(clippy::print_stdout, reason = "this is how processes talk")]
fn the_other_process() {
    let (Ok(role), Some(folder)) = (std::env::var(ROLE), std::env::var_os(FOLDER)) else {
        return;
    };
    let dir = PathBuf::from(folder).join("store");
    let fill = |store: &Store| -> StoreError {
        for n in 0.. {
            match store.apply_graph(&batch(n)) {
                Ok(_) => println!("says: {}", n + 1),
                Err(error) => {
                    assert_eq!(batches(store), n, "a failed batch left something");
                    return error;
                }
            }
        }
        unreachable!()
    };
    match role.as_str() {
        "build-exact" => drop(fill(&Store::build(&dir, &config(false)).unwrap())),
        "create-exact" | "create-arroy" => {
            let store = Store::create(&dir, &config(role == "create-arroy")).unwrap();
            let error = fill(&store);
            assert!(matches!(error, StoreError::DiskFull { .. }), "{error}");
            assert_eq!(
                memgauge_core::ComponentError::from(error).kind,
                ErrorKind::Storage
            );
            println!("says: full");
        }
        "open" => match Store::open(&dir) {
            Ok(store) => println!("says: {} memories", store.len()),
            Err(error) => println!("says: {error}"),
        },
        "read" => {
            let options = StoreOptions {
                read_only: true,
                ..StoreOptions::default()
            };
            match Store::open_with(&dir, options) {
                Ok(store) => println!("says: {} memories", store.len()),
                Err(error) => println!("says: {error}"),
            }
        }
        other => unreachable!("{other}"),
    }
}

/// Lets the process work until it has said `least` batches and some time more, kills it, and
/// returns how many it had said.
fn kill_after(mut child: Child, least: u32, more: Duration) -> u32 {
    let mut said = lines(&mut child);
    let mut done = 0;
    while done < least {
        done = said.next().expect("it works until killed").parse().unwrap();
    }
    std::thread::sleep(more);
    child.kill().unwrap();
    child.wait().unwrap();
    // What it had said before it died.
    said.last()
        .map_or(done, |last| last.parse().unwrap_or(done))
}

#[test]
fn a_killed_process_leaves_whole_batches() {
    for role in ["create-exact", "create-arroy"] {
        for round in 0..12_u32 {
            let folder = tempfile::tempdir().unwrap();
            let more = Duration::from_micros(u64::from(round) * 3_700);
            let said = kill_after(process(role, folder.path(), false), 1 + round * 3, more);
            let dir = folder.path().join("store");
            let store = Store::open(&dir).unwrap();
            let found = batches(&store);
            assert!(found >= said, "{role}: said {said}, found {found}");
            // And it goes on from there.
            store.apply_graph(&batch(found)).unwrap();
            store.seal().unwrap();
            drop(store);
            assert_eq!(batches(&Store::open(&dir).unwrap()), found + 1);
        }
    }
}

#[test]
fn a_killed_builder_leaves_nothing_in_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("store");
    let mut child = process("build-exact", folder.path(), false);
    assert!(lines(&mut child).next().is_some());
    // While it lives, nobody else may build; the store is not there before it is finished.
    assert!(matches!(
        Store::build(&dir, &config(false)),
        Err(StoreError::InUse { path }) if path.ends_with("store.building")
    ));
    assert!(!dir.exists());
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(matches!(
        Store::open(&dir),
        Err(StoreError::NotFound { .. })
    ));

    let store = Store::build(&dir, &config(false)).unwrap();
    assert!(store.is_empty());
    store.apply_graph(&batch(0)).unwrap();
    store.seal().unwrap();
    store.finish().unwrap();
    store.finish().unwrap();
    assert_eq!(store.path(), dir);
    // Still usable where it is now, and by nobody else.
    store.apply_graph(&batch(1)).unwrap();
    assert!(matches!(Store::open(&dir), Err(StoreError::InUse { .. })));
    assert!(matches!(
        Store::build(&dir, &config(false)),
        Err(StoreError::Exists { .. })
    ));
    drop(store);
    assert_eq!(batches(&Store::open(&dir).unwrap()), 2);
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1);
}

#[test]
fn a_full_disk_is_told_and_leaves_the_store_readable() {
    for role in ["create-exact", "create-arroy"] {
        let folder = tempfile::tempdir().unwrap();
        let mut child = process(role, folder.path(), true);
        let said: Vec<String> = lines(&mut child).collect();
        assert!(child.wait().unwrap().success(), "{role}: {said:?}");
        let [.., last, end] = &said[..] else {
            unreachable!("{said:?}");
        };
        assert_eq!(end, "full");
        let store = Store::open(&folder.path().join("store")).unwrap();
        let found = batches(&store);
        assert_eq!(found.to_string(), *last);
        // With room again it goes on.
        store.apply_graph(&batch(found)).unwrap();
        store.seal().unwrap();
        assert_eq!(batches(&store), found + 1);
    }
}

#[test]
fn a_full_map_is_told_and_leaves_the_store_readable() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("store");
    let small = StoreOptions {
        map_bytes: 1 << 20,
        ..StoreOptions::default()
    };
    let store = Store::create_with(&dir, &config(false), small).unwrap();
    let (mut done, error) = (0..)
        .find_map(|n| store.apply_graph(&batch(n)).err().map(|error| (n, error)))
        .unwrap();
    assert!(error.is_storage());
    assert!(
        matches!(&error, StoreError::MapFull { map_bytes, path } if *map_bytes == 1 << 20 && *path == dir),
        "{error}"
    );
    assert_eq!(batches(&store), done);
    drop(store);
    let store = Store::open(&dir).unwrap();
    assert_eq!(batches(&store), done);
    store.apply_graph(&batch(done)).unwrap();
    done += 1;
    assert_eq!(batches(&store), done);
}

fn says(role: &str, folder: &Path) -> String {
    let mut child = process(role, folder, false);
    let said = lines(&mut child).next().unwrap();
    child.wait().unwrap();
    said
}

#[test]
fn one_process_writes_or_several_read() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("store");
    let store = Store::create(&dir, &config(false)).unwrap();
    store.apply_graph(&batch(0)).unwrap();
    let in_use = format!("store `{}` is in use", dir.display());
    assert!(matches!(
        Store::open(&dir),
        Err(StoreError::InUse { path }) if path == dir
    ));
    assert_eq!(says("open", folder.path()), in_use);
    assert_eq!(says("read", folder.path()), in_use);
    drop(store);
    assert_eq!(says("open", folder.path()), "3 memories");

    let reading = StoreOptions {
        read_only: true,
        ..StoreOptions::default()
    };
    let store = Store::open_with(&dir, reading).unwrap();
    assert_eq!(batches(&store), 1);
    assert_eq!(says("read", folder.path()), "3 memories");
    assert_eq!(says("open", folder.path()), in_use);
    let refused = [
        store.apply_graph(&batch(1)).err(),
        store.seal().err(),
        store.sync().err(),
        store.revectorise([]).err(),
    ];
    for error in refused {
        assert!(matches!(error, Some(StoreError::ReadOnly { .. })));
    }
    assert_eq!(batches(&store), 1);
}
