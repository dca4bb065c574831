// What a system had found for a question.

const PLACES = { c: "in context", s: "in context, shortened", d: "left out by the budget", b: "below k" };

/** The memories that an answer had found: numbers, scores as text, ranks list by list, places, ranks after fusion. */
function hits(part, { at: [start, count], ranks_at, decimals, lists, places, beyond }) {
  const stretch = (column, from) => column.slice(from, from + count);
  let units = 0;
  const scores = stretch(part.hits.falls, start).map((fall, at) => {
    units = at === 0 ? fall : units - fall;
    return (units / 10 ** decimals).toFixed(decimals);
  });
  const first = count - beyond.length;
  return {
    memories: stretch(part.hits.memories, start),
    scores,
    ranks: ranks_at === null ? [] : lists.map((_, list) => stretch(part.hits.ranks, ranks_at + list * count)),
    places: [...places],
    rank: (at) => (at < first ? at + 1 : beyond[at - first]),
  };
}

/** A folded table of the memories that an answer had found; null where none are known. */
function memories(part, system, answer, gold) {
  const found = answer.found;
  if (!found) return null;
  const all = hits(part, found);
  const holds = (memory) => !answer.memory_of && part.memories[memory][1].some((turn) => gold.has(turn));
  const evidence = all.memories.filter(holds).length;
  const title = make("span", {}, systemName(system), `: ${found.of} found, k = ${found.k}, ${all.memories.length} listed, `
    + `${evidence} of them with a gold turn`);
  return fold({ class: "found-by" }, title, () => table(part, system, answer, all, holds));
}

/** Names of turns in order, neighbours as `D8:11–18`. */
function stretches(turns) {
  const inOrder = [...turns].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const found = [];
  for (const [session, turn] of inOrder) {
    const last = found.at(-1);
    if (last && last.session === session && last.to === turn - 1) last.to = turn;
    else found.push({ session, from: turn, to: turn });
  }
  return found.map(({ session, from, to }) => `D${session}:${from}${to > from ? `–${to}` : ""}`).join(" ");
}

function table(part, system, answer, all, holds) {
  const head = ["rank", "memory", "from", "where", "score", ...(all.ranks.length ? answer.found.lists : [])];
  const rows = all.memories.map((memory, at) => {
    const [text, live, gone] = part.memories[memory];
    const isGold = holds(memory);
    const from = (turns) => stretches(turns.map((turn) => part.turns[turn]));
    return make("tr", { class: isGold ? "gold" : null },
      make("th", { scope: "row" }, all.rank(at)),
      make("td", { class: "words" },
        isGold ? make("span", { class: "tag gold" }, "gold") : null,
        text === null ? make("i", {}, "not in the journal of this conversation") : part.texts[text]),
      make("td", { class: "from" }, from(live), gone.length ? ` (no longer: ${from(gone)})` : null),
      make("td", { class: "from" }, PLACES[all.places[at]]),
      make("td", {}, all.scores[at]),
      all.ranks.map((ranks) => make("td", {}, ranks[at] ?? dash)));
  });
  const label = `Memories found by ${data.systems[system].name}`;
  return make("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": label },
    make("table", {},
      make("caption", {}, label, answer.memory_of ? ` (in the memory of ${answer.memory_of})` : null),
      make("thead", {}, make("tr", {}, head.map((name, at) =>
        make("th", { scope: "col", class: at > 0 && at < 4 ? "from" : null }, name)))),
      make("tbody", {}, rows)));
}
