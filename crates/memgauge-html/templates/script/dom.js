// Elements are made here and nowhere else. What stands in data reaches the page as text of a node or as the value of
// an attribute, never as markup.

const byId = (id) => document.getElementById(id);

/** An element with attributes and children; children are nodes or texts, null is left out. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === false) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined) continue;
    element.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return element;
}

/** A folded part, filled when it is opened for the first time. */
function fold(attributes, title, fill) {
  const content = make("div", { class: "folded" });
  const details = make("details", attributes, make("summary", {}, title), content);
  const open = () => {
    if (details.open && !content.hasChildNodes()) content.append(...[fill()].flat().filter(Boolean));
  };
  details.addEventListener("toggle", open);
  return details;
}

/** The name of a system with the mark of its colour. */
function systemName(system) {
  const name = data.systems[system].name + (data.systems[system].control ? " *" : "");
  return make("span", { class: `system c${system % 6}` }, name);
}

const dash = "–";

/** `1 question`, `2 questions`. */
function counted(count, one, many = `${one}s`) {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}
