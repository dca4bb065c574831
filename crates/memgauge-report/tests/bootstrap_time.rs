//! How long the resampling of a leaderboard takes, in processor time. A test binary of its own, so that no other test
//! is at work beside it.

#![expect(
    clippy::print_stderr,
    reason = "a test says on standard error what it measured"
)]

use std::time::Instant;

use memgauge_report::statistics::{Bootstrap, Column, Layout};

/// Processor seconds of this process, of all its threads; `None` where the system does not tell.
fn processor_seconds() -> Option<f64> {
    // Nanoseconds on a processor, per thread: ended threads are in no file, so the pool is kept.
    let mut nanoseconds = 0.0;
    for task in std::fs::read_dir("/proc/self/task").ok()? {
        let path = task.ok()?.path().join("schedstat");
        let text = std::fs::read_to_string(path).ok()?;
        nanoseconds += text.split(' ').next()?.parse::<f64>().ok()?;
    }
    Some(nanoseconds / 1e9)
}

#[test]
fn ten_thousand_resamples_of_twenty_systems_over_1540_questions_take_under_two_seconds() {
    let conversations = [152, 81, 152, 199, 178, 123, 150, 191, 156, 158];
    let places: Vec<(usize, usize)> = conversations
        .iter()
        .enumerate()
        .flat_map(|(conversation, questions)| (0..*questions).map(move |q| (conversation, q % 4)))
        .collect();
    assert_eq!(places.len(), 1_540);
    let systems: Vec<Vec<Option<f64>>> = (0..20_usize)
        .map(|system| {
            let score =
                |question: usize| ((question * (2 * system + 3) * 2_654_435_761) >> 7) % 100;
            (0..1_540).map(|q| Some(score(q) as f64 / 99.0)).collect()
        })
        .collect();
    let columns: Vec<Column<'_>> = systems.iter().map(Vec::as_slice).collect();
    let layout = Layout::new(&places);
    let domains: [&[usize]; 5] = [&[0, 1, 2, 3], &[0], &[1], &[2], &[3]];
    let (before, start) = (processor_seconds(), Instant::now());
    let found = Bootstrap::default()
        .means(&layout, &domains, &columns)
        .expect("valid columns");
    let wall = start.elapsed().as_secs_f64();
    let spent = processor_seconds()
        .zip(before)
        .map(|(after, before)| after - before);
    assert!(found.iter().flatten().all(Option::is_some));
    eprintln!("20 systems, 10,000 resamples, 5 domains: {wall:.2} s, processor {spent:.2?} s");
    // A busy machine takes longer, but not more processor time.
    assert!(spent.unwrap_or(wall) < 2.0, "{spent:?} {wall}");
}
