use std::collections::{BTreeMap, BTreeSet};

use memgauge_report::arm::JudgeFacts;
use memgauge_report::errata::Ceiling;
use memgauge_report::history::{History, HistoryEntry, HistoryPoint, HistorySeries};
use memgauge_report::loss::{LossStage, LossSummary, Needs};

use super::{check_texts, drawn, elements, systems_with};
use crate::results::fake::{lose, results, system, twenty};
use crate::{Drawing, Kind, Look, Results, Theme, draw, png, properties, trend, why_none};

/// Kinds that need nothing but answers and timings.
const PLAIN: [Kind; 5] = [
    Kind::Pareto,
    Kind::Category,
    Kind::Latency,
    Kind::Ablation,
    Kind::Tokens,
];

/// A loss of every stage.
fn loss(right: u64) -> LossSummary {
    let stages =
        LossStage::ALL.map(|stage| (stage, if stage == LossStage::Right { right } else { 2 }));
    LossSummary {
        metric: "f1.locomo".to_owned(),
        threshold: 0.5,
        needs: Needs::Every,
        second: Vec::new(),
        errata: None,
        slices: BTreeMap::from([("1-4".to_owned(), BTreeMap::from(stages))]),
    }
}

fn lost() -> Results {
    let mut results = twenty();
    for (system, right) in results.systems.iter_mut().zip(10..) {
        lose(system, loss(right));
    }
    results
}

#[test]
fn twenty_systems_with_long_names_stay_readable() {
    let results = lost();
    for kind in PLAIN.into_iter().chain([Kind::Waterfall]) {
        let drawings = drawn(kind, &results);
        assert!(!drawings.is_empty(), "{kind}");
        for drawing in drawings {
            check_texts(&drawing);
            // An arm has no difference to itself.
            let first = usize::from(kind == Kind::Ablation);
            let all: Vec<usize> = (first..20).collect();
            assert_eq!(systems_with(&drawing, "interval"), all, "{kind}");
        }
    }
}

#[test]
fn text_from_data_stays_text() {
    let hostile = "<script>alert('x')</script>\" onload=\"x & y\u{0}\u{1b}[31m";
    let mut results = results(vec![
        system(hostile, |_| (Some(0.4), Some(100), Some(1.0))),
        system("]]><!--", |at| {
            (Some(at as f64 / 40.0), Some(200), Some(2.0))
        }),
    ]);
    for system in &mut results.systems {
        lose(system, loss(3));
    }
    for look in [Look::File, Look::Page] {
        for kind in PLAIN.into_iter().chain([Kind::Waterfall]) {
            for drawing in draw(kind, &results, look).unwrap() {
                assert!(!drawing.svg.contains("<script"), "{kind}");
                assert!(!drawing.svg.contains('\u{0}') && !drawing.svg.contains('\u{1b}'));
                // Reading it back checks that it is well formed.
                let elements = elements(&drawing.svg);
                let names: BTreeSet<&str> = elements.iter().map(|one| one.tag.as_str()).collect();
                let known = BTreeSet::from([
                    "svg", "title", "desc", "g", "text", "line", "rect", "circle", "polyline",
                    "polygon",
                ]);
                assert!(names.is_subset(&known), "{names:?}");
                assert!(
                    elements
                        .iter()
                        .all(|one| !one.attributes.contains_key("onload"))
                );
                let told = elements
                    .iter()
                    .any(|one| one.text.contains("<script>alert('x')"));
                assert!(told || kind == Kind::Ablation, "{kind}");
            }
        }
    }
}

#[test]
fn a_page_rules_the_colours() {
    let known: BTreeSet<String> = properties(Theme::Dark)
        .into_iter()
        .map(|(name, _)| format!("var({name})"))
        .collect();
    let results = lost();
    for kind in PLAIN.into_iter().chain([Kind::Waterfall]) {
        for drawing in draw(kind, &results, Look::Page).unwrap() {
            let elements = elements(&drawing.svg);
            let root = &elements[0];
            assert!(
                !root.attributes.contains_key("width") && root.attributes.contains_key("viewBox")
            );
            assert_eq!(root.attributes["role"], "img");
            for one in &elements {
                assert!(!one.attributes.contains_key("id"));
                for key in ["fill", "stroke"] {
                    let colour = one.attributes.get(key).map_or("none", String::as_str);
                    assert!(
                        colour == "none" || known.contains(colour),
                        "{kind}: {colour}"
                    );
                }
            }
            let whole = elements
                .iter()
                .find(|one| one.tag == "rect" && one.class.is_empty());
            assert!(whole.is_none(), "a background");
        }
    }
}

#[test]
fn a_system_has_the_same_colour_everywhere() {
    let results = twenty();
    for drawing in [
        drawn(Kind::Category, &results),
        drawn(Kind::Latency, &results),
    ]
    .concat()
    {
        for one in elements(&drawing.svg) {
            let (Some(system), true) = (one.system, one.class == "interval") else {
                continue;
            };
            assert_eq!(one.attributes["stroke"], crate::colour(system));
        }
    }
}

#[test]
fn a_pareto_plot_has_the_ceiling_and_flags_what_is_above() {
    let at_half = |at: usize| {
        (
            Some(f64::from(u8::from(at.is_multiple_of(2)))),
            Some(100),
            None,
        )
    };
    let mut results = results(vec![
        system("honest", at_half),
        system("lucky", |_| (Some(1.0), Some(200), None)),
    ]);
    let mut drawing = |best: f64| {
        let slices = BTreeMap::from([("1-4".to_owned(), best)]);
        let ceiling = Ceiling(BTreeMap::from([("f1.locomo".to_owned(), slices)]));
        for system in &mut results.systems {
            system.ceiling = Some(ceiling.clone());
        }
        let drawing = drawn(Kind::Pareto, &results).remove(0);
        check_texts(&drawing);
        drawing.svg
    };
    let svg = drawing(0.8);
    assert!(
        svg.contains("ceiling 80.0") && svg.contains("lucky ! ·"),
        "{svg}"
    );
    assert!(!svg.contains("honest ! ·"));
    // What lies beyond the drawing is told below it.
    assert!(drawing(1.2).contains("(120.0, above the drawing)"));
}

#[test]
fn labels_of_other_judges_are_said_to_be_no_comparison() {
    let judged = |label: &str, prompt: Option<&str>| {
        let mut system = system(label, |_| (Some(0.5), Some(100), None));
        system.arm.dir = label.into();
        system.arm.facts.judge = Some(JudgeFacts {
            digest: None,
            model: Some("m".to_owned()),
            served_by: Vec::new(),
            prompt: None,
            prompt_digest: prompt.map(str::to_owned),
            settings: None,
        });
        for answer in system.arm.answers.values_mut() {
            answer.judge = Some(1.0);
        }
        system
    };
    let says = |one: Option<&str>, other: Option<&str>| {
        let results = results(vec![judged("a", one), judged("b", other)]);
        let svg = drawn(Kind::Category, &results).remove(0).svg;
        svg.contains("J of other judges")
    };
    assert!(!says(Some("p"), Some("p")));
    assert!(says(Some("p"), Some("q")));
    assert!(says(None, None), "nobody knows that it is one judge");
}

#[test]
fn what_is_above_the_ceiling_is_marked() {
    let mut results = results(vec![
        system("honest", |at| {
            (Some(f64::from(u8::from(at % 2 == 0))), None, None)
        }),
        system("lucky", |_| (Some(1.0), None, None)),
    ]);
    let slices = ["1-4", "multi-hop"].map(|slice| (slice.to_owned(), 0.9));
    let ceiling = Ceiling(BTreeMap::from([(
        "f1.locomo".to_owned(),
        BTreeMap::from(slices),
    )]));
    for system in &mut results.systems {
        system.ceiling = Some(ceiling.clone());
    }
    let drawing = &drawn(Kind::Category, &results)[0];
    let elements = elements(&drawing.svg);
    let marked: Vec<Option<usize>> = elements
        .iter()
        .filter(|one| one.class == "mark" && one.text == "!")
        .map(|one| one.system)
        .collect();
    assert_eq!(marked, [Some(1), Some(1)]);
    let told = elements
        .iter()
        .filter(|one| one.class == "ceiling" && one.text == "ceiling 90.0");
    assert_eq!(told.count(), 2);
    assert!(
        drawing
            .notes
            .iter()
            .any(|note| note.contains("lucky in categories 1-4, lucky in multi-hop"))
    );
    let paper = Results {
        names: memgauge_core::CategoryNames::Mem0Paper,
        ..results
    };
    let drawing = &drawn(Kind::Category, &paper)[0];
    assert!(
        drawing
            .notes
            .iter()
            .any(|note| note.contains("lucky in single-hop"))
    );
}

#[test]
fn parts_of_a_bar_have_the_length_of_their_share() {
    let mut results = results(vec![system("arm", |at| {
        (Some(f64::from(u8::from(at % 5 == 1))), None, None)
    })]);
    results.systems[0].loss = Some(loss(20));
    let drawing = &drawn(Kind::Waterfall, &results)[0];
    let parts: Vec<f64> = elements(&drawing.svg)
        .iter()
        .filter(|one| one.class == "part" && one.tag == "rect")
        .map(|one| one.number("width"))
        .collect();
    // Twenty of forty are right, two at each of ten stages: half the bar, and a tenth of that each.
    assert_eq!(parts.len(), 11);
    for part in &parts[1..] {
        assert!((parts[0] / part - 10.0).abs() < 0.7, "{parts:?}");
    }
}

#[test]
fn differences_are_to_the_base_of_the_sweep() {
    let at_level =
        |level: usize| move |at: usize| (Some(f64::from(u8::from(at % 10 < level))), None, None);
    let mut results = results(vec![
        system("base,k=5", at_level(3)),
        system("base", at_level(5)),
        system("base,k=50", at_level(9)),
    ]);
    for at in [0, 2] {
        results.systems[at].base = Some("base".to_owned());
    }
    let drawing = &drawn(Kind::Ablation, &results)[0];
    assert!(
        drawing.alt.contains("the reference is base."),
        "{}",
        drawing.alt
    );
    assert_eq!(systems_with(drawing, "interval"), [0, 2]);
    let line = |system: usize| {
        let all = elements(&drawing.svg);
        let found = all
            .iter()
            .find(|one| one.class == "interval" && one.system == Some(system));
        found.map(|one| one.number("x1")).unwrap()
    };
    assert!(line(0) < line(2));
    let alone = results_of_one();
    assert!(
        why_none(Kind::Ablation, &alone)
            .unwrap()
            .contains("two arms")
    );
}

fn results_of_one() -> Results {
    results(vec![system("alone", |_| (Some(0.5), None, None))])
}

#[test]
fn what_the_runs_do_not_hold_is_told() {
    let results = results_of_one();
    for kind in [
        Kind::Latency,
        Kind::Tokens,
        Kind::Waterfall,
        Kind::IndexError,
        Kind::Trend,
    ] {
        assert!(drawn(kind, &results).is_empty());
        assert!(why_none(kind, &results).is_some(), "{kind}");
    }
    assert_eq!(why_none(Kind::Category, &results), None);
}

fn series(variant: &str, values: &[f64], change_points: &[usize]) -> HistorySeries {
    let points = values.iter().enumerate().map(|(at, value)| HistoryPoint {
        run: format!("run-{at:02}"),
        started: format!("2026-11-{:02}T10:00:00Z", at + 1),
        commit: (at != 3).then(|| format!("{at:040x}")),
        n: 10,
        value: *value,
        low: (at > 0).then_some(value - 0.02),
        high: (at > 0).then_some(value + 0.02),
    });
    HistorySeries {
        narrowed: None,
        experiment: "run".to_owned(),
        variant: variant.to_owned(),
        config: "d".to_owned(),
        dataset: "sample".to_owned(),
        content: "c".to_owned(),
        metric: "f1.locomo".to_owned(),
        machine: None,
        points: points.collect(),
        change_points: change_points.to_vec(),
    }
}

#[test]
fn a_trend_marks_where_it_changed() {
    let values: Vec<f64> = (0..28).map(|at| if at < 20 { 0.3 } else { 0.4 }).collect();
    let both = [
        series("turns", &values, &[20]),
        series("rag", &values[..10], &[]),
    ];
    let drawing = trend(&both, Look::File).unwrap().unwrap();
    check_texts(&drawing);
    assert_eq!(drawing.name, "trend-f1-locomo");
    assert_eq!(systems_with(&drawing, "change"), [0]);
    assert_eq!(systems_with(&drawing, "curve"), [0, 1]);
    let elements = elements(&drawing.svg);
    let lines = |class: &str| -> Vec<f64> {
        let all = elements.iter();
        all.filter(|one| one.class == class && one.tag == "line" && one.system == Some(0))
            .map(|one| one.number("x1"))
            .collect()
    };
    // Three strokes for each interval; the first run has none.
    assert_eq!(lines("interval").len(), 3 * 27);
    // Between the runs before and after it.
    let (change, before, after) = (
        lines("change")[0],
        lines("interval")[3 * 18],
        lines("interval")[3 * 19],
    );
    assert!(
        before < change && change < after,
        "{before} {change} {after}"
    );
    assert!(trend(&[], Look::File).unwrap().is_none());
}

#[test]
fn a_trend_of_results_is_about_their_arms() {
    let mut results = results(vec![
        system("rag", |_| (Some(0.5), None, None)),
        system("turns", |_| (Some(0.4), None, None)),
    ]);
    let line = |variant: &str, experiment: &str| -> HistoryEntry {
        serde_json::from_value(serde_json::json!({
            "schema_version": 1, "run": "r", "started": "2026-01-02T03:04:05Z", "commit": null, "tool": "0.1.0",
            "experiment": experiment, "dataset": "sample", "content": "c", "partial": false,
            "machine": {"platform": "x", "cpu": null, "cores": 1, "memory_mib": null, "build": "release"},
            "variant": variant, "config": "d", "control": false, "questions": 1, "failed": 0,
            "metrics": {"f1.locomo": {"n": 1, "value": 0.5, "low": 0.4, "high": 0.6}},
        }))
        .unwrap()
    };
    results.history = Some(History {
        entries: vec![
            line("turns", "run"),
            line("turns", "other"),
            line("mem0", "run"),
        ],
    });
    let drawing = &drawn(Kind::Trend, &results)[0];
    // In the arm's own colour.
    assert_eq!(systems_with(drawing, "mark"), [1]);
    results.history = Some(History::default());
    assert!(
        why_none(Kind::Trend, &results)
            .unwrap()
            .contains("no f1.locomo of these arms")
    );
}

#[test]
fn a_png_is_the_drawing_at_twice_its_size() {
    let folder = tempfile::tempdir().unwrap();
    let drawing: &Drawing = &drawn(Kind::Pareto, &twenty())[0];
    let read = |name: &str| {
        let path = folder.path().join(name);
        png(drawing, &path).unwrap();
        std::fs::read(&path).unwrap()
    };
    let bytes = read("one.png");
    assert_eq!(&bytes[1..4], b"PNG");
    let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    let root = &elements(&drawing.svg)[0];
    assert_eq!(f64::from(number(16)), 2.0 * root.number("width"));
    assert_eq!(f64::from(number(20)), 2.0 * root.number("height"));
    assert_eq!(bytes, read("two.png"));
    assert!(png(drawing, &folder.path().join("no/where.png")).is_err());
}
