use super::{check_texts, drawn, elements, systems_with};
use crate::results::fake::{results, system, twenty};
use crate::{Kind, Look, Results, draw, why_none};

#[test]
fn twenty_systems_with_long_names_stay_readable() {
    let results = twenty();
    let drawings = drawn(Kind::Pareto, &results);
    let names: Vec<&str> = drawings.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["pareto-tokens", "pareto-p95"]);
    for drawing in &drawings {
        check_texts(drawing);
        let all: Vec<usize> = (0..20).collect();
        for class in ["interval", "mark", "label"] {
            assert_eq!(systems_with(drawing, class), all, "{class}");
        }
        // The whole name is told where the label is cut.
        assert!(drawing.svg.contains("context.max-tokens=19: "));
        assert!(drawing.alt.contains("retriever.k=19"));
    }
}

#[test]
fn twenty_systems_on_one_point_stay_readable() {
    let names = (0..20).map(|at| format!("a-variant-with-a-long-name,retriever.k={at},rrf"));
    let systems = names
        .map(|name| system(&name, |_| (Some(0.5), Some(1_000), Some(2.0))))
        .collect();
    for drawing in drawn(Kind::Pareto, &results(systems)) {
        check_texts(&drawing);
        assert_eq!(systems_with(&drawing, "label").len(), 20);
        // All on the front, in every resample.
        assert!(
            drawing.alt.contains("rrf: 50.0 [50.0, 50.0]"),
            "{}",
            drawing.alt
        );
        assert!(!drawing.alt.contains("front in 0 %"));
    }
}

/// Centre of the first mark of a system: y of the interval's horizontal line, x of its vertical one.
fn centre(drawing: &crate::Drawing, system: usize) -> (f64, f64) {
    let elements = elements(&drawing.svg);
    let lines: Vec<_> = elements
        .iter()
        .filter(|one| one.class == "interval" && one.system == Some(system) && one.tag == "line")
        .collect();
    // Upright line, its ends, line across, its ends.
    (lines[0].number("x1"), lines[3].number("y1"))
}

fn three() -> Results {
    // Cheap and poor, dear and good, dearer and worse.
    results(vec![
        system("poor", |at| {
            (Some(f64::from(u8::from(at % 5 == 0))), Some(100), Some(0.1))
        }),
        system("good", |at| {
            (
                Some(f64::from(u8::from(at % 5 != 0))),
                Some(1_000),
                Some(3.0),
            )
        }),
        system("worse", |at| {
            (
                Some(f64::from(u8::from(at % 5 > 1))),
                Some(4_000),
                Some(9.0),
            )
        }),
    ])
}

#[test]
fn better_is_higher_and_dearer_is_farther_right() {
    for drawing in drawn(Kind::Pareto, &three()) {
        let [poor, good, worse] = [0, 1, 2].map(|system| centre(&drawing, system));
        assert!(
            good.1 < worse.1 && worse.1 < poor.1,
            "{good:?} {worse:?} {poor:?}"
        );
        assert!(
            poor.0 < good.0 && good.0 < worse.0,
            "{good:?} {worse:?} {poor:?}"
        );
        check_texts(&drawing);
    }
}

#[test]
fn who_is_dominated_is_grey_and_says_how_often() {
    let drawing = &drawn(Kind::Pareto, &three())[0];
    let labels: Vec<(usize, String, String)> = elements(&drawing.svg)
        .into_iter()
        .filter(|one| one.class == "label" && one.tag == "text")
        .map(|one| {
            (
                one.system.unwrap(),
                one.text,
                one.attributes["fill"].clone(),
            )
        })
        .collect();
    assert_eq!(labels[0].1, "poor · 100 %");
    assert_eq!(labels[1].1, "good · 100 %");
    assert!(labels[2].1.starts_with("worse · "), "{labels:?}");
    assert_ne!(labels[1].2, labels[2].2);
    let fills = |system: usize| -> Vec<String> {
        let all = elements(&drawing.svg).into_iter();
        all.filter(|one| one.class == "mark" && one.system == Some(system))
            .filter_map(|one| one.attributes.get("fill").cloned())
            .collect()
    };
    assert_eq!(fills(1), [crate::colour(1)]);
    // A grey ring around paper.
    assert_eq!(fills(2).len(), 2);
    assert!(!fills(2).contains(&crate::colour(2)));
}

#[test]
fn one_system_values_all_equal_and_values_missing_are_drawn() {
    let one = results(vec![system("alone", |_| (Some(0.0), Some(0), Some(0.0)))]);
    for drawing in drawn(Kind::Pareto, &one) {
        check_texts(&drawing);
        assert_eq!(systems_with(&drawing, "interval"), [0]);
    }
    let some = results(vec![
        system("all", |_| (Some(0.4), Some(100), None)),
        system("no-score", |_| (None, Some(100), Some(1.0))),
        system("no-tokens", |_| (Some(0.2), None, Some(1.0))),
    ]);
    let drawings = drawn(Kind::Pareto, &some);
    assert_eq!(systems_with(&drawings[0], "mark"), [0]);
    assert_eq!(systems_with(&drawings[1], "mark"), [2]);
    let note = drawings[0].notes.join("\n");
    assert!(note.contains("no-score, no-tokens"), "{note}");
    let none = results(vec![system("nothing", |_| (Some(0.4), None, None))]);
    assert!(drawn(Kind::Pareto, &none).is_empty());
    let why = why_none(Kind::Pareto, &none).unwrap();
    assert!(why.contains("no arm has f1.locomo together with"), "{why}");
}

#[test]
fn the_front_rises_from_left_to_right() {
    let drawing = &drawn(Kind::Pareto, &three())[0];
    let front = elements(&drawing.svg)
        .into_iter()
        .find(|one| one.class == "front" && one.tag == "polyline")
        .unwrap();
    let points: Vec<(f64, f64)> = front.attributes["points"]
        .split_whitespace()
        .map(|point| {
            let (x, y) = point.split_once(',').unwrap();
            (x.parse().unwrap(), y.parse().unwrap())
        })
        .collect();
    assert!(points.len() >= 5);
    for pair in points.windows(2) {
        assert!(
            pair[0].0 <= pair[1].0 && pair[0].1 >= pair[1].1,
            "{points:?}"
        );
    }
}

#[test]
fn the_same_runs_give_the_same_bytes() {
    for look in [Look::File, Look::Page] {
        let draw = || -> Vec<String> {
            let drawings = draw(Kind::Pareto, &twenty(), look).unwrap();
            drawings.into_iter().map(|one| one.svg).collect()
        };
        assert_eq!(draw(), draw());
    }
}
