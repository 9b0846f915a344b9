// A provider's suppression list: addresses that nothing is sent to, added and removed by hand.
import * as api from "../api.js";
import { button, card, element } from "../dom.js";
import { badge, count, when } from "../format.js";
import { attempt } from "../tell.js";

export function suppressions(provider, { items, total }, changed) {
  const address = element("input", { type: "email", required: true, placeholder: "ann@example.net", "aria-label": `Address to suppress at ${provider}` });
  const form = element("form", { class: "inline" }, address, element("button", { class: "small" }, "Suppress"));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const added = await attempt(() => api.suppress(provider, address.value.trim()));
    if (!added) return;
    address.value = "";
    changed();
  });
  const rows = items.slice(-100).reverse().map((one) => entry(provider, one, changed));
  const note = total > rows.length ? element("p", { class: "faint" }, `${count(total, "address", "addresses")}; the latest are shown`) : null;
  const list = rows.length ? element("ul", { class: "found" }, ...rows) : element("p", { class: "faint" }, "Nobody is suppressed.");
  return card(`${provider}: suppression list`, form, list, note);
}

function entry(provider, { key, data, created }, changed) {
  const remove = async () => {
    if (await attempt(() => api.unsuppress(provider, key))) changed();
  };
  return element(
    "li",
    {},
    element("span", {}, key),
    data.reason ? badge(String(data.reason).toLowerCase(), "warn") : null,
    when(created),
    button("Remove", remove, { class: "quiet small", "aria-label": `Remove ${key} from the suppression list of ${provider}` }),
  );
}
