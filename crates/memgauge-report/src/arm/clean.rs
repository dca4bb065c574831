//! Arms without the questions whose key is wrong.

use memgauge_dataset::Errata;

use super::Arm;

/// Leaves out the answers to questions whose published answer the errata call wrong; the key of the arms
/// says so. Arms of another dataset than that of the errata stay as they are.
pub fn keep_clean(arms: &mut [Arm], errata: &Errata) {
    for arm in arms {
        if arm.facts.dataset.content == errata.dataset {
            arm.answers
                .retain(|(question, _), _| !errata.corrupts(question));
            let digest = errata.digest.get(..16).unwrap_or(&errata.digest);
            arm.facts.key = format!("published, clean of {digest}");
        }
    }
}

#[cfg(test)]
mod tests {
    use memgauge_dataset::{Erratum, ErratumKind};

    use super::*;
    use crate::arm::fake::{FakeRun, read};

    #[test]
    fn only_answers_to_questions_with_a_right_key_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run");
        let mut run = FakeRun::new("run", &[("a", false)]);
        for question in ["x/q0", "x/q1", "x/q2"] {
            run.answer("a", question, 4, Some(0.5), &[]);
        }
        run.write(&path);
        let erratum = |id: &str, kind| Erratum {
            id: id.parse().unwrap(),
            kind,
            answer: None,
            evidence: None,
            source: "us".to_owned(),
            licence: None,
        };
        let rows = [
            erratum("x/q1", ErratumKind::Temporal),
            erratum("x/q2", ErratumKind::WrongCitation),
        ];
        let mut errata = Errata {
            source: "us".to_owned(),
            licence: None,
            dataset: "c".to_owned(),
            digest: "51ab".to_owned(),
            errata: rows.into_iter().map(|row| (row.id.clone(), row)).collect(),
            findings: Vec::new(),
        };
        let mut arms = read(&[path.display().to_string()]);
        keep_clean(&mut arms, &errata);
        let left: Vec<String> = arms[0]
            .answers
            .keys()
            .map(|(id, _)| id.to_string())
            .collect();
        assert_eq!(left, ["x/q0", "x/q2"]);
        assert_eq!(arms[0].facts.key, "published, clean of 51ab");

        errata.dataset = "another".to_owned();
        let mut arms = read(&[path.display().to_string()]);
        keep_clean(&mut arms, &errata);
        assert_eq!(
            (arms[0].answers.len(), arms[0].facts.key.as_str()),
            (3, "published")
        );
    }
}
