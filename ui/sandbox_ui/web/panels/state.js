// What the providers know now: the clock, quotas, how much happened when, suppressions and every other resource.
import * as api from "../api.js";
import { sure } from "../dialog.js";
import { button, card, element, fill } from "../dom.js";
import { Folding } from "../folding.js";
import { count, duration } from "../format.js";
import { paced } from "../live.js";
import { released } from "../pressed.js";
import { attempt, tell } from "../tell.js";
import { makeChart } from "./chart.js";
import { makeClock } from "./clock.js";
import { resources } from "./resources.js";
import { suppressions } from "./suppressions.js";

const SUPPRESSION = "suppression";

export function makeState() {
  const root = element("div", { class: "page" });
  const clock = makeClock(() => refresh());
  const chart = makeChart();
  const quotas = element("div", { class: "cards" });
  const listed = element("div", { class: "cards" });
  const kinds = element("div", {});
  const folding = new Folding();
  let shown = false;
  let round = 0;
  fill(
    root,
    element("div", { class: "bar" }, element("h2", {}, "Provider state"), button("Reset the sandbox…", reset, { class: "small danger" })),
    element("div", { class: "cards" }, clock.element, chart.element),
    quotas,
    listed,
    kinds,
  );

  async function load({ gently = false } = {}) {
    const mine = (round += 1);
    const [found] = await Promise.all([api.state(), chart.load()]);
    await released();
    if (mine !== round || (gently && typing(root))) return;
    clock.show(found.clock);
    fill(quotas, ...found.providers.map(quota));
    fill(listed, ...found.providers.map(({ name }) => suppressions(name, entries(found.resources, name), refresh)));
    fill(kinds, ...found.resources.filter(({ kind }) => kind !== SUPPRESSION).map((one) => resources(one, folding)));
  }

  let wanted = false;
  const follow = paced(() => {
    const gently = !wanted;
    wanted = false;
    return attempt(() => load({ gently }));
  }, 1000);

  function refresh() {
    wanted = true;
    follow();
  }

  async function reset() {
    if (!(await sure("Reset the sandbox", "All messages, attempts, forced errors and provider state go; what the settings provision comes back.", "Reset"))) return;
    if (await attempt(() => api.reset())) tell("The account was reset.");
  }

  async function show() {
    shown = true;
    if (!root.contains(document.activeElement)) await attempt(load);
  }

  function heard() {
    if (shown && !root.hidden) follow();
  }

  return { element: root, show, heard, keys: {} };
}

// What is being typed is not painted over by what happens meanwhile.
function typing(root) {
  const focused = document.activeElement;
  return root.contains(focused) && focused instanceof HTMLInputElement && focused.value !== "";
}

function entries(kinds, provider) {
  return kinds.find((one) => one.provider === provider && one.kind === SUPPRESSION) ?? { items: [], total: 0 };
}

function quota({ name, region, quota: windows }) {
  return card(`${name}: quota`, element("p", { class: "faint" }, `Region ${region}, on the account's clock`), ...windows.map(gauge));
}

function gauge({ seconds, used, limit, left }) {
  const window = seconds === 60 ? "in the last minute" : `in the last ${duration(seconds)}`;
  if (limit === null) return element("p", {}, `${count(used, "email")} ${window}, no limit`);
  const label = `${used.toLocaleString("en")} of ${limit.toLocaleString("en")} ${window}`;
  const meter = element("meter", { min: 0, max: Math.max(limit, 1), value: used, high: limit * 0.8, optimum: 0, "aria-label": label });
  return element("div", { class: "gauge" }, element("span", {}, label), meter, element("span", { class: "faint" }, `${left.toLocaleString("en")} left`));
}
