// What a reader would click or type: the links of a message, and what looks like a one-time code.
import { card, element } from "../dom.js";
import { copyButton } from "../tell.js";

const LINK = /https?:\/\/[^\s<>"'`]+/gi;
const TARGET = /<a\b[^>]{0,1000}?\bhref\s*=\s*(?:"([^"]{1,2000})"|'([^']{1,2000})'|([^\s>"']{1,2000}))/gi;
const CODE = /\b(?:\d{3}[- ]\d{3}|\d{4,8}|[A-Z0-9]{3,5}-[A-Z0-9]{3,5})\b/g;
const ABOUT = /code|otp|passcode|pin\b|verif|one.time|token|confirm|sign.?in|log.?in|2fa|security/i;
const NAMED = /(?:order|invoice|ticket|no\.?|number|[#$€£])\s*#?$/i; // what stands before a number that is none
const NEAR = 60; // characters around a code in which a word tells what it is
const ENTITIES = { "&amp;": "&", "&quot;": '"', "&#39;": "'", "&#x27;": "'", "&lt;": "<", "&gt;": ">", "&#x2F;": "/" };

export function found(message) {
  const links = linksOf(message);
  const codes = codesOf(message.text || wordsOf(message.html));
  return { number: links.length + codes.length, show: () => show(links, codes) };
}

export function linksOf({ text, html }) {
  const targets = [...html.matchAll(TARGET)].map((match) => decoded(match[1] ?? match[2] ?? match[3]).trim());
  const bare = [...text.matchAll(LINK)].map((match) => match[0].replace(/[.,;:!?*_)\]}]+$/, ""));
  return [...new Set([...targets, ...bare])];
}

export function codesOf(text) {
  const codes = [...text.matchAll(CODE)].filter((match) => {
    const around = text.slice(Math.max(0, match.index - NEAR), match.index + match[0].length + NEAR);
    const named = NAMED.test(text.slice(Math.max(0, match.index - 12), match.index));
    return /\d/.test(match[0]) && ABOUT.test(around) && !named;
  });
  return [...new Set(codes.map((match) => match[0]))];
}

function wordsOf(html) {
  return decoded(html.replace(/<(style|script)\b[\s\S]*?<\/\1>/gi, " ").replace(/<[^>]*>/g, " "));
}

function decoded(text) {
  return text.replace(/&(?:amp|quot|lt|gt|#39|#x27|#x2F);/gi, (entity) => ENTITIES[entity] ?? entity);
}

function show(links, codes) {
  return element("div", { class: "cards" }, card("Codes", list(codes, code, "Nothing looks like a one-time code.")), card("Links", list(links, target, "No links.")));
}

function list(items, made, none) {
  return items.length ? element("ul", { class: "found" }, ...items.map((one) => element("li", {}, made(one), copyButton(one)))) : element("p", { class: "faint" }, none);
}

function code(text) {
  return element("code", { class: "code" }, text);
}

// Only what leads to a web page can be followed; javascript: and its like are shown as text.
function target(address) {
  if (!/^https?:\/\//i.test(address)) return element("code", {}, address);
  return element("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, address);
}
