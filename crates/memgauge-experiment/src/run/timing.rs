//! What a unit of work took.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use memgauge_core::{Meter, Stage, Traffic};
use memgauge_report::record::{ChargeRow, TimingRow};

/// Fills `row` in with what the unit of work took that `meter` paid for. Work that failed has no
/// time; nor has work with replayed replies, whose recorded time stands apart.
pub(super) fn measured(
    row: TimingRow,
    elapsed: Duration,
    is_done: bool,
    meter: &Meter,
) -> TimingRow {
    let traffic: BTreeSet<Traffic> = meter
        .calls()
        .iter()
        .map(|call| call.spent.traffic)
        .collect();
    let (ms, replayed_ms) = match (is_done, meter.is_replayed()) {
        (false, _) => (None, None),
        (true, false) => (Some(milliseconds(elapsed)), None),
        (true, true) => (
            None,
            meter.replayed().map(|time| milliseconds(elapsed + time)),
        ),
    };
    TimingRow {
        ms,
        replayed_ms,
        traffic: traffic.into_iter().collect(),
        charges: charges(meter),
        ..row
    }
}

/// `elapsed` without the time that limits and providers' pauses held the work: with many questions
/// in flight it says more about the harness than about the system.
pub(super) fn unheld(elapsed: Duration, meter: &Meter) -> Duration {
    let held: Duration = meter
        .calls()
        .iter()
        .filter(|call| !call.background)
        .map(|call| call.spent.paused)
        .sum();
    elapsed.saturating_sub(held)
}

/// What models cost, by stage.
fn charges(meter: &Meter) -> BTreeMap<Stage, ChargeRow> {
    meter
        .charges()
        .iter()
        .map(|(stage, charge)| (*stage, ChargeRow::from(charge)))
        .collect()
}

/// Milliseconds to the tenth of a microsecond.
pub(super) fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e7).round() / 1e4
}

#[cfg(test)]
mod tests {
    use memgauge_core::meter::CallKind;
    use memgauge_core::{Call, CallOutcome, ConversationId, Spent, Usage};
    use memgauge_report::record::Phase;

    use super::*;

    fn row() -> TimingRow {
        TimingRow {
            variant: "a".to_owned(),
            phase: Phase::Answer,
            conversation: ConversationId::new("c"),
            session: None,
            question: None,
            repeat: 0,
            run: None,
            ms: None,
            replayed_ms: None,
            traffic: Vec::new(),
            warm_up: false,
            in_flight: 1,
            load: None,
            charges: BTreeMap::new(),
        }
    }

    fn call(traffic: Traffic, replayed: Option<u64>) -> Call {
        Call {
            stage: Stage::Answer,
            kind: CallKind::Chat,
            model: "chat".to_owned(),
            served_by: None,
            request: "r".to_owned(),
            inputs: 1,
            usage: Usage::default(),
            outcome: CallOutcome::Usable,
            spent: Spent {
                traffic,
                paused: Duration::from_millis(30),
                replayed: replayed.map(Duration::from_millis),
                ..Spent::default()
            },
            background: false,
        }
    }

    fn meter(calls: &[Call]) -> std::sync::Arc<Meter> {
        let meter = Meter::new();
        for call in calls {
            meter.at(Stage::Answer).called(call.clone());
        }
        meter
    }

    #[test]
    fn a_replayed_reply_has_no_latency_of_this_run() {
        let elapsed = Duration::from_millis(2);
        let live = measured(row(), elapsed, true, &meter(&[call(Traffic::Live, None)]));
        assert_eq!((live.ms, live.replayed_ms), (Some(2.0), None));
        assert_eq!(live.traffic, [Traffic::Live]);
        let both = [
            call(Traffic::Cassette, Some(50)),
            call(Traffic::Live, None),
            call(Traffic::Cassette, Some(7)),
        ];
        let mixed = measured(row(), elapsed, true, &meter(&both));
        assert_eq!((mixed.ms, mixed.replayed_ms), (None, Some(59.0)));
        assert_eq!(mixed.traffic, [Traffic::Live, Traffic::Cassette]);
        let fake = measured(row(), elapsed, true, &meter(&[call(Traffic::Fake, None)]));
        assert_eq!((fake.ms, fake.replayed_ms), (None, None));
        let failed = measured(row(), elapsed, false, &meter(&[call(Traffic::Live, None)]));
        assert_eq!((failed.ms, failed.charges.len()), (None, 1));
    }

    #[test]
    fn what_a_limit_held_is_no_latency() {
        let meter = meter(&[call(Traffic::Live, None)]);
        let elapsed = Duration::from_millis(100);
        assert_eq!(unheld(elapsed, &meter), Duration::from_millis(70));
    }
}
