//! Names of arms in tables: as short as they can be without being confused.

use std::collections::BTreeSet;
use std::path::Path;

/// What names an arm.
pub(super) struct Named<'a> {
    pub(super) dir: &'a Path,
    pub(super) run: &'a str,
    pub(super) variant: &'a str,
}

/// A label for each: the variant's name where all differ, otherwise `RUN:VARIANT` with the name of the experiment,
/// that of the folder, or the folder's path, whichever is the first that tells all apart.
pub(super) fn labels(arms: &[Named<'_>]) -> Vec<String> {
    let forms: [fn(&Named<'_>) -> String; 3] = [
        |arm| arm.variant.to_owned(),
        |arm| format!("{}:{}", arm.run, arm.variant),
        |arm| {
            let folder = arm.dir.file_name().unwrap_or(arm.dir.as_os_str());
            format!("{}:{}", folder.to_string_lossy(), arm.variant)
        },
    ];
    forms
        .iter()
        .map(|form| arms.iter().map(form).collect::<Vec<_>>())
        .find(|labels| labels.iter().collect::<BTreeSet<_>>().len() == labels.len())
        .unwrap_or_else(|| {
            arms.iter()
                .map(|arm| format!("{}:{}", arm.dir.display(), arm.variant))
                .collect()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(arms: &[(&str, &str, &str)]) -> Vec<String> {
        let named: Vec<Named<'_>> = arms
            .iter()
            .map(|(dir, run, variant)| Named {
                dir: Path::new(dir),
                run,
                variant,
            })
            .collect();
        labels(&named)
    }

    #[test]
    fn labels_are_as_short_as_they_can_be() {
        assert_eq!(of(&[("r/1", "x", "a"), ("r/2", "x", "b")]), ["a", "b"]);
        assert_eq!(of(&[("r/1", "x", "a"), ("r/2", "y", "a")]), ["x:a", "y:a"]);
        assert_eq!(of(&[("r/1", "x", "a"), ("r/2", "x", "a")]), ["1:a", "2:a"]);
        assert_eq!(
            of(&[("r/1", "x", "a"), ("s/1", "x", "a")]),
            ["r/1:a", "s/1:a"]
        );
    }
}
