// Tabs as ARIA describes them: arrows move, one stop for the Tab key; the panel is filled when its tab is chosen.
import { element, fill } from "./dom.js";

let made = 0;

// `all`: {name, title, badge?, show()}; `chosen` is called with the name of the tab that the reader turned to.
export function tabs(label, all, current, chosen) {
  const prefix = `tabs${(made += 1)}`;
  const panel = element("div", { role: "tabpanel", id: `${prefix}-panel`, class: "tabpanel", tabindex: 0 });
  const buttons = all.map((one, at) =>
    element(
      "button",
      {
        type: "button",
        role: "tab",
        id: `${prefix}-${one.name}`,
        "aria-controls": panel.id,
        "data-tab": one.name,
        onclick: () => pick(at, true),
      },
      one.title,
      one.badge ? element("span", { class: "count" }, ` ${one.badge}`) : null,
    ),
  );
  let shown = -1;

  async function pick(at, byReader) {
    shown = at;
    buttons.forEach((button, index) => {
      button.setAttribute("aria-selected", String(index === at));
      button.tabIndex = index === at ? 0 : -1;
    });
    panel.setAttribute("aria-labelledby", buttons[at].id);
    if (byReader) chosen(all[at].name);
    const content = await Promise.resolve(all[at].show()).catch((problem) => problemNote(problem));
    if (shown === at) fill(panel, content);
  }

  function step(by) {
    const at = (shown + by + all.length) % all.length;
    pick(at, true);
    buttons[at].scrollIntoView({ block: "nearest", inline: "nearest" });
    return buttons[at];
  }

  const list = element("div", { role: "tablist", "aria-label": label, onkeydown: (event) => arrow(event) }, ...buttons);
  function arrow(event) {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    step(by).focus();
  }

  const start = Math.max(0, all.findIndex((one) => one.name === current));
  pick(start, false);
  return {
    parts: [list, panel],
    step,
    turn: (name) => {
      const at = all.findIndex((one) => one.name === name);
      if (at >= 0 && at !== shown) pick(at, false);
    },
    again: () => pick(shown, false),
    current: () => all[shown].name,
  };
}

function problemNote(problem) {
  return element("p", { class: "note bad", role: "alert" }, problem.message);
}
