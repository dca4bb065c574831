//! `memgauge prompts`.

use std::path::Path;

use crate::{end, memgauge};

fn write(folder: &Path, file: &str, text: &str) {
    let path = folder.join(file);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
    std::fs::write(path, text).expect("a file");
}

#[test]
fn prompts_are_listed_and_shown() {
    let list = end(memgauge().args(["prompts", "list"]));
    assert_eq!(list.code, 0, "{}", list.stderr);
    let line = list
        .stdout
        .lines()
        .find(|line| line.starts_with("extract/mem0-2504 "))
        .expect("a line of the prompt");
    let digest = line.split_whitespace().nth(1).expect("a digest");
    let show = end(memgauge().args(["prompts", "show", "extract/mem0-2504"]));
    assert!(show.stdout.contains(&format!("digest {digest}")));
    assert!(show.stdout.contains("max_facts"), "{}", show.stdout);
    assert!(show.stdout.contains("\n--- user ---\n"), "{}", show.stdout);
    let sent = end(memgauge().args(["prompts", "show", "summary/rolling", "--rendered"]));
    assert!(sent.stdout.contains("between Mira and Tom"));
    let wrong = end(memgauge().args(["prompts", "show", "sumary/rolling"]));
    assert_eq!(wrong.code, 2);
    assert!(wrong.stderr.contains("did you mean `summary/rolling`?"));
}

#[test]
fn an_own_prompt_is_compared_and_checked() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().to_string_lossy().into_owned();
    let diff = || end(memgauge().args(["prompts", "diff", "summary/rolling", &path]));
    let raw = end(memgauge().args(["prompts", "show", "summary/rolling", "--raw"]));
    write(folder.path(), "summary/rolling.txt", &raw.stdout);
    let same = diff();
    assert_eq!((same.code, same.stdout.as_str()), (0, ""));
    assert!(same.stderr.contains("no difference"));
    let own = raw
        .stdout
        .replace("{{ max_words }} words", "{{ most }} lines");
    write(folder.path(), "summary/rolling.txt", &own);
    let wrong = diff();
    assert_eq!(wrong.code, 2);
    assert!(wrong.stdout.contains("\n-- At most {{ max_words }} words"));
    assert!(wrong.stdout.contains("\n+- At most {{ most }} lines"));
    assert!(
        wrong.stderr.contains("unknown variable `most`") && wrong.stderr.contains("line 6"),
        "{}",
        wrong.stderr
    );
    let gone = end(memgauge().args(["prompts", "diff", "update/joint", &path]));
    assert_eq!(gone.code, 2);
}

/// A checkout with the names of mem0's evaluation and words of our own.
fn checkout(folder: &Path) {
    write(
        folder,
        "prompts.py",
        "ANSWER_PROMPT_ZEP = \"\"\"Edges: {{memories}}\"\"\"\n\n\
         ANSWER_PROMPT = \"\"\"\nAnswer from memories.\n\n\
         Of {{speaker_1_user_id}}:\n\n{{speaker_1_memories}}\n\n\
         Of {{speaker_2_user_id}}:\n\n{{speaker_2_memories}}\n\n\
         Question: {{question}}\n\"\"\"\n",
    );
    write(
        folder,
        "metrics/llm_judge.py",
        "ACCURACY_PROMPT = '''Is {generated_answer} the answer {gold_answer} to {question}?\n\
         Say {{\"label\": \"CORRECT\"}}.'''\n",
    );
    write(
        folder,
        "src/memzero/add.py",
        "custom_instructions = \"\"\"\nWrite it down.\n\"\"\"\n",
    );
    write(
        folder,
        ".git/hidden.py",
        "custom_instructions = \"\"\"hidden\"\"\"\n",
    );
}

#[test]
fn constants_of_a_checkout_become_prompt_files() {
    let from = tempfile::tempdir().expect("a folder");
    checkout(from.path());
    let into = tempfile::tempdir().expect("a folder");
    let out = into.path().join("original");
    let import = || {
        end(memgauge()
            .args(["prompts", "import"])
            .arg(from.path())
            .arg("--out")
            .arg(&out))
    };
    let ended = import();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    for line in [
        "metrics/llm_judge.py:1: ACCURACY_PROMPT -> judge/lenient.txt",
        "prompts.py:1: ANSWER_PROMPT_ZEP not mapped: ",
        "prompts.py:3: ANSWER_PROMPT -> answer/mem0.txt",
        "src/memzero/add.py:1: custom_instructions -> instructions/mem0-eval.txt",
        "3 of 4 constants written",
    ] {
        assert!(ended.stdout.contains(line), "{line}\n{}", ended.stdout);
    }
    let read = |name: &str| std::fs::read_to_string(out.join(name)).expect("a prompt");
    assert!(read("answer/mem0.txt").ends_with(
        "--- system ---\nAnswer from memories.\n\n{{ context }}\n\nQuestion: {{ question }}\n"
    ));
    assert!(read("judge/lenient.txt").ends_with(
        "--- user ---\nIs {{ answer }} the answer {{ gold }} to {{ question }}?\n\
         Say {\"label\": \"CORRECT\"}.\n"
    ));
    assert!(read("instructions/mem0-eval.txt").ends_with("--- system ---\nWrite it down.\n"));
    let again = import();
    assert_eq!(again.code, 2, "what is there is not overwritten");
    assert!(again.stderr.contains("is there already"));
}

#[test]
fn a_folder_without_prompts_is_a_mistake() {
    let from = tempfile::tempdir().expect("a folder");
    write(from.path(), "a.py", "X = \"\"\"text\"\"\"\n");
    let ended = end(memgauge()
        .args(["prompts", "import"])
        .arg(from.path())
        .arg("--out")
        .arg(from.path().join("out")));
    assert_eq!(ended.code, 2);
    assert!(
        ended.stderr.contains("a.py:1: X not mapped"),
        "{}",
        ended.stderr
    );
    assert!(!from.path().join("out").exists());
}
