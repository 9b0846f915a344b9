// What a recipient got beside what was accepted, with the differences marked.
import * as api from "../api.js";
import { choice, element, fill } from "../dom.js";
import { count } from "../format.js";
import { diff } from "./diff.js";

const SHOWN = 5_000; // lines
const AROUND = 3; // equal lines shown before and after a difference
const SAYS = { "+": "added", "-": "removed" };

export async function delivered(message) {
  const root = element("div", {});
  const names = message.recipients.map((one) => [one.address, one.address]);
  const accepted = await api.source(message.id);
  let recipient = names[0]?.[0] ?? "";

  async function paint() {
    const bar = element(
      "div",
      { class: "bar" },
      names.length > 1 ? choice("Recipient", names, recipient, (value) => { recipient = value; paint(); }) : element("span", {}, recipient),
    );
    try {
      const lines = diff(accepted, await api.copy(message.id, recipient));
      const changed = (sign) => lines.filter(([one]) => one === sign).length;
      bar.append(
        element("span", { class: "faint" }, `${count(changed("+"), "line")} added, ${count(changed("-"), "line")} removed on the way`),
        element("a", { class: "button small", href: api.copyUrl(message.id, recipient), download: "" }, "Download the copy"),
      );
      fill(root, bar, element("pre", { class: "diff", tabindex: 0, "aria-label": "Differences" }, ...shortened(lines).slice(0, SHOWN)));
    } catch (problem) {
      fill(root, bar, element("p", { class: "note" }, problem.message));
    }
  }

  await paint();
  return root;
}

// Long stretches without a difference are left out.
function shortened(lines) {
  const near = new Set();
  lines.forEach(([sign], at) => {
    if (sign !== "=") for (let by = -AROUND; by <= AROUND; by += 1) near.add(at + by);
  });
  const made = [];
  let skipped = 0;
  lines.forEach(([sign, line], at) => {
    if (!near.has(at) && near.size) {
      skipped += 1;
      return;
    }
    if (skipped) made.push(gap(skipped));
    skipped = 0;
    made.push(row(sign, line));
  });
  return skipped ? [...made, gap(skipped)] : made;
}

function gap(number) {
  return element("span", { class: "d-gap" }, `⋯ ${count(number, "equal line")}\n`);
}

function row(sign, line) {
  if (sign === "=") return `  ${line}\n`;
  const name = sign === "+" ? "ins" : "del";
  return element(name, { title: SAYS[sign] }, `${sign} ${line}\n`);
}
