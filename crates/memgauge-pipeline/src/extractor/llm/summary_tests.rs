//! The rolling summary and its clock.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use memgauge_core::{ChatRequest, ErrorKind, Meter, ReplyForm, Stage, Window};

use super::tests::{built, extract};
use super::*;
use crate::extractor::fixture::{head, session};
use crate::scripted::Scripted;

/// Replays `windows` windows of one turn each. A summary lists the numbers of the messages that it
/// covers. Returns the summary that each window saw and the meters of the windows and of the end.
async fn replay(
    summary: SummaryConfig,
    windows: u32,
    model: &Arc<Scripted>,
) -> (Vec<Result<String, ErrorKind>>, Vec<Arc<Meter>>) {
    let config = LlmExtractorConfig {
        batch: 1,
        summary,
        ..LlmExtractorConfig::default()
    };
    let extractor = built(&config, model);
    let lines: Vec<String> = (1..=windows)
        .map(|number| format!("say {number};"))
        .collect();
    let talk: Vec<(&str, &str)> = lines.iter().map(|line| ("Mira", line.as_str())).collect();
    let session = session(&talk);
    let head = head("Mira", "Tom");
    let mut seen = Vec::new();
    let mut meters = Vec::new();
    for turns in session.turns.chunks(1) {
        let window = Window {
            head: &head,
            session: &session,
            turns,
            before: &[],
            perspective: None,
        };
        let meter = Meter::new();
        let cx = meter.at(Stage::Extract).at_epoch(2);
        let result = extractor.extract(&cx, &window).await;
        seen.push(match result {
            Ok(facts) => Ok(facts[0].text.clone()),
            Err(error) => Err(error.kind),
        });
        meters.push(meter);
    }
    let meter = Meter::new();
    let end = extractor.finish(&meter.at(Stage::Extract)).await;
    if seen.iter().all(Result::is_ok) {
        seen.push(end.map(|()| String::new()).map_err(|error| error.kind));
    }
    meters.push(meter);
    (seen, meters)
}

fn is_summary(request: &ChatRequest) -> bool {
    request.form == ReplyForm::Text
}

fn numbers(text: &str) -> Vec<&str> {
    text.split("say ")
        .skip(1)
        .filter_map(|rest| rest.split(';').next())
        .collect()
}

/// Summaries list what they cover; the one fact of a window is the summary that it saw.
fn echo(request: &ChatRequest) -> Result<String, ErrorKind> {
    let prompt = &request.messages[1].content;
    if is_summary(request) {
        let said: Vec<String> = numbers(prompt)
            .iter()
            .map(|number| format!("say {number};"))
            .collect();
        return Ok(said.join(" "));
    }
    let summary = prompt.split("Time of the conversation").next();
    let seen = format!("saw {}", numbers(summary.unwrap()).join(","));
    Ok(serde_json::json!({ "facts": [seen] }).to_string())
}

fn clock(every: u64, lag: u64) -> SummaryConfig {
    SummaryConfig {
        every,
        lag,
        ..SummaryConfig::default()
    }
}

fn saw(seen: Vec<Result<String, ErrorKind>>) -> Vec<String> {
    let all: Result<Vec<String>, ErrorKind> = seen.into_iter().collect();
    let mut all = all.unwrap();
    // The end.
    all.pop();
    all.iter()
        .map(|text| text.trim_start_matches("saw").trim().to_owned())
        .collect()
}

#[tokio::test]
async fn a_summary_is_used_lag_windows_after_it_was_begun_and_never_earlier() {
    let model = Scripted::new(echo);
    let (seen, meters) = replay(clock(1, 3), 6, &model).await;
    assert_eq!(saw(seen), ["", "", "", "1", "1,2", "1,2,3"]);
    // Booked where they are used, in the background; the rest at the end.
    let background = |meter: &Arc<Meter>| {
        let calls = meter.calls();
        calls.iter().filter(|call| call.background).count()
    };
    let booked: Vec<usize> = meters.iter().map(background).collect();
    assert_eq!(booked, [0, 0, 0, 1, 1, 1, 3]);
    assert_eq!(meters[6].counters()["summary:rolling"], 3);
    let epochs: Vec<u32> = model.asked().iter().map(|(_, epoch)| *epoch).collect();
    assert!(epochs.iter().all(|epoch| *epoch == 2), "{epochs:?}");

    let (seen, _) = replay(clock(2, 1), 6, &Scripted::new(echo)).await;
    assert_eq!(saw(seen), ["", "", "1,2", "1,2", "1,2,3,4", "1,2,3,4"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prompts_and_bookings_do_not_depend_on_how_long_calls_take() {
    let mut first = None;
    for seed in 0..6_u64 {
        let model = Scripted::slow(echo, move |request| {
            let text = serde_json::to_string(request).unwrap();
            let hash = blake3::hash(format!("{seed}{text}").as_bytes());
            // Without delays, with delays everywhere, with slow summaries alone.
            let most = match seed {
                0 => 1,
                1 if !is_summary(request) => 1,
                _ => 8,
            };
            Duration::from_millis(u64::from(hash.as_bytes()[0]) % most)
        });
        let (seen, meters) = replay(clock(1, 2), 12, &model).await;
        let mut prompts: Vec<String> = model
            .asked()
            .iter()
            .map(|(request, _)| serde_json::to_string(request).unwrap())
            .collect();
        // What is asked is fixed; in which order the two kinds of calls arrive is not.
        prompts.sort_unstable();
        let booked: Vec<(Vec<String>, BTreeMap<String, u64>)> = meters
            .iter()
            .map(|meter| {
                let calls = meter.calls();
                let keys = calls.into_iter().map(|call| call.request).collect();
                (keys, meter.counters())
            })
            .collect();
        let outcome = (saw(seen), prompts, booked);
        match &first {
            None => first = Some(outcome),
            Some(first) => assert_eq!(*first, outcome, "seed {seed}"),
        }
    }
    let (seen, ..) = first.unwrap();
    assert_eq!(seen[11], "1,2,3,4,5,6,7,8,9,10");
}

#[tokio::test]
async fn waiting_for_a_summary_is_booked_as_time_and_nothing_else() {
    let model = Scripted::slow(echo, |request| {
        Duration::from_millis(if is_summary(request) { 20 } else { 0 })
    });
    let (_, meters) = replay(clock(1, 1), 2, &model).await;
    let charge = meters[1].charges()[&Stage::Extract];
    assert!(charge.paused >= Duration::from_millis(10), "{charge:?}");
    assert_eq!(charge.calls, 2);
    let counters = meters[1].counters();
    let counted: Vec<&str> = counters.keys().map(String::as_str).collect();
    assert_eq!(counted, ["extractor:llm", "summary:rolling"]);
}

#[tokio::test]
async fn a_summary_that_cannot_be_made_leaves_the_older_one() {
    for (failure, counter) in [
        (Ok(" \n".to_owned()), "malformed:summary"),
        (Err(ErrorKind::ContextTooLong), "too-long:summary"),
    ] {
        let model = Scripted::new(move |request| {
            let covers_two = is_summary(request) && request.messages[1].content.contains("say 2;");
            if covers_two {
                failure.clone()
            } else {
                echo(request)
            }
        });
        let (seen, meters) = replay(clock(1, 1), 4, &model).await;
        assert_eq!(saw(seen), ["", "1", "1", "1,3"]);
        assert_eq!(meters[2].counters()[counter], 1);
    }
}

#[tokio::test]
async fn a_summary_that_fails_for_good_ends_the_ingestion_when_it_is_due() {
    let model = Scripted::new(|request| match is_summary(request) {
        true => Err(ErrorKind::Quota),
        false => echo(request),
    });
    let (seen, meters) = replay(clock(1, 2), 4, &model).await;
    assert_eq!(seen[0], Ok("saw".to_owned()));
    assert!(seen[1].is_ok());
    assert_eq!(seen[2], Err(ErrorKind::Quota));
    // What it took is booked all the same.
    assert_eq!(meters[2].calls().len(), 1);
    let (seen, _) = replay(clock(1, 9), 2, &model).await;
    assert_eq!(seen[2], Err(ErrorKind::Quota), "the end tells it, too");
}

#[tokio::test]
async fn each_speakers_memory_has_a_clock_of_its_own() {
    let model = Scripted::new(echo);
    let config = LlmExtractorConfig {
        summary: clock(1, 1),
        ..LlmExtractorConfig::default()
    };
    let extractor = built(&config, &model);
    let session = session(&[("Mira", "say 1;"), ("Tom", "say 2;")]);
    for perspective in ["Mira", "Tom"] {
        let (facts, _) = extract(&*extractor, &session, Some(perspective)).await;
        assert_eq!(facts.unwrap()[0].text, "saw");
    }
    let (facts, _) = extract(&*extractor, &session, Some("Tom")).await;
    assert_eq!(facts.unwrap()[0].text, "saw 1,2");
}

#[tokio::test]
async fn after_a_failed_summary_the_next_one_takes_in_what_it_missed() {
    let fails = Arc::new(AtomicBool::new(true));
    let failing = Arc::clone(&fails);
    let model = Scripted::new(move |request| {
        let covers_two = is_summary(request) && request.messages[1].content.contains("say 2;");
        match covers_two && failing.swap(false, Ordering::SeqCst) {
            true => Err(ErrorKind::Transient),
            false => echo(request),
        }
    });
    let config = LlmExtractorConfig {
        summary: clock(1, 1),
        ..LlmExtractorConfig::default()
    };
    let extractor = built(&config, &model);
    let mut seen = Vec::new();
    for text in ["say 1;", "say 2;", "say 3;", "say 3;", "say 4;"] {
        let session = session(&[("Mira", text), ("Tom", "Yes.")]);
        let (facts, _) = extract(&*extractor, &session, None).await;
        seen.push(facts.map(|facts| facts[0].text.clone()));
    }
    let saw = |text: &str| Ok(text.to_owned());
    assert_eq!(
        seen,
        [
            saw("saw"),
            saw("saw 1"),
            Err(ErrorKind::Transient),
            // Whoever goes on has the last summary that was made, and then one that misses nothing.
            saw("saw 1"),
            saw("saw 1,2,3"),
        ]
    );
    extractor.forget(&|_| true);
    let session = session(&[("Mira", "say 5;"), ("Tom", "Yes.")]);
    let (facts, _) = extract(&*extractor, &session, None).await;
    assert_eq!(facts.unwrap()[0].text, "saw");
}
