// Builds elements from data. Text only ever becomes text nodes: nothing here parses HTML.
const SVG = "http://www.w3.org/2000/svg";

export function element(name, attributes = {}, ...children) {
  return finished(document.createElement(name), attributes, children);
}

export function drawing(name, attributes = {}, ...children) {
  return finished(document.createElementNS(SVG, name), attributes, children);
}

function finished(made, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...present(children));
  return made;
}

export function fill(parent, ...children) {
  parent.replaceChildren(...present(children));
}

function present(children) {
  return children.flat().filter((child) => child !== null && child !== undefined && child !== false);
}

export function pairs(rows) {
  return element("dl", {}, ...rows.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]));
}

export function button(text, onclick, attributes = {}) {
  return element("button", { type: "button", onclick, ...attributes }, text);
}

export function card(title, ...children) {
  return element("section", { class: "card" }, title && element("h3", {}, title), ...children);
}

export function choice(label, options, value, onchange) {
  const made = element("select", { "aria-label": label, onchange: () => onchange(made.value) });
  for (const [name, text] of options) made.append(element("option", { value: name, selected: name === value }, text));
  made.dataset.set = String(options[0][0] === "" && value !== "");
  return made;
}

export function empty(text, ...more) {
  return element("div", { class: "empty" }, element("p", {}, text), ...more);
}
