// The address of what is shown: #view/item/tab?query=…; every view, message, tab and search can be linked to.
export const VIEWS = ["messages", "attempts", "errors", "state", "start"];

export function read(hash = location.hash) {
  const [path, search] = split(hash.replace(/^#/, ""));
  const [view, id = "", tab = ""] = path.split("/").map(decoded);
  return { view: VIEWS.includes(view) ? view : "messages", id, tab, search: Object.fromEntries(new URLSearchParams(search)) };
}

export function address({ view, id = "", tab = "", search = {} }) {
  const path = [view, id, id && tab].filter(Boolean).map(encodeURIComponent).join("/");
  const given = Object.entries(search).filter(([, value]) => value);
  return `#${path}${given.length ? `?${new URLSearchParams(given)}` : ""}`;
}

// Links keep the account that is looked at.
export function link(place) {
  const { account } = read().search;
  return address({ ...place, search: { ...place.search, account } });
}

export function go(place, { replace = false } = {}) {
  const target = link(place);
  if (target === location.hash) return;
  if (replace) {
    history.replaceState(null, "", target);
    dispatchEvent(new HashChangeEvent("hashchange"));
  } else location.hash = target;
}

function split(text) {
  const mark = text.indexOf("?");
  return mark < 0 ? [text, ""] : [text.slice(0, mark), text.slice(mark + 1)];
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
