// The conversation around a question: gold turns, and turns that a system was shown.

/** Turns before and after a marked one. */
const AROUND = 2;

const turnName = ([session, turn]) => `D${session}:${turn}`;

/** Turns that the first answer of a system had in its context. */
function shownTo(part, answers) {
  const shown = new Set();
  const answer = answers[0];
  if (!answer || answer.memory_of) return shown;
  for (const turn of answer.shown || []) shown.add(turn);
  const found = answer.found ? hits(part, answer.found) : { memories: [] };
  found.memories.forEach((memory, at) => {
    if (!"cs".includes(found.places[at])) return;
    for (const turn of part.memories[memory][1]) shown.add(turn);
  });
  return shown;
}

/** The part of the page for a conversation. `marks`: `gold` and `corrected`, sets of turns. */
function conversation(part, question, answers, marks) {
  const name = `${question.id} around`;
  const system = make("select", {}, make("option", { value: "" }, "nobody"));
  data.systems.forEach((one, at) => system.append(make("option", { value: at }, one.name)));
  const range = make("select", {});
  for (const [value, text] of [
    ["near", "the turns around them"],
    ["session", "their sessions"],
    ["all", "everything"],
  ]) {
    range.append(make("option", { value }, text));
  }
  const list = make("div", { class: "turns", role: "region", tabindex: "0", "aria-label": name });
  const draw = () => {
    const shown = system.value === "" ? new Set() : shownTo(part, answers[Number(system.value)]);
    list.replaceChildren(...turns(part, { ...marks, shown }, range.value));
  };
  system.addEventListener("change", draw);
  range.addEventListener("change", draw);
  draw();
  const words = data.conversations[question.conversation].words;
  return [
    make("p", { class: "choices" },
      make("label", {}, "Mark also what was shown to ", system),
      make("label", {}, "Show ", range)),
    words ? null : make("p", { class: "note" }, "The words are not at hand: the page was made without the dataset."),
    list,
  ];
}

/** Lists of turns, session by session, with gaps where turns are left out. */
function turns(part, marks, range) {
  const marked = new Set([...marks.gold, ...marks.corrected, ...marks.shown]);
  const sessions = new Set([...marked].map((at) => part.turns[at][0]));
  const near = new Set();
  for (const at of marked) for (let by = -AROUND; by <= AROUND; by++) near.add(at + by);
  const wanted = (turn, at) =>
    range === "all" || (range === "session" ? sessions.has(turn[0]) : near.has(at) && sessions.has(turn[0]));
  const held = new Map(part.sessions);
  const nodes = [];
  let list = null;
  let last = null;
  part.turns.forEach((turn, at) => {
    if (!wanted(turn, at)) return;
    if (list === null || part.turns[last][0] !== turn[0]) {
      const when = held.get(turn[0]);
      nodes.push(make("h5", {}, `Session ${turn[0]}`, when ? ` · ${when}` : ""));
      list = make("ol", {});
      nodes.push(list);
    } else if (last !== at - 1) {
      list.append(make("li", { class: "gap", "aria-label": "turns left out" }, "⋯"));
    }
    list.append(turnItem(part, turn, at, marks));
    last = at;
  });
  return nodes.length > 0 ? nodes : [make("p", { class: "note" }, "No gold turn is known for this question.")];
}

function turnItem(part, turn, at, marks) {
  const [, , speaker, text, caption] = turn;
  const tags = [];
  if (marks.gold.has(at)) tags.push("gold");
  if (marks.corrected.has(at)) tags.push("gold, corrected");
  if (marks.shown.has(at)) tags.push("in the context");
  const kind = [marks.gold.has(at) || marks.corrected.has(at) ? "gold" : "", marks.shown.has(at) ? "shown" : ""];
  return make("li", { class: `turn ${kind.join(" ").trim()}`.trim() },
    make("span", { class: "id" }, turnName(turn)),
    make("div", {},
      tags.map((tag) => make("span", { class: `tag ${tag.split(",")[0].replaceAll(" ", "-")}` }, tag)),
      speaker === null ? null : make("b", {}, `${part.texts[speaker]}: `),
      text === null ? make("i", {}, "words not at hand") : part.texts[text],
      caption === null ? null : make("span", { class: "caption" }, ` [picture: ${part.texts[caption]}]`)));
}
