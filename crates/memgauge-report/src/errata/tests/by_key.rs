use super::*;
use crate::arm::{Key, KeyedArms, Selection, arms};
use crate::rank::{RankOptions, rank_by_key};
use crate::rescore::rescore_by_key;
use crate::surrogate::{Answered, Surrogate};
use crate::table::{Style, answers_by_key, errata_note, ranking as ranking_table};

#[test]
fn j_is_estimated_under_every_key_and_stands_apart_from_j() {
    let dataset = dataset();
    let errata = overlay(&dataset);
    let (_folder, dir) = run(&dataset, ["red", "dark teal", "x", "grey"], LABELS);
    let model = Surrogate::built_in().unwrap();
    // Letters as a vector: enough to tell texts apart.
    let embed = |text: &str| -> Vec<f32> {
        let mut vector = vec![0.0; 26];
        for letter in text.bytes().filter(u8::is_ascii_lowercase) {
            vector[usize::from(letter - b'a')] += 1.0_f32;
        }
        let norm = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
        vector.into_iter().map(|x| x / norm.max(1.0)).collect()
    };
    let estimate = |index: usize, gold: &str, answer: &str| {
        let item = &dataset.conversations[0].items[index];
        let answered = Answered {
            category: item.key.category,
            question: &item.question.text,
            gold,
            answer,
        };
        model.estimate(answered, &embed).unwrap()
    };
    let right = [
        estimate(0, "red", "red"),
        estimate(2, "green", "x"),
        estimate(3, "grey", "grey"),
    ];
    let clean: f64 = right.iter().sum();
    let published = estimate(1, "blue", "dark teal");
    let corrected = estimate(1, "dark teal", "dark teal");
    assert!(corrected > published + 0.1);

    let options = ErrataOptions {
        bootstrap: Bootstrap {
            resamples: 50,
            ..Bootstrap::default()
        },
        estimator: Some(Estimator {
            model: &model,
            embed: &embed,
        }),
        ..ErrataOptions::default()
    };
    let found = errata_summary(&dir, &dir.manifest().unwrap(), &errata, &options).unwrap();
    let arm = &found.variants[0];
    let expected = [
        (4, (clean + published) / 4.0),
        (4, (clean + corrected) / 4.0),
        (3, clean / 3.0),
        (1, published),
    ];
    for (found, (n, mean)) in means(arm.j_estimated.as_ref().unwrap())
        .iter()
        .zip(expected)
    {
        let found = found.unwrap();
        assert_eq!(found.0, n);
        assert!((found.1 - mean).abs() < 1e-12, "{found:?} {mean}");
    }
    // An estimate never fills the place of a label.
    assert_eq!(means(&arm.metrics["j"])[1], None);
    let by = found.estimated_by.clone().unwrap();
    assert_eq!(
        (&by.model, by.held_out),
        (&model.digest(), model.held_out_means())
    );
    let tables = answers_by_key(&found);
    let heads: Vec<&str> = tables.iter().map(|table| table.head[0].as_str()).collect();
    assert_eq!(heads[..2], ["j by key", "J~ by key"]);
    let note = errata_note(&found);
    let held_out = model.held_out_means().unwrap();
    for share in [held_out.agreement, held_out.majority] {
        let told = format!("{:.1} %", 100.0 * share);
        assert!(note.contains(&told), "{note}");
    }
    assert!(note.contains("not J"), "{note}");

    let without = summed(&dir, &errata);
    assert!(without.variants[0].j_estimated.is_none() && without.estimated_by.is_none());
    assert!(!errata_note(&without).contains("J~"));
}

#[test]
fn what_is_stored_wrong_is_computed_again() {
    let dataset = dataset();
    let errata = overlay(&dataset);
    let (_folder, dir) = run(&dataset, ["red", "dark teal", "x", "grey"], LABELS);
    let mut records: Vec<QuestionRecord> = Vec::new();
    dir.records(|record| records.push(record)).unwrap();
    for record in &mut records {
        record.scores = None;
    }
    std::fs::remove_file(dir.file(files::RECORDS)).unwrap();
    dir.appender(files::RECORDS)
        .unwrap()
        .append(&records)
        .unwrap();
    let manifest = dir.manifest().unwrap();
    let stored = summed(&dir, &errata);
    assert_eq!(means(&stored.variants[0].metrics["f1.set"])[0], None);
    let found = rescore_by_key(&dir, &manifest, &errata, Bootstrap::default()).unwrap();
    assert_eq!(
        means(&found.variants[0].metrics["f1.set"]),
        [
            Some((4, 0.5)),
            Some((4, 0.75)),
            Some((3, 2.0 / 3.0)),
            Some((1, 0.0))
        ]
    );
    let metrics: Vec<&String> = found.variants[0].metrics.keys().collect();
    assert_eq!(metrics, ["bleu1", "exact", "f1.locomo", "f1.set"]);
    assert_eq!(found.ceiling.get("j", "1-4"), None);
}

#[test]
fn arms_stand_under_every_key_and_one_of_them_decides() {
    let dataset = dataset();
    let (_folder, dir) = run(&dataset, ["red", "dark teal", "x", "grey"], LABELS);
    let text = dir.path().display().to_string();
    let ranked = |key: Key, metric: &str| {
        let arms = arms(&[Selection::parse(&text).unwrap()]).unwrap();
        let keyed = KeyedArms::new(arms, overlay(&dataset), &dataset, None).unwrap();
        let options = RankOptions {
            metric: Some(metric.to_owned()),
            bootstrap: Bootstrap {
                resamples: 50,
                ..Bootstrap::default()
            },
            ..RankOptions::default()
        };
        rank_by_key(&keyed, key, &options).map(|ranking| {
            let errata = ranking.groups[0].errata.clone().unwrap();
            (ranking, errata)
        })
    };
    let (ranking, by_key) = ranked(Key::Clean, "f1.set").unwrap();
    let first = |means: &[Option<Mean>]| means[0].map(|mean| (mean.n, mean.mean));
    let arm = &by_key.arms[0];
    assert_eq!(
        [&arm.published, &arm.corrected, &arm.clean].map(|means| first(means)),
        [Some((4, 0.5)), Some((4, 0.75)), Some((3, 2.0 / 3.0))]
    );
    let row = &ranking.groups[0].rows[0];
    assert_eq!(
        (row.asked, row.key.as_str()),
        (3, "published, clean subset")
    );
    assert_eq!(first(&row.means), first(&arm.clean));
    assert_eq!((by_key.ceiling[0], arm.ceiling[0]), (Some(1.0), Some(0.75)));
    assert_eq!(by_key.ceiling[2], None, "no temporal question");
    assert_eq!(
        (
            by_key.overlay.questions["1-4"],
            by_key.overlay.corrupt["1-4"]
        ),
        (4, 1)
    );

    // J has no value under the corrected key until somebody judges it, and then only a whole one.
    let (_, by_key) = ranked(Key::Published, "j").unwrap();
    assert_eq!(by_key.arms[0].corrected[0], None);
    assert_eq!(by_key.ceiling[0], Some(0.75));
    let error = ranked(Key::Corrected, "j").unwrap_err().to_string();
    assert!(
        error.contains("has no j; every arm has: f1.locomo"),
        "{error}"
    );
    let errata = overlay(&dataset);
    let mut file = dir.appender(&corrected_file("z")).unwrap();
    file.append(&[corrected(0, Some(true), "own", &errata)])
        .unwrap();
    let (ranking, by_key) = ranked(Key::Corrected, "j").unwrap();
    assert_eq!(first(&by_key.arms[0].corrected), Some((4, 0.75)));
    assert_eq!(ranking.groups[0].rows[0].key, "corrected");

    // A score above the ceiling is marked, where the published key decides; text and Markdown alike.
    let (_folder, dir) = run(&dataset, ["red", "blue", "green", "grey"], LABELS);
    let text = dir.path().display().to_string();
    let arms = arms(&[Selection::parse(&text).unwrap()]).unwrap();
    let keyed = KeyedArms::new(arms, overlay(&dataset), &dataset, None).unwrap();
    let options = RankOptions {
        metric: Some("f1.set".to_owned()),
        ..RankOptions::default()
    };
    let told = |key| ranking_table(&rank_by_key(&keyed, key, &options).unwrap(), Style::Text);
    let line = |text: &str, begin: &str| -> String {
        let line = text.lines().find(|line| line.starts_with(begin));
        line.unwrap_or_else(|| panic!("{begin} in {text}"))
            .to_owned()
    };
    let published = told(Key::Published);
    assert!(
        line(&published, "1 ").contains("100.0 [100.0, 100.0] !"),
        "{published}"
    );
    assert!(
        line(&published, "–     ceiling (errata)").contains("75.00"),
        "{published}"
    );
    assert!(
        published.contains("Errata of us (terms not told), fingerprint"),
        "{published}"
    );
    let clean = told(Key::Clean);
    assert!(!line(&clean, "1 ").contains('!'), "{clean}");
    assert!(
        line(&clean, "ceiling (errata)").contains("75.00"),
        "{clean}"
    );
}
