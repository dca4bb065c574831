use super::{arms as read_arms, *};
use crate::arm::JudgeFacts;
use crate::arm::fake::{FakeRun, imported, judged_by, read};

fn question(text: &str) -> QuestionId {
    text.parse().unwrap()
}

#[test]
fn an_arm_holds_every_answer_of_its_variant() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let mut run = FakeRun::new("x", &[("a", false), ("b", false), ("oracle", true)])
        .with(judged_by("openai/gpt-4o", "p1"));
    run.repeat("a", "c/q0", 1, 0, Some(0.5), &[Some(true), Some(false)]);
    run.repeat("a", "c/q0", 1, 1, Some(1.0), &[Some(true), Some(true)]);
    run.repeat("a", "c/q1", 5, 0, None, &[]);
    run.repeat("b", "c/q0", 1, 0, Some(0.0), &[None, Some(true)]);
    run.write(&path);
    let text = path.display().to_string();
    let both = read(std::slice::from_ref(&text));
    let labels: Vec<&str> = both.iter().map(|arm| arm.label.as_str()).collect();
    assert_eq!(labels, ["a", "b"]);
    let a = &both[0];
    assert_eq!(a.questions()[&question("c/q1")], Category::Adversarial);
    assert_eq!(a.values("f1.locomo")[&question("c/q0")], 0.75);
    assert_eq!(a.values("j")[&question("c/q0")], 0.75);
    assert!(!a.values("j").contains_key(&question("c/q1")));
    assert_eq!(a.failed(), 1);
    let failed = &a.answers[&(question("c/q1"), 0)];
    assert_eq!(failed.failure.as_deref(), Some("answerer: transient"));
    let b = &both[1].answers[&(question("c/q0"), 0)];
    assert_eq!(b.labels, [None, Some(true)]);
    assert_eq!((b.judge, b.context_tokens), (Some(1.0), Some(12)));
    let oracle = read(&[format!("{text}:oracle")]);
    assert!(oracle[0].facts.control && oracle[0].facts.judge.is_none());
}

#[test]
fn facts_name_the_judge_and_the_answer_model() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, manifest| {
        let path = folder.path().join(name);
        let mut run = FakeRun::new("x", &[("a", false)]).with(manifest);
        run.answer("a", "c/q0", 1, Some(0.5), &[Some(true)]);
        run.write(&path);
        path.display().to_string()
    };
    let texts = [
        write("one", judged_by("openai/gpt-4o", "p1")),
        write("two", judged_by("openai/gpt-4o", "p2")),
        write("own", imported(None)),
    ];
    let arms = read(&texts);
    let labels: Vec<&str> = arms.iter().map(|arm| arm.label.as_str()).collect();
    assert_eq!(labels, ["one:a", "two:a", "own:a"]);
    let judges: Vec<&JudgeFacts> = arms.iter().filter_map(|a| a.facts.judge.as_ref()).collect();
    assert_eq!(arms[0].facts.answer_model.as_deref(), Some("gpt-4o-mini"));
    assert_eq!(judges[0].prompt.as_deref(), Some("judge/lenient"));
    assert!(judges[0].is_same(judges[0]) && !judges[0].is_same(judges[1]));
    assert_eq!(judges[0].differences(judges[1]), ["prompt `p1` and `p2`"]);
    assert!(arms[2].facts.imported && arms[2].facts.answer_model.is_none());
    assert!(!judges[2].is_known() && !judges[2].is_same(judges[2]));
}

#[test]
fn an_arm_is_named_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    FakeRun::new("x", &[("a", false), ("b", false)]).write(&path);
    let all = Selection::parse(&path.display().to_string()).unwrap();
    let one = Selection::parse(&format!("{}:b", path.display())).unwrap();
    let twice = read_arms(&[all, one]).unwrap_err().to_string();
    assert!(twice.ends_with(":b`: this arm is named twice"), "{twice}");
}
