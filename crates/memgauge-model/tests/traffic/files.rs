//! The database and the cassette: shared, full, damaged, equal.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use memgauge_core::{ErrorKind, Finish, Traffic};
use memgauge_model::{Calls, Cassette, Entry, EntryKind, Exchange, Kept, TrafficError};

use crate::vectors::Vectors;
use crate::{Provider, ask, asking, places, recording};

const SHARED: &str = "MEMGAUGE_TEST_SHARED_CACHE";

/// The other processes of the test below; alone it does nothing.
#[tokio::test]
async fn a_process_that_shares_the_cache() {
    let Some(folder) = std::env::var_os(SHARED) else {
        return;
    };
    let exchange = Exchange::cached(Path::new(&folder));
    let model = exchange.chat(Arc::new(Provider::default()));
    for number in 0..40 {
        ask(&model, &format!("shared {number}"))
            .await
            .result
            .unwrap();
        let own = format!("{} {number}", std::process::id());
        ask(&model, &own).await.result.unwrap();
    }
}

#[tokio::test]
async fn processes_share_a_cache() {
    let folder = tempfile::tempdir().unwrap();
    let mut children: Vec<_> = (0..3)
        .map(|_| {
            Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "files::a_process_that_shares_the_cache"])
                .env(SHARED, folder.path())
                .stdout(std::process::Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    // This process reads and writes meanwhile.
    let provider = Arc::new(Provider::default());
    let exchange = Exchange::cached(folder.path());
    let model = exchange.chat(provider.clone());
    for number in 0..40 {
        ask(&model, &format!("mine {number}")).await.result.unwrap();
    }
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }
    let calls = Calls::open(folder.path()).unwrap();
    assert_eq!(calls.len().unwrap(), 40 + 40 + 3 * 40);
    let asked = provider.asked();
    for number in 0..40 {
        let reply = ask(&model, &format!("shared {number}")).await;
        assert_eq!(reply.spent.traffic, Traffic::Cache);
    }
    assert_eq!(provider.asked(), asked);
}

#[tokio::test]
async fn a_full_cache_is_an_error_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let calls = Calls::open_sized(folder.path(), 256 << 10).unwrap();
    // The exchange finds the same database open.
    let exchange = Exchange::cached(folder.path());
    let provider = Arc::new(Provider::default());
    let model = exchange.chat(provider.clone());
    let mut kept = 0;
    let error = loop {
        let words = format!("{kept} {}", "x".repeat(2_000));
        match ask(&model, &words).await.result {
            Ok(_) => kept += 1,
            Err(error) => break error,
        }
        assert!(kept < 1_000, "256 KiB hold no thousand prompts of 2 kB");
    };
    assert_eq!(error.kind, ErrorKind::Storage);
    assert!(error.message.contains("full"), "{error}");
    assert!(kept > 10, "{kept}");
    assert_eq!(calls.len().unwrap(), kept);
    let asked = provider.asked();
    ask(&model, &format!("0 {}", "x".repeat(2_000)))
        .await
        .result
        .unwrap();
    assert_eq!(provider.asked(), asked);
    // Room can be made.
    let (removed, bytes) = calls.remove(|entry| entry.kind == EntryKind::Chat).unwrap();
    assert_eq!(removed, kept);
    assert!(bytes > 20_000, "{bytes}");
    ask(&model, "again").await.result.unwrap();
}

#[tokio::test]
async fn a_damaged_cache_says_so() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("data.mdb"), vec![7_u8; 8192]).unwrap();
    let exchange = Exchange::cached(folder.path());
    let provider = Arc::new(Provider::default());
    let model = exchange.chat(provider.clone());
    let error = exchange.ready().unwrap_err();
    assert!(matches!(error, TrafficError::Format { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains(folder.path().to_str().unwrap()), "{text}");
    assert!(text.contains("delete the folder"), "{text}");
    let error = ask(&model, "hello").await.result.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Storage);
    assert_eq!(
        provider.asked(),
        0,
        "nothing is paid for that cannot be kept"
    );
}

#[tokio::test]
async fn a_cassette_that_cannot_be_read_says_where() {
    use std::io::Write;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.jsonl.gz");
    let header = r#"{"memgauge-cassette":1,"tool":"0.1.0"}"#;
    let line = |key: &str| {
        format!(
            r#"{{"kind":"chat","key":"{key}","model":"m","text":"t","finish":"stop","usage":{{"input":null,"output":null,"cached":null,"reasoning":null,"counted":false,"dollars":null}},"ms":1.0}}"#
        )
    };
    let read = |lines: &[&str]| {
        let file = std::fs::File::create(&path).unwrap();
        let mut out = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
        for line in lines {
            writeln!(out, "{line}").unwrap();
        }
        out.finish().unwrap();
        Cassette::read(&path)
    };
    let (a, b) = (line("a"), line("b"));
    assert_eq!(read(&[header, &a, &b]).unwrap().len(), 2);
    let newer = header.replace(":1,", ":2,");
    for (lines, number, word) in [
        (vec![header, &b, &a], 3, "out of order"),
        (vec![header, &a, &a], 3, "there twice"),
        (vec![header, &a, "{\"kind\""], 3, "EOF"),
        (vec![a.as_str()], 1, "not a cassette"),
        (vec![newer.as_str(), &a], 1, "its version is 2"),
        (vec![], 1, "empty"),
    ] {
        let error = read(&lines).unwrap_err().to_string();
        assert!(error.contains(&format!("c.jsonl.gz:{number}: ")), "{error}");
        assert!(error.contains(word), "{word}: {error}");
    }
    read(&[header, &a, &b]).unwrap();
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() - 10]).unwrap();
    let error = Cassette::read(&path).unwrap_err().to_string();
    assert!(error.contains("decompressed"), "{error}");
    std::fs::write(&path, "plain text").unwrap();
    assert!(
        Cassette::read(&path)
            .unwrap_err()
            .to_string()
            .contains("decompressed")
    );
    assert!(matches!(
        Cassette::read(folder.path().join("none").as_path()),
        Err(TrafficError::Io { .. })
    ));
}

#[tokio::test]
async fn a_cache_keeps_the_request_and_a_cassette_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let exchange = recording(folder.path()).await;
    let model = exchange.chat(Provider::saying([("who?", Ok(("me", Finish::Stop)))]));
    ask(&model, "who?").await.result.unwrap();
    let (calls, path) = places(folder.path());
    let entry = Calls::open(&calls)
        .unwrap()
        .get(EntryKind::Chat, &model.key(&asking("who?"), 0))
        .unwrap()
        .unwrap();
    assert!(entry.request.unwrap().to_string().contains("who?"));
    assert!(entry.recorded.is_some());
    exchange.end(&path).unwrap();
    let cassette = Cassette::read(&path).unwrap();
    let entry = cassette.entries().next().unwrap();
    assert_eq!((&entry.request, &entry.recorded), (&None, &None));
    assert_eq!(
        entry.kept,
        Kept::Reply {
            text: "me".to_owned(),
            finish: Finish::Stop
        }
    );
}

#[tokio::test]
async fn cassettes_of_equal_content_are_equal() {
    let record = async |order: &[&str]| {
        let folder = tempfile::tempdir().unwrap();
        let exchange = recording(folder.path()).await;
        let provider = Provider::saying([
            ("a", Ok(("one", Finish::Stop))),
            ("b", Ok(("two", Finish::Stop))),
            ("c", Err(ErrorKind::ContextTooLong)),
        ]);
        let model = exchange.chat(provider);
        let embedder = exchange.embedder(Arc::new(Vectors::default()));
        for words in order {
            let _ = ask(&model, words).await;
        }
        embedder.embed(&["a", "b", "c"]).await.unwrap();
        let (_, path) = places(folder.path());
        exchange.end(&path).unwrap();
        std::fs::read(path).unwrap()
    };
    let first = record(&["a", "b", "c"]).await;
    let second = record(&["c", "b", "a", "a"]).await;
    assert!(first == second, "the order of requests shows in the bytes");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.gz");
    std::fs::write(&path, &first).unwrap();
    let cassette = Cassette::read(&path).unwrap();
    assert_eq!(cassette.len(), 6);
    // Through a cache and out again: no date, no request, the same bytes.
    let calls = Calls::open(&folder.path().join("calls")).unwrap();
    let entries: Vec<Entry> = cassette.entries().cloned().collect();
    calls.put(&entries).await.unwrap();
    let again = folder.path().join("again.gz");
    Cassette::write(&calls, &again, |_| true).unwrap();
    assert!(std::fs::read(&again).unwrap() == first);
}
