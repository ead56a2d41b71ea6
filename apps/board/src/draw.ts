/** Draws the parts of the view. Every word of people and agents stands in an element of its own with its own direction. */
import type { Card, ClaimChip, Code, Lease, NodeChip, Notice } from "./board-view.ts";
import { element, type Child } from "./dom.ts";
import { shorten, timeText } from "./text.ts";

export function drawCard(card: Card): HTMLElement {
  return element(
    "li",
    { class: "card", ...(card.lease === undefined ? {} : { "data-state": card.lease.state }) },
    element("h3", { class: "card-title", dir: "auto", title: card.title }, card.title),
    element(
      "p",
      { class: "meta" },
      element("span", { class: "id" }, card.shortId),
      element("span", { class: "type" }, card.type),
      drawPriority(card.priority),
      ...card.facts.map((fact) => element("span", {}, fact)),
    ),
    card.labels.length === 0
      ? undefined
      : element(
          "ul",
          { class: "labels", "aria-label": "Labels" },
          ...card.labels.map((label) => element("li", { dir: "auto" }, label)),
        ),
    card.lease === undefined ? undefined : drawLease(card.lease),
    ...card.notices.map(drawNotice),
    card.code === undefined ? undefined : drawCode(card.code),
  );
}

/** High and low are marked by weight and words, not by color alone. */
function drawPriority(priority: number): HTMLElement {
  const state = priority >= 7 ? "high" : priority <= 3 ? "low" : "usual";
  return element(
    "span",
    { class: "priority", "data-state": state, title: `Priority ${priority} of 9` },
    `P${priority}`,
  );
}

function drawLease(lease: Lease): HTMLElement {
  return element(
    "p",
    { class: "lease" },
    drawState(lease.state === "alive" ? "good" : "warn", lease.state === "alive" ? "alive" : "expired"),
    element("span", { class: "who", dir: "auto" }, lease.holder),
    element("span", { class: "quiet" }, `epoch ${lease.epoch}`),
    element("span", { class: "quiet" }, "since ", drawTime(lease.sinceMs)),
    lease.activity === "" ? undefined : element("span", { class: "activity", dir: "auto" }, lease.activity),
  );
}

function drawState(state: "good" | "warn" | "off", word: string): HTMLElement {
  return element(
    "span",
    { class: "state", "data-state": state },
    element("span", { class: "dot", "aria-hidden": "true" }),
    word,
  );
}

const NOTICE_WORDS: Readonly<Record<Notice["type"], string>> = {
  hold: "On hold",
  waits: "Waits for",
  archived: "Archived as",
  refuted: "Refuted:",
  asks: "The agent asks:",
  note: "",
};

function drawNotice({ type, text }: Notice): HTMLElement {
  const word = NOTICE_WORDS[type];
  return element(
    "p",
    { class: "notice", "data-state": type },
    word === "" ? undefined : element("strong", {}, word),
    word === "" ? undefined : " ",
    element("bdi", {}, text),
  );
}

function drawCode({ type, text, atMs }: Code): HTMLElement {
  return element(
    "p",
    { class: "code" },
    element("span", { class: "quiet" }, type === "branch" ? "on" : "merged"),
    element("code", { title: text }, text),
    atMs === undefined ? undefined : element("span", { class: "quiet" }, drawTime(atMs)),
  );
}

function drawTime(atMs: number): HTMLElement {
  const iso = new Date(atMs).toISOString();
  return element("time", { datetime: iso, title: new Date(atMs).toLocaleString() }, timeText(atMs, Date.now()));
}

const NODE_STATES = {
  alive: { state: "good", word: "alive" },
  silent: { state: "warn", word: "silent" },
  removed: { state: "off", word: "removed" },
} as const;

/** More than this many titles of one node's work say no more than their number. */
const WORK_SHOWN = 3;

export function drawNode(node: NodeChip): HTMLElement {
  const { state, word } = NODE_STATES[node.state];
  const silentSince: readonly Child[] =
    node.state === "silent" && node.lastHeardAtMs !== undefined
      ? [element("span", { class: "quiet" }, "since ", drawTime(node.lastHeardAtMs))]
      : [];
  return element(
    "li",
    { class: "chip" },
    element(
      "p",
      { class: "chip-head" },
      element("strong", { class: "who", dir: "auto", title: node.name }, node.name),
      drawState(state, word),
      ...silentSince,
    ),
    element("p", { class: "quiet" }, [node.role, node.slots, ...(node.self ? ["this node"] : [])].join(" · ")),
    node.workingOn.length === 0 ? undefined : drawWork(node.workingOn),
  );
}

function drawWork(work: NodeChip["workingOn"]): HTMLElement {
  const shown = work.slice(0, WORK_SHOWN);
  const rest = work.length - shown.length;
  return element(
    "p",
    { class: "work" },
    element("span", { class: "quiet" }, "on "),
    ...shown.flatMap(({ id, title }, index) => [
      index === 0 ? "" : ", ",
      element("bdi", { title }, shorten(title, 32) || id),
    ]),
    rest === 0 ? undefined : ` and ${rest} more`,
  );
}

export function drawClaim(claim: ClaimChip): HTMLElement {
  return element(
    "li",
    { class: "chip" },
    element("p", { class: "chip-title", dir: "auto", title: claim.title }, claim.title),
    drawLease(claim.lease),
  );
}
