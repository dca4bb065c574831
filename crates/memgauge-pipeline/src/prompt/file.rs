//! What a prompt file looks like.

use memgauge_core::ChatRole;

/// One message of a prompt file, not rendered yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Section<'a> {
    pub(super) role: ChatRole,
    /// Number, from 1, of the first line of the text.
    pub(super) line: usize,
    pub(super) text: &'a str,
}

/// The messages of a prompt file, in order.
///
/// # Errors
/// What is wrong and in which line.
pub(super) fn sections(text: &str) -> Result<Vec<Section<'_>>, (usize, String)> {
    let mut sections: Vec<Section<'_>> = Vec::new();
    let mut at = 0;
    for (line, number) in text.split_inclusive('\n').zip(1..) {
        let start = at;
        at += line.len();
        let Some(role) = marker(line) else { continue };
        let role = match role {
            "system" => ChatRole::System,
            "user" => ChatRole::User,
            "assistant" => ChatRole::Assistant,
            other => {
                return Err((
                    number,
                    format!("unknown role `{other}` (known: system, user, assistant)"),
                ));
            }
        };
        close(text, &mut sections, start);
        sections.push(Section {
            role,
            line: number + 1,
            text: text.get(at..).unwrap_or_default(),
        });
    }
    if sections.is_empty() {
        return Err((
            1,
            "no line `--- system ---` or `--- user ---` says where a message begins".to_owned(),
        ));
    }
    Ok(sections)
}

/// Ends the last section before byte `end` of the file.
fn close(text: &str, sections: &mut [Section<'_>], end: usize) {
    if let Some(last) = sections.last_mut() {
        let beyond = text.len() - end;
        let length = last.text.len().saturating_sub(beyond);
        last.text = last.text.get(..length).unwrap_or_default();
    }
}

/// The role in a line `--- role ---`.
fn marker(line: &str) -> Option<&str> {
    let role = line
        .trim_end()
        .strip_prefix("--- ")?
        .strip_suffix(" ---")?
        .trim();
    let is_word = !role.is_empty() && role.bytes().all(|byte| byte.is_ascii_alphabetic());
    is_word.then_some(role)
}
