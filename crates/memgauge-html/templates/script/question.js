// One question, opened: gold answer, answers side by side, memories, conversation.

const OUTCOMES = { right: "✓ right", wrong: "✗ wrong", failed: "! failed", unknown: "? unknown" };
const METRICS = ["f1.locomo", "f1.set", "BLEU-1", "exact"];

async function questionPart(question) {
  const whole = await part(question.conversation);
  const { evidence, erratum, answers } = whole.questions[question.place];
  const gold = new Set(evidence);
  const corrected = new Set((erratum && erratum.evidence) || []);
  const found = answers.flatMap((all, system) =>
    all.map((answer) => memories(whole, system, answer, gold))).filter(Boolean);
  return make("div", { class: "opened" },
    goldAnswer(question, erratum, whole, evidence),
    make("h4", {}, "Answers"),
    make("div", { class: "answers" },
      answers.flatMap((all, system) => all.map((answer, at) =>
        answerCard(whole, system, at === 0 ? { ...answer, text: question.answers[system].text } : answer, all.length)))),
    make("h4", {}, "Memories found"),
    found.length ? found : make("p", { class: "note" }, "No list of memories is known for any of these systems."),
    make("h4", {}, "In the conversation"),
    conversation(whole, question, answers, { gold, corrected }));
}

function goldAnswer(question, erratum, whole, evidence) {
  const unanswerable = question.category === 5;
  const where = evidence.map((turn) => turnName(whole.turns[turn])).join(", ");
  return make("dl", { class: "facts gold-answer" },
    make("div", {},
      make("dt", {}, "Gold answer"),
      make("dd", {}, unanswerable ? `not in the conversation (trap: ${question.gold})` : question.gold)),
    make("div", {}, make("dt", {}, "Gold turns"), make("dd", {}, where || "not known")),
    erratum
      ? make("div", {},
        make("dt", {}, "Erratum"),
        make("dd", {}, `${erratum.kind}${erratum.answer ? `: ${erratum.answer}` : ""}`))
      : null);
}

function answerCard(whole, system, answer, repeats) {
  const kind = outcome(data, answer.stage);
  const stage = data.stages[answer.stage];
  const facts = [];
  const tell = (name, value) => facts.push(make("div", {}, make("dt", {}, name), make("dd", {}, value)));
  if (kind === "wrong") tell("lost at", stage);
  if (answer.judge !== undefined) tell("J", answer.judge.toFixed(3));
  (answer.scores || []).forEach((score, at) => {
    if (score !== null) tell(METRICS[at], score.toFixed(3));
  });
  if (answer.context) {
    const [entries, tokens] = answer.context;
    tell("context", `${counted(entries, "entry", "entries")}, ${counted(tokens, "token")}`);
  }
  if (answer.tokens) tell("model tokens", answer.tokens.map((count) => count ?? "?").join(" in, ") + " out");
  if (answer.memory_of) tell("memory of", answer.memory_of);
  for (const [turn, fate] of answer.fates || []) tell(`gold ${turnName(whole.turns[turn])}`, fate);
  return make("article", { class: `answer ${kind}` },
    make("h5", {}, systemName(system), repeats > 1 ? ` (repeat ${answer.repeat})` : null),
    make("p", { class: `outcome ${kind}` }, OUTCOMES[kind]),
    make("blockquote", {}, answer.text ?? make("i", {}, answer.failure ? `no answer: ${answer.failure}` : "no answer")),
    make("dl", { class: "facts" }, facts),
    judged(answer.judgements || []));
}

/** What the judge said: a line where only labels are known, else every run with its words. */
function judged(judgements) {
  const told = judgements.some(([, , reply, error]) => reply !== null || error !== null);
  if (told || judgements.length === 0) return judgements.map(judgement);
  return make("p", { class: "judgement" }, `Judge: ${judgements.map(label).join(", ")}`);
}

const label = ([said]) => (said === null ? "no label" : said ? "right" : "wrong");

/** One run of the judge with its words. */
function judgement(judged, run) {
  const [, grade, reply, error] = judged;
  const title = `Judge, run ${run}: ${label(judged)}${grade === null ? "" : ` (grade ${grade})`}`;
  const words = error ?? reply;
  if (words === null) return make("p", { class: "judgement" }, title);
  return fold({ class: "judgement" }, title, () => make("blockquote", {}, words));
}
