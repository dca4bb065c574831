//! Where a dataset's file is looked for.

use std::path::PathBuf;

use crate::DatasetError;

/// The datasets that have a name: `locomo`, and `sample`, memgauge's own small conversations.
pub const DATASETS: &[&str] = &["locomo", "sample"];

/// The file of `sample`, which every build of memgauge carries: three small conversations, CC0 1.0.
pub const SAMPLE: &str = include_str!("../../../datasets/sample/sample.json");

/// The places in which a dataset may be, all given by the caller, looked through in this order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SearchPlaces {
    /// A file that the user named. If it is given, nothing else is looked at.
    pub explicit: Option<PathBuf>,
    /// The folder in `MEMGAUGE_DATA`: holds `datasets/locomo10.json` or `locomo10.json`.
    pub data_folder: Option<PathBuf>,
    /// Root of the project: holds `datasets/`.
    pub project: Option<PathBuf>,
    /// The user's cache folder for memgauge, into which `memgauge dataset fetch` writes.
    pub cache: Option<PathBuf>,
}

/// The file of a dataset, by its name.
///
/// # Errors
/// When no dataset has the name, or its file is in none of the places: the error lists them and
/// says what to do.
pub fn resolve(name: &str, places: &SearchPlaces) -> Result<PathBuf, DatasetError> {
    if let Some(explicit) = &places.explicit {
        return first(name, vec![explicit.clone()], || {
            if explicit.is_dir() {
                "this is a folder, expected the path of a JSON file".to_owned()
            } else {
                "expected the path of a JSON file in LOCOMO's format".to_owned()
            }
        });
    }
    let file = match name {
        "locomo" => "locomo10.json",
        "sample" => "sample/sample.json",
        _ => {
            return Err(DatasetError::UnknownName {
                name: name.to_owned(),
                known: DATASETS.to_vec(),
            });
        }
    };
    let both = |folder: &PathBuf| [folder.join("datasets").join(file), folder.join(file)];
    let mut candidates: Vec<PathBuf> = Vec::new();
    candidates.extend(places.data_folder.iter().flat_map(both));
    let project = places.project.iter();
    candidates.extend(project.map(|project| project.join("datasets").join(file)));
    candidates.extend(places.cache.iter().flat_map(both));
    first(name, candidates, || match name {
        "sample" => "memgauge carries it: write it with `memgauge dataset fetch sample`".to_owned(),
        _ => format!(
            "run `memgauge dataset fetch {name}`, put the file at datasets/{file}, or set \
             MEMGAUGE_DATA to the folder that holds it"
        ),
    })
}

fn first(
    name: &str,
    candidates: Vec<PathBuf>,
    hint: impl Fn() -> String,
) -> Result<PathBuf, DatasetError> {
    match candidates.iter().find(|path| path.is_file()) {
        Some(path) => Ok(path.clone()),
        None => Err(DatasetError::NotFound {
            name: name.to_owned(),
            hint: hint(),
            places: candidates,
        }),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn put(path: PathBuf) -> PathBuf {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "[]").unwrap();
        path
    }

    #[test]
    fn places_are_looked_through_in_order() {
        let root = tempfile::tempdir().unwrap();
        let places = SearchPlaces {
            explicit: None,
            data_folder: Some(root.path().join("data")),
            project: Some(root.path().join("project")),
            cache: Some(root.path().join("cache")),
        };
        let find = |name: &str| resolve(name, &places);
        let error = find("locomo").unwrap_err().to_string();
        for part in [
            "data/datasets/locomo10.json",
            "data/locomo10.json",
            "project/datasets/locomo10.json",
            "cache/locomo10.json",
            "memgauge dataset fetch locomo",
            "MEMGAUGE_DATA",
        ] {
            assert!(error.contains(part), "{part} in {error}");
        }

        let later_first = [
            "cache/locomo10.json",
            "project/datasets/locomo10.json",
            "data/locomo10.json",
            "data/datasets/locomo10.json",
        ];
        for file in later_first {
            let path = put(root.path().join(file));
            assert_eq!(find("locomo").unwrap(), path);
        }

        assert!(
            find("sample")
                .unwrap_err()
                .to_string()
                .contains("fetch sample")
        );
        let path = put(root.path().join("project/datasets/sample/sample.json"));
        assert_eq!(find("sample").unwrap(), path);
        let error = find("locmo").unwrap_err().to_string();
        assert!(error.contains("`locomo`, `sample`"), "{error}");
    }

    #[test]
    fn an_explicit_path_is_the_only_place() {
        let root = tempfile::tempdir().unwrap();
        put(root.path().join("datasets/locomo10.json"));
        let places = |explicit: PathBuf| SearchPlaces {
            explicit: Some(explicit),
            project: Some(root.path().to_owned()),
            ..SearchPlaces::default()
        };
        let missing = root.path().join("other.json");
        let error = resolve("locomo", &places(missing)).unwrap_err().to_string();
        assert!(error.contains("other.json"), "{error}");
        assert!(!error.contains("locomo10.json"), "{error}");
        let folder = resolve("locomo", &places(root.path().to_owned())).unwrap_err();
        assert!(folder.to_string().contains("folder"), "{folder}");
        let mine = put(root.path().join("mine.json"));
        assert_eq!(resolve("locomo", &places(mine.clone())).unwrap(), mine);
    }
}
