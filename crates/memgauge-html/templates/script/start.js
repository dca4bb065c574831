// Puts the parts together when the page is there.

function options(select, all, choices) {
  select.replaceChildren(make("option", { value: "" }, all),
    ...choices.map(([value, text]) => make("option", { value }, text)));
}

function fillFilters() {
  const asked = new Set(data.questions.map((question) => question.category));
  const stages = new Set(data.questions.flatMap((question) =>
    question.answers.filter(Boolean).map((answer) => answer.stage)));
  const numbered = (names) => names.map((name, at) => [at, name]);
  options(byId("category-of"), "all",
    data.categories.map((name, at) => [at + 1, name]).filter(([number]) => asked.has(number)));
  options(byId("conversation-of"), "all",
    numbered(data.conversations.map(({ id, dataset }) => (dataset ? `${dataset}: ${id}` : id))));
  options(byId("system-of"), "any", numbered(data.systems.map((system) => system.name)));
  options(byId("outcome-of"), "any", Object.keys(OUTCOMES).map((name) => [name, name]));
  options(byId("stage-of"), "any", numbered(data.stages).filter(([at]) => stages.has(at)));
}

function turnPage(by) {
  first += by;
  close();
  draw();
  byId("questions-title").scrollIntoView();
  byId("list").querySelector("h3 button").focus({ preventScroll: true });
}

/** Folded numbers are printed too, and folded again afterwards. What a question folds is printed where it is open. */
function printFolded() {
  let folded = [];
  window.addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("details.numbers:not([open])")];
    for (const details of folded) details.open = true;
  });
  window.addEventListener("afterprint", () => {
    for (const details of folded) details.open = false;
  });
}

async function start() {
  printFolded();
  try {
    await load();
  } catch (error) {
    byId("found").textContent = `The questions cannot be unpacked by this browser: ${error.message}`;
    return;
  }
  fillFilters();
  const filters = byId("filters");
  filters.hidden = false;
  filters.addEventListener("submit", (event) => event.preventDefault());
  filters.addEventListener("input", choose);
  filters.addEventListener("reset", () => setTimeout(choose));
  byId("earlier").addEventListener("click", () => turnPage(-AT_A_TIME));
  byId("later").addEventListener("click", () => turnPage(AT_A_TIME));
  window.addEventListener("hashchange", follow);
  choose();
  await follow();
  document.documentElement.dataset.ready = "yes";
}

start();
