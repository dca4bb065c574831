//! Turn ids as people and models write them.

use memgauge_core::TurnId;

/// What a string of ids was read as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reading {
    /// The ids in the order in which they stand.
    pub read: Vec<TurnId>,
    /// The parts that are no id.
    pub unread: Vec<String>,
    /// Whether the string is exactly one id as the format writes it.
    pub well_formed: bool,
}

/// Reads `D8:6; D9:17`, `D9:1 D4:4`, `D26:14, D26:34`, `D:11:26` and `D30:05`.
pub(crate) fn read(written: &str) -> Reading {
    let mut reading = Reading {
        read: Vec::new(),
        unread: Vec::new(),
        well_formed: false,
    };
    let separator = |c: char| c.is_whitespace() || matches!(c, ',' | ';');
    for part in written.split(separator).filter(|part| !part.is_empty()) {
        // `D:11:26`: a colon too many after the letter.
        let id = match part.strip_prefix("D:") {
            Some(rest) => format!("D{rest}").parse(),
            None => part.parse::<TurnId>(),
        };
        match id {
            Ok(id) => reading.read.push(id),
            Err(_) => reading.unread.push(part.to_owned()),
        }
    }
    if let [id] = reading.read.as_slice() {
        reading.well_formed = id.to_string() == written;
    }
    reading
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(written: &str) -> (Vec<String>, Vec<String>, bool) {
        let reading = read(written);
        (
            reading.read.iter().map(ToString::to_string).collect(),
            reading.unread,
            reading.well_formed,
        )
    }

    fn case(written: &str, read: &[&str], unread: &[&str], well_formed: bool) {
        let owned = |texts: &[&str]| {
            texts
                .iter()
                .map(|&text| text.to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            ids(written),
            (owned(read), owned(unread), well_formed),
            "{written}"
        );
    }

    #[test]
    fn ids_are_read_from_every_form_that_occurs() {
        case("D1:3", &["D1:3"], &[], true);
        case("D30:05", &["D30:5"], &[], false);
        case(" D1:3", &["D1:3"], &[], false);
        case("D8:6; D9:17", &["D8:6", "D9:17"], &[], false);
        case("D9:1 D4:4 D4:6", &["D9:1", "D4:4", "D4:6"], &[], false);
        case("D26:14, D26:34", &["D26:14", "D26:34"], &[], false);
        case("D:11:26", &["D11:26"], &[], false);
        case("D", &[], &["D"], false);
        case("D1:3 and D", &["D1:3"], &["and", "D"], false);
        case("", &[], &[], false);
    }
}
