use super::convert::to_template;
use super::*;

fn template(text: &str) -> (String, Vec<String>) {
    let mut remarks = Vec::new();
    let names = [
        ("question", "question"),
        ("gold_answer", "gold"),
        ("memories", "context"),
    ];
    let context = ["a_name", "a_memories", "b_memories"];
    let template = to_template(text, &names, &context, &mut remarks);
    (template, remarks)
}

#[test]
fn named_triple_quoted_strings_are_found_with_their_lines() {
    let source = r#"'''A docstring with X = """no""" in it.'''
import os  # it's a comment with """ in it
x = "one \" line" + 'it''s'
FIRST_PROMPT = """One
two \"three\"\
 four \u00e9 \d"""

class A:
    """Another docstring."""
    second: str = textwrap.dedent(r'''raw \n''')

    def f(self, *, custom="""given"""):
        """A docstring again."""
        call(key=f"""formatted {x}""")
        return """nameless"""

THIRD = (
    """below"""
)
if x == """compared""": pass
unclosed = "oops
LAST = '''last'''
"#;
    let found: Vec<(String, usize, String)> = constants(source)
        .into_iter()
        .map(|constant| (constant.name, constant.line, constant.text))
        .collect();
    let expected = [
        ("FIRST_PROMPT", 4, "One\ntwo \"three\" four \u{e9} \\d"),
        ("second", 10, "raw \\n"),
        ("custom", 12, "given"),
        ("key", 14, "formatted {x}"),
        ("THIRD", 18, "below"),
        ("LAST", 22, "last"),
    ];
    let expected = expected.map(|(name, line, text)| (name.to_owned(), line, text.to_owned()));
    assert_eq!(found, expected);
}

#[test]
fn python_formats_and_jinja_become_our_templates() {
    // A format: doubled braces are braces.
    assert_eq!(
        template("Q: {question} G: {gold_answer!r}\nSay {{\"label\": 1}} {{{question}}}").0,
        "Q: {{ question }} G: {{ gold }}\nSay {\"label\": 1} {{ \"{\" }}{{ question }}}"
    );
    assert_eq!(
        template("{gold_answer!r}").1,
        ["the format of `{gold_answer!r}` is left out"]
    );
    // Jinja: single braces are braces.
    assert_eq!(
        template("{{memories}} {% if question %}{{ question | upper }}{% endif %} {\"a\": {}}").0,
        "{{ context }} {% if question %}{{ question | upper }}{% endif %} {\"a\": {}}"
    );
    assert_eq!(template("plain").0, "plain");
}

#[test]
fn the_lines_about_both_speakers_become_the_context() {
    let (text, remarks) = template(
        "Intro\n\n  Of {{a_name}}:\n  {{a_memories}}\n\n  Of the other:\n  {{b_memories}} !\n\nQ: {{question}}",
    );
    assert_eq!(text, "Intro\n\n{{ context }}\n\nQ: {{ question }}");
    assert_eq!(remarks.len(), 1);
}

#[test]
fn a_constant_takes_the_place_of_a_prompt_if_it_fits() {
    let constant = |name: &str, text: &str| Constant {
        name: name.to_owned(),
        line: 3,
        text: text.to_owned(),
    };
    let outcome = import(
        "src/memzero/add.py",
        &constant("custom_instructions", "\nBe kind {so}.\n"),
    );
    let Outcome::NotMapped { reason } = outcome else {
        panic!("{outcome:?}");
    };
    assert!(reason.contains("unknown variable `so`"), "{reason}");
    let outcome = import(
        "src/memzero/add.py",
        &constant("custom_instructions", "\nBe kind.\n"),
    );
    assert_eq!(
        outcome,
        Outcome::Mapped {
            prompt: "instructions/mem0-eval",
            text: "Imported from src/memzero/add.py, line 3, constant custom_instructions.\n\
                   --- system ---\nBe kind.\n"
                .to_owned(),
            remarks: Vec::new(),
        }
    );
    let outcome = import("prompts.py", &constant("OTHER", "text"));
    assert!(matches!(outcome, Outcome::NotMapped { .. }));
}
