// The data of the page: packed JSON in elements that hold text alone.

/** Unpacks the JSON in the element `data-NAME`. */
async function unpack(name) {
  const text = byId(`data-${name}`).textContent.replaceAll("-", "+").replaceAll("_", "/");
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).json();
}

/** What filters and search look at: `systems`, `categories`, `stages`, `conversations`, `questions`. */
let data = null;

/** Parts of conversations that were unpacked, by number. */
const parts = new Map();

function part(conversation) {
  if (!parts.has(conversation)) parts.set(conversation, unpack(conversation));
  return parts.get(conversation);
}

async function load() {
  const packed = await unpack("index");
  const places = packed.conversations.map(() => 0);
  const questions = packed.questions.map(([conversation, index, category, text, gold, answers]) => {
    const { id, dataset } = packed.conversations[conversation];
    const texts = [text, gold, ...answers.map((answer) => (answer ? answer[0] : null))];
    return {
      id: `${dataset ? `${dataset}:` : ""}${id}/q${index}`,
      conversation,
      // Place among the questions of its part.
      place: places[conversation]++,
      category,
      text,
      gold,
      answers: answers.map((answer) => answer && { text: answer[0], outcome: outcome(packed, answer[1]), stage: answer[1] }),
      words: texts.filter(Boolean).join("\n").toLowerCase(),
    };
  });
  data = { ...packed, questions };
}

/** `right`, `wrong`, `failed` or `unknown`, from the stage at which a question ended. */
function outcome(packed, stage) {
  const name = packed.stages[stage];
  return ["right", "failed", "unknown"].includes(name) ? name : "wrong";
}
