// Builds elements from data. Text only ever becomes text nodes: nothing here parses HTML.
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export function fill(parent, ...children) {
  parent.replaceChildren(...children.filter((child) => child !== null && child !== undefined));
}

export function pairs(rows) {
  return element("dl", {}, ...rows.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]));
}

export function when(iso) {
  const moment = new Date(iso);
  const today = moment.toDateString() === new Date().toDateString();
  return element("time", { datetime: iso, title: iso }, today ? moment.toLocaleTimeString() : moment.toLocaleString());
}

const MOODS = { delivered: "good", blackholed: "good", queued: "faint", deferred: "warn", suppressed: "warn" };

export function outcome(name) {
  return element("span", { class: MOODS[name] ?? "bad" }, name.replaceAll("_", " "));
}
