//! The page's frame, style and script: files of `templates/`.

use memgauge_plot::{Theme, declarations};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;

/// The style of the page, without the colours of the plots.
const STYLE: [&str; 4] = [
    include_str!("../templates/style/page.css"),
    include_str!("../templates/style/table.css"),
    include_str!("../templates/style/question.css"),
    include_str!("../templates/style/print.css"),
];

/// The page's script, in the order in which it runs.
pub(crate) const SCRIPT: [&str; 7] = [
    include_str!("../templates/script/dom.js"),
    include_str!("../templates/script/data.js"),
    include_str!("../templates/script/conversation.js"),
    include_str!("../templates/script/memories.js"),
    include_str!("../templates/script/question.js"),
    include_str!("../templates/script/list.js"),
    include_str!("../templates/script/start.js"),
];

/// The style as one text. The colours of plots come first, so that the rules after them can use them.
pub(crate) fn style() -> String {
    let [light, dark] = [Theme::Light, Theme::Dark].map(declarations);
    format!(
        ":root{{{light}}}\n@media screen and (prefers-color-scheme: dark){{:root{{{dark}}}}}\n{}",
        STYLE.concat()
    )
}

/// The script as one text, with no name in common with anything else.
pub(crate) fn script() -> String {
    format!("\"use strict\";\n(() => {{\n{}}})();\n", SCRIPT.concat())
}

/// The page. Values are escaped where they are put in; what is not is marked `safe` in the templates.
pub(crate) fn render(page: &impl Serialize) -> Result<String, minijinja::Error> {
    let mut templates = Environment::new();
    templates.set_undefined_behavior(UndefinedBehavior::Strict);
    let mut syntax = SyntaxConfig::builder();
    templates.set_syntax(syntax.trim_blocks(true).lstrip_blocks(true).build()?);
    for (name, text) in [
        ("page.html", include_str!("../templates/page.html")),
        ("grid.html", include_str!("../templates/grid.html")),
        ("section.html", include_str!("../templates/section.html")),
        (
            "questions.html",
            include_str!("../templates/questions.html"),
        ),
        ("about.html", include_str!("../templates/about.html")),
    ] {
        templates.add_template(name, text)?;
    }
    templates.get_template("page.html")?.render(Serde(page))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_puts_text_in_place_as_text_and_asks_nobody() {
        let script = script();
        for word in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "createContextualFragment",
            "DOMParser",
            "eval(",
            "Function(",
            "import(",
            "fetch(",
            "XMLHttpRequest",
            "WebSocket",
            "sendBeacon",
            "http:",
            "https:",
        ] {
            assert!(!script.contains(word), "{word}");
        }
        assert!(!script.contains("</") && !style().contains("</"));
        assert!(!style().contains("url(") && !style().contains("@import"));
    }

    #[test]
    fn only_the_page_s_own_parts_are_put_in_unescaped() {
        let templates = [
            include_str!("../templates/page.html"),
            include_str!("../templates/grid.html"),
            include_str!("../templates/section.html"),
            include_str!("../templates/questions.html"),
            include_str!("../templates/about.html"),
        ]
        .concat();
        let safe = |text: &str| -> Vec<String> {
            let parts = text.split("{{").skip(1);
            let inner = parts.filter_map(|part| part.split("}}").next());
            inner
                .filter(|inner| inner.contains("safe"))
                .map(|inner| inner.trim().to_owned())
                .collect()
        };
        assert_eq!(
            safe(&templates),
            ["style|safe", "script|safe", "drawing.svg|safe"]
        );
    }
}
