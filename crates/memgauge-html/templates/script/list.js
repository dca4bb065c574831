// The list of questions: filters, search, pages, and which question is open.

/** Questions on one page. */
const AT_A_TIME = 25;

let matching = [];
let first = 0;
let opened = null;

/** Whether a question is among those that are asked for. */
function isWanted(question, wanted) {
  const is = (name, value) => wanted[name] === "" || wanted[name] === String(value);
  if (!is("category", question.category) || !is("conversation", question.conversation)) return false;
  if (wanted.words.some((word) => !question.words.includes(word))) return false;
  const answers = wanted.system === "" ? question.answers : [question.answers[Number(wanted.system)]];
  const known = answers.filter(Boolean);
  if (wanted.system !== "" && known.length === 0) return false;
  if (wanted.outcome !== "" && !known.some((answer) => answer.outcome === wanted.outcome)) return false;
  if (wanted.stage !== "" && !known.some((answer) => String(answer.stage) === wanted.stage)) return false;
  return !wanted.disagree || disagree(question);
}

/** Whether some systems are right and others are not. */
function disagree(question) {
  const outcomes = question.answers.filter(Boolean).map((answer) => answer.outcome);
  return outcomes.includes("right") && outcomes.includes("wrong");
}

function wanted() {
  const form = new FormData(byId("filters"));
  const words = form.get("words").toLowerCase().split(/\s+/).filter(Boolean);
  return { ...Object.fromEntries(form), words, disagree: form.has("disagree") };
}

function choose() {
  const asked = wanted();
  matching = data.questions.filter((question) => isWanted(question, asked));
  first = 0;
  draw();
}

function draw() {
  const all = data.questions.length;
  const some = matching.length;
  byId("found").textContent = some === all
    ? counted(all, "question")
    : `${some.toLocaleString("en")} of ${counted(all, "question")}`;
  const shown = matching.slice(first, first + AT_A_TIME);
  byId("list").start = first + 1;
  byId("list").replaceChildren(...shown.map(item));
  byId("pages").hidden = some <= AT_A_TIME;
  byId("earlier").disabled = first === 0;
  byId("later").disabled = first + AT_A_TIME >= some;
  byId("page-of").textContent = `${first + 1} to ${first + shown.length} of ${some.toLocaleString("en")}`;
}

/** A question of the list: a button that opens it, and how each system fared. */
function item(question) {
  const isOpen = opened === question.id;
  const button = make("button", { type: "button", "aria-expanded": isOpen }, question.text);
  const right = question.answers.filter((answer) => answer && answer.outcome === "right").length;
  const asked = question.answers.filter(Boolean).length;
  const line = make("li", { "data-id": question.id },
    make("h3", {}, button),
    make("p", { class: "about" },
      make("span", {}, question.id),
      make("span", {}, data.categories[question.category - 1]),
      make("span", {}, `${right} of ${asked} right`),
      make("a", { href: link(question.id), "aria-label": `Link to ${question.id}` }, "link")));
  button.addEventListener("click", () => toggle(question, line, button));
  if (isOpen) show(question, line);
  return line;
}

const link = (id) => `#q=${encodeURIComponent(id)}`;

async function show(question, line) {
  try {
    const content = await questionPart(question);
    if (opened === question.id && line.isConnected) line.append(content);
  } catch (error) {
    line.append(make("p", { class: "note" }, `This part of the page cannot be read: ${error.message}`));
  }
}

async function toggle(question, line, button) {
  const wasOpen = opened === question.id;
  close();
  if (wasOpen) {
    history.replaceState(null, "", "#questions");
    return;
  }
  opened = question.id;
  button.setAttribute("aria-expanded", "true");
  history.replaceState(null, "", link(question.id));
  await show(question, line);
}

/** Folds the question that is open. */
function close() {
  opened = null;
  for (const line of byId("list").children) {
    line.querySelector("h3 button").setAttribute("aria-expanded", "false");
    for (const content of line.querySelectorAll(":scope > .opened, :scope > .note")) content.remove();
  }
}

/** The question that the address names; null where it names none, or is not written as addresses are. */
function named() {
  if (!location.hash.startsWith("#q=")) return null;
  try {
    return decodeURIComponent(location.hash.slice(3));
  } catch {
    return null;
  }
}

/** Opens the question that the address names. */
async function follow() {
  const id = named();
  if (id === null) return;
  const question = data.questions.find((known) => known.id === id);
  if (!question) {
    byId("found").textContent = `There is no question ${id} on this page.`;
    return;
  }
  if (!matching.includes(question)) {
    byId("filters").reset();
    // What the reset has queued (see start.js) draws the list anew: let it come first.
    await new Promise((done) => setTimeout(done));
  }
  first = Math.floor(matching.indexOf(question) / AT_A_TIME) * AT_A_TIME;
  opened = id;
  draw();
  const line = [...byId("list").children].find((one) => one.dataset.id === id);
  line.scrollIntoView();
  line.querySelector("h3 button").focus({ preventScroll: true });
}
