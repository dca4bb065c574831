//! Triple-quoted constants of Python files.

/// A named triple-quoted string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constant {
    /// The name that it is assigned to.
    pub name: String,
    /// Line at which the string begins, from 1.
    pub line: usize,
    /// Its value.
    pub text: String,
}

/// The triple-quoted strings of a Python file that are assigned to a name, or handed over under
/// one, in order. Docstrings have no name and are left out; so are strings joined from parts.
pub fn constants(source: &str) -> Vec<Constant> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(rest) = source.get(at..).filter(|rest| !rest.is_empty()) {
        let Some(first) = rest.chars().next() else {
            break;
        };
        match first {
            '#' => at += rest.find('\n').unwrap_or(rest.len()),
            '"' | '\'' => {
                let triple = if first == '"' { "\"\"\"" } else { "'''" };
                let before = source.get(..at).unwrap_or_default();
                let prefix = prefix(before);
                if rest.starts_with(triple) {
                    let body = rest.get(3..).unwrap_or_default();
                    let length = end_of(body, triple).unwrap_or(body.len());
                    let raw = body.get(..length).unwrap_or_default();
                    let head = before.strip_suffix(prefix).unwrap_or(before);
                    if let Some(name) = name(head) {
                        let is_raw = prefix.contains(['r', 'R']);
                        found.push(Constant {
                            name: name.to_owned(),
                            line: before.matches('\n').count() + 1,
                            text: if is_raw {
                                raw.to_owned()
                            } else {
                                unescape(raw)
                            },
                        });
                    }
                    at += 3 + length + 3;
                } else {
                    let body = rest.get(1..).unwrap_or_default();
                    let quote = if first == '"' { "\"" } else { "'" };
                    let line = body.find('\n').unwrap_or(body.len());
                    // An unclosed string ends with its line.
                    let length = end_of(body, quote).filter(|end| *end < line);
                    at += 1 + length.map_or(line, |end| end + 1);
                }
            }
            other => at += other.len_utf8(),
        }
    }
    found
}

/// The letters of a string's prefix (`r`, `f`, `rb` ..) at the end of `before`.
fn prefix(before: &str) -> &str {
    let word = before
        .rfind(|c: char| !(c.is_alphanumeric() || c == '_'))
        .map_or(before, |index| {
            let length = before
                .get(index..)
                .and_then(|rest| rest.chars().next())
                .map_or(1, char::len_utf8);
            before.get(index + length..).unwrap_or_default()
        });
    let is_prefix = word.len() <= 2 && word.chars().all(|c| "rRbBfFuU".contains(c));
    if is_prefix { word } else { "" }
}

/// Place of the first `quote` in `body` that no backslash takes its meaning from.
fn end_of(body: &str, quote: &str) -> Option<usize> {
    let mut escaped = false;
    for (index, c) in body.char_indices() {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if body
            .get(index..)
            .is_some_and(|rest| rest.starts_with(quote))
        {
            return Some(index);
        }
    }
    None
}

/// The name that a string is given to whose statement begins with `head`: `NAME = `,
/// `NAME: str = Template(`, `call(name=`, also on the line above.
fn name(head: &str) -> Option<&str> {
    let mut line = head.rsplit('\n').next().unwrap_or(head);
    if line.trim().is_empty() {
        let above = head.trim_end();
        line = above.rsplit('\n').next().unwrap_or(above);
        if !line.ends_with(['(', '=', '\\']) {
            return None;
        }
    }
    let (target, value) = line.rsplit_once('=')?;
    // Only calls may stand between the sign and the string: `Template(`, `textwrap.dedent(`.
    let is_call = |c: char| c.is_alphanumeric() || "_.( \\".contains(c);
    if !value.chars().all(is_call) || target.ends_with(['=', '!', '<', '>', '+']) {
        return None;
    }
    let word = |text: &'_ str| -> usize {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        text.len() - text.trim_end_matches(is_word).len()
    };
    let mut target = target.trim_end();
    // An annotation: `NAME: str`.
    if let Some((name, kind)) = target.rsplit_once(':')
        && !kind.contains(['(', ',', '"', '\''])
        && word(name.trim_end()) > 0
    {
        target = name.trim_end();
    }
    let name = target.get(target.len() - word(target)..)?;
    (!name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit())).then_some(name)
}

/// The value of a literal that is not raw. Escapes that Python does not know stay as they are.
fn unescape(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(index) = rest.find('\\') {
        let (before, after) = rest.split_at(index);
        text.push_str(before);
        let after = after.get(1..).unwrap_or_default();
        let Some(c) = after.chars().next() else {
            text.push('\\');
            return text;
        };
        let mut taken = c.len_utf8();
        match c {
            '\n' => {}
            'n' => text.push('\n'),
            't' => text.push('\t'),
            'r' => text.push('\r'),
            '\\' | '\'' | '"' => text.push(c),
            'x' | 'u' | 'U' => {
                let digits = match c {
                    'x' => 2,
                    'u' => 4,
                    _ => 8,
                };
                let code = after.get(1..=digits);
                let named = code
                    .and_then(|code| u32::from_str_radix(code, 16).ok())
                    .and_then(char::from_u32);
                match named {
                    Some(named) => {
                        text.push(named);
                        taken = 1 + digits;
                    }
                    None => text.extend(['\\', c]),
                }
            }
            other => text.extend(['\\', other]),
        }
        rest = after.get(taken..).unwrap_or_default();
    }
    text.push_str(rest);
    text
}
