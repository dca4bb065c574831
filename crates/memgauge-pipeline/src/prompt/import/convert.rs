//! Python formats and Jinja templates to our templates.

/// A part of a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Literal(String),
    /// A place to fill in.
    Variable(String),
    /// A Jinja tag as it stands, such as `{% if x %}`.
    Tag(String),
}

/// `text` as a template of ours: variables renamed, and the lines with the variables `context` made
/// one `{{ context }}`. Variables that are not known keep their names.
pub(super) fn to_template(
    text: &str,
    variables: &[(&str, &str)],
    context: &[&str],
    remarks: &mut Vec<String>,
) -> String {
    let mut pieces = if is_format(text) {
        format_pieces(text, remarks)
    } else {
        jinja_pieces(text)
    };
    merge_context(&mut pieces, context, remarks);
    let new = |old: &str| {
        variables
            .iter()
            .find(|(from, _)| *from == old)
            .map_or_else(|| old.to_owned(), |(_, to)| (*to).to_owned())
    };
    for piece in &mut pieces {
        match piece {
            Piece::Variable(name) => *name = new(name),
            Piece::Tag(tag) => *tag = renamed(tag, &new),
            Piece::Literal(_) => {}
        }
    }
    written(&pieces)
}

fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    let first = chars.next();
    first.is_some_and(|c| c.is_alphabetic() || c == '_')
        && chars.all(|c| c.is_alphanumeric() || c == '_')
}

/// Whether the text is filled in with `str.format`, or is an f-string: it has a `{name}` in single
/// braces.
fn is_format(text: &str) -> bool {
    let mut discarded = Vec::new();
    format_pieces(text, &mut discarded)
        .iter()
        .any(|piece| matches!(piece, Piece::Variable(_)))
}

/// The pieces of a Python format: `{name}`, with `{{` and `}}` for braces. What is in braces and is no
/// name stands for itself.
fn format_pieces(text: &str, remarks: &mut Vec<String>) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if rest.starts_with("{{") || rest.starts_with("}}") {
            literal.push(c);
            rest = rest.get(2..).unwrap_or_default();
            continue;
        }
        if c == '{'
            && let Some((inside, after)) = rest.get(1..).and_then(|body| body.split_once('}'))
        {
            let name = inside.split(['!', ':']).next().unwrap_or_default().trim();
            if is_name(name) && !inside.contains(['\n', '{', '"']) {
                if name != inside.trim() {
                    remarks.push(format!("the format of `{{{inside}}}` is left out"));
                }
                pieces.push(Piece::Literal(std::mem::take(&mut literal)));
                pieces.push(Piece::Variable(name.to_owned()));
                rest = after;
                continue;
            }
        }
        literal.push(c);
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
    pieces.push(Piece::Literal(literal));
    pieces
}

/// The pieces of a Jinja template.
fn jinja_pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let close = [("{{", "}}"), ("{%", "%}"), ("{#", "#}")]
            .into_iter()
            .find(|(open, _)| rest.starts_with(open));
        if let Some((open, close)) = close
            && let Some((inside, after)) = rest.get(2..).and_then(|body| body.split_once(close))
        {
            pieces.push(Piece::Literal(std::mem::take(&mut literal)));
            pieces.push(if open == "{{" && is_name(inside.trim()) {
                Piece::Variable(inside.trim().to_owned())
            } else {
                Piece::Tag(format!("{open}{inside}{close}"))
            });
            rest = after;
            continue;
        }
        literal.push(c);
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
    pieces.push(Piece::Literal(literal));
    pieces
}

/// Makes everything from the line of the first to the line of the last variable of `context` one
/// `{{ context }}`.
fn merge_context(pieces: &mut Vec<Piece>, context: &[&str], remarks: &mut Vec<String>) {
    let is_part = |piece: &Piece| match piece {
        Piece::Variable(name) => context.contains(&name.as_str()),
        _ => false,
    };
    let (Some(first), Some(last)) = (
        pieces.iter().position(is_part),
        pieces.iter().rposition(is_part),
    ) else {
        return;
    };
    // Literals stand before and after every variable.
    let before = match first.checked_sub(1).and_then(|index| pieces.get(index)) {
        Some(Piece::Literal(text)) => match text.rfind('\n') {
            Some(index) => text.get(..=index).unwrap_or_default().to_owned(),
            None => String::new(),
        },
        _ => String::new(),
    };
    let after = match pieces.get(last + 1) {
        Some(Piece::Literal(text)) => match text.find('\n') {
            Some(index) => text.get(index..).unwrap_or_default().to_owned(),
            None => String::new(),
        },
        _ => String::new(),
    };
    let merged = [
        Piece::Literal(before),
        Piece::Variable("context".to_owned()),
        Piece::Literal(after),
    ];
    pieces.splice(
        first.saturating_sub(1)..(last + 2).min(pieces.len()),
        merged,
    );
    remarks.push(
        "the lines about the two speakers' memories became `{{ context }}`, which holds both"
            .to_owned(),
    );
}

/// The words of a tag renamed.
fn renamed(tag: &str, new: &impl Fn(&str) -> String) -> String {
    let mut text = String::new();
    let mut word = String::new();
    for c in tag.chars() {
        if c.is_alphanumeric() || c == '_' {
            word.push(c);
        } else {
            text.push_str(&new(&std::mem::take(&mut word)));
            text.push(c);
        }
    }
    text.push_str(&new(&word));
    text
}

/// The template. Braces of literals that would begin a tag are written so that they do not.
fn written(pieces: &[Piece]) -> String {
    let mut text = String::new();
    for (index, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Variable(name) => {
                text.push_str("{{ ");
                text.push_str(name);
                text.push_str(" }}");
            }
            Piece::Tag(tag) => text.push_str(tag),
            Piece::Literal(literal) => {
                let is_last = index + 1 == pieces.len();
                let mut chars = literal.chars().peekable();
                while let Some(c) = chars.next() {
                    let opens = match chars.peek() {
                        Some(next) => "{%#".contains(*next),
                        // What follows begins with a brace.
                        None => !is_last,
                    };
                    if c == '{' && opens {
                        text.push_str("{{ \"{\" }}");
                    } else {
                        text.push(c);
                    }
                }
            }
        }
    }
    text
}
