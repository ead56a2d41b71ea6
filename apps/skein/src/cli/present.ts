/** Answers as people read them in a terminal. What came from other people or machines is printed as data. */
import type { CommandName } from "@skein/core";
import type { Json } from "@skein/node";

import { printable } from "../log-output.ts";
import { artifactTable, effectTable } from "./present-attempts.ts";
import { blamePage } from "./present-blame.ts";
import { flowPage, timelinePage } from "./present-flow.ts";
import { meshPage } from "./present-mesh.ts";
import { budgetPage, costPage } from "./present-money.ts";
import { begunProjectLines, foundProjectPage } from "./present-project.ts";
import { stuckPage } from "./present-stuck.ts";
import { commentTable, diffPage, historyTable } from "./present-history.ts";
import { overlapLines, overlapTable } from "./present-overlap.ts";
import { type Fields, fields, list, rows, text, whenOf } from "./present-parts.ts";
import { table } from "./table.ts";

export function present(name: CommandName, value: Json): string {
  const view = VIEWS[name];
  return `${view === undefined ? JSON.stringify(value, null, 2) : view(value)}\n`;
}

const VIEWS: Partial<Readonly<Record<CommandName, (value: Json) => string>>> = {
  "item.list": (value) => itemTable(rows(value)),
  "item.show": (value) => itemPage(fields(value)),
  "item.history": (value) => historyTable(rows(value)),
  "item.add": (value) => `Added ${itemLine(fields(value))}`,
  "item.edit": (value) => `Changed ${itemLine(fields(value))}`,
  "item.start": (value) => itemLine(fields(value)),
  "item.move": (value) => itemLine(fields(value)),
  "item.approve": (value) => `Approved: ${itemLine(fields(value))}`,
  "item.reject": (value) => itemLine(fields(value)),
  "item.hold": (value) => itemLine(fields(value)),
  "item.archive": (value) => itemLine(fields(value)),
  "item.restore": (value) => itemLine(fields(value)),
  "item.delete": (value) => `Deleted ${text(fields(value)["id"])}.`,
  why: (value) => whyPage(fields(value)),
  stuck: stuckPage,
  claims: (value) => claimTable(rows(value)),
  nodes: (value) => nodeTable(rows(value)),
  mesh: (value) => meshPage(fields(value)),
  flow: (value) => flowPage(fields(value)),
  timeline: (value) => timelinePage(fields(value)),
  "item.note": (value) => `Noted on ${itemLine(fields(value))}`,
  "item.comment": (value) => `Commented on ${itemLine(fields(value))}`,
  "item.diff": diffPage,
  "item.answer": (value) => `Answered: ${itemLine(fields(value))}`,
  transports: (value) => transportTable(rows(value)),
  questions: (value) => questionPage(rows(value)),
  timers: (value) => timerTable(rows(value)),
  "timer.add": () => "Set. `skein timers` shows when it is due.",
  "timer.cancel": () => "Cancelled.",
  notices: (value) => noticeTable(rows(value)),
  people: (value) => peoplePage(fields(value)),
  "people.pair": (value) => pairingPage(fields(value)),
  "people.unpair": () => "Unlinked. Nobody commands the mesh as that principal any more.",
  "people.role": () => "Changed.",
  members: (value) => memberPage(fields(value)),
  "member.invite": (value) => ticketPage(fields(value)),
  "member.remove": () =>
    "Removed. Its links are closed, what it writes from now on has no effect, and tickets it made let nobody in any more.",
  "member.rotate": (value) => rotationLine(fields(value)),
  "project.look": foundProjectPage,
  "project.begin": begunProjectLines,
  "project.practice": begunProjectLines,
  projects: (value) => projectTable(rows(value)),
  budget: (value) => budgetPage(fields(value)),
  "budget.set": () =>
    "Said. `skein budget` shows it on every node; after the first one a budget begins at midnight (UTC).",
  costs: (value) => costPage(fields(value)),
  queue: (value) => queuePage(fields(value)),
  "queue.blame": blamePage,
  "queue.pause": () => "Said. `skein queue` shows what still lands.",
  "queue.resume": () => "The merge queue goes on.",
  "node.drain": () => "Said. `skein nodes` shows who takes no work, `skein claims` what is still under way.",
  "node.undrain": () => "It takes work again.",
  "mesh.freeze": () => "Frozen: nobody takes more work until `skein unfreeze`.",
  "mesh.unfreeze": () => "Work is taken again.",
  effects: (value) => effectTable(rows(value)),
  artifacts: (value) => artifactTable(rows(value)),
  forks: (value) => forkList(rows(value)),
  digest: (value) => digestPage(fields(value)),
  verify: (value) => verifyPage(fields(value)),
  checkpoint: (value) => `Signed: this node held ${text(fields(value)["ops"])} ops.`,
  compact: (value) => compactPage(fields(value)),
  doctor: (value) => doctorPage(fields(value)),
  "doctor.seen": (value) => (fields(value)["seen"] === 0 ? "There was no alarm." : "The alarms are over."),
};

function queuePage(value: Fields): string {
  const { mode, note } = value;
  const because = note === "" ? "" : `: ${text(note)}`;
  const merger = value["merger"] === null ? "nobody yet" : text(value["merger"]);
  const lines = [
    mode === "open" ? `The merge queue is open; ${merger} lands it.` : `The merge queue is ${text(mode)}${because}.`,
  ];
  const line = rows(value["line"]).map((one) => [...queueCells(one), text(one["activity"])]);
  if (line.length > 0) lines.push("", table(["ITEM", "SINCE", "NODE", "TITLE", "RIGHT NOW"], line));
  else lines.push("Nothing is in line.");
  lines.push(...overlapLines(value));
  const aside = rows(value["aside"]).map((one) => [...queueCells(one), text(one["why"])]);
  if (aside.length > 0) lines.push("", table(["ASIDE", "SINCE", "NODE", "TITLE", "BECAUSE"], aside));
  const head = (value["head"] ?? []) as readonly Json[];
  if (head.length > 0) lines.push("", "The head:", ...head.map((reason) => `  ${text(reason)}`));
  return lines.join("\n");
}

const queueCells = (one: Fields): string[] => [
  text(one["item"]),
  one["since"] === null ? "" : whenOf(one["since"]),
  text(one["node"] ?? ""),
  text(one["title"]),
];

function verifyPage(value: Fields): string {
  const covered = value["covered"] === 0 ? "" : `, ${text(value["covered"])} of them by a later one of the same feed`;
  const lines = [
    `The log is whole: ${text(value["ops"])} ops in ${text(value["frames"])} frames, every hash and signature checked${covered}.`,
  ];
  for (const checkpoint of rows(value["checkpoints"])) {
    const standing = STANDINGS[text(checkpoint["standing"])] ?? text(checkpoint["standing"]);
    const when = new Date(Number(checkpoint["at"])).toISOString();
    lines.push(`Checkpoint of ${text(checkpoint["signer"])}, ${when}, ${text(checkpoint["ops"])} ops: ${standing}.`);
  }
  return lines.join("\n");
}

const STANDINGS: Readonly<Record<string, string>> = {
  held: "everything it names is in this log",
  ahead: "some of what it names has not arrived here",
  contradicted: "it names another history than the one here, and is not used",
};

function compactPage(value: Fields): string {
  const { frames, packed, thinned } = value;
  const below =
    thinned === 0
      ? "No signature was left out: there is no checkpoint that this node holds. `skein checkpoint` on an operator's node writes one."
      : `Below the newest checkpoint, up to frame ${text(thinned)}, only the signatures are kept that cover the others.`;
  return `${text(packed)} of ${text(frames)} frames are in packs. ${below}`;
}

const itemLine = (item: Fields): string => `${text(item["id"])}  ${stageOf(item)}  ${text(item["title"])}`;

function itemTable(items: readonly Fields[]): string {
  if (items.length === 0) return "No items. `skein item add TITLE --start` adds one.";
  const lines = items.map((item) => {
    const claim = fields(item["claim"] ?? null);
    const note =
      text(item["hold"]) === "" ? text(item["activity"]) || text(item["note"]) : `on hold: ${text(item["hold"])}`;
    return [
      text(item["id"]),
      stageOf(item),
      text(item["priority"]),
      text(claim["nodeName"]),
      text(item["title"]),
      note,
    ];
  });
  return table(["ID", "STAGE", "PRIO", "HOLDER", "TITLE", "NOTE"], lines);
}

/** The stage as the log has it, with what this node has found out about it. */
function stageOf(item: Fields): string {
  const remarks: string[] = [];
  if (item["stage"] === "Archived") remarks.push(text(item["archiveReason"]));
  if (item["landing"] === "unverified") remarks.push("unverified");
  if (item["landing"] === "refuted") {
    remarks.push(`refuted: ${text(item["mergeCommit"]).slice(0, 12)} is not on the target branch`);
  }
  return remarks.length === 0 ? text(item["stage"]) : `${text(item["stage"])} (${remarks.join("; ")})`;
}

function itemPage(item: Fields): string {
  const lines = [`${text(item["id"])}  ${text(item["title"])}`, ""];
  for (const reason of Array.isArray(item["why"]) ? item["why"] : []) lines.push(text(reason as Json));
  const details: readonly (readonly [string, string])[] = [
    ["stage", stageOf(item)],
    ["type", text(item["type"])],
    ["priority", text(item["priority"])],
    ["labels", list(item["labels"])],
    ["touches", list(item["touches"])],
    ["depends on", list(item["dependsOn"])],
    ["part of", text(item["parent"])],
    ["branch", text(item["branch"])],
    ["tip", text(item["tip"])],
    ["qa", text(item["qa"])],
    ["merged as", text(item["mergeCommit"])],
    ["cost", text(item["cost"])],
  ];
  lines.push("", ...details.filter(([, value]) => value !== "").map(([key, value]) => `${key.padEnd(10)}  ${value}`));
  const parts = rows(item["parts"]).map((part) => [text(part["id"]), text(part["stage"]), text(part["title"])]);
  if (parts.length > 0) lines.push("", table(["PART", "STAGE", "TITLE"], parts));
  lines.push(...overlapTable(item));
  const attempts = rows(item["attemptLog"]);
  if (attempts.length > 0) {
    const cells = attempts.map((one) => [
      text(one["epoch"]),
      text(one["nodeName"]),
      text(one["outcome"]),
      text(one["cost"]),
      text(one["note"]),
    ]);
    lines.push("", table(["EPOCH", "NODE", "OUTCOME", "COST", "NOTE"], cells));
  }
  const asked = rows(item["asked"]).map((one) => [
    text(one["question"]),
    text(one["text"]),
    list(one["options"]),
    one["open"] === true ? "waits for an answer" : answerOf(one),
  ]);
  if (asked.length > 0) lines.push("", table(["QUESTION", "ASKED", "ONE OF", "ANSWER"], asked));
  const seen = rows(item["evidence"]).map((one) => [
    new Date(Number(one["at"])).toISOString(),
    text(one["node"]),
    text(one["tree"]).slice(0, 12),
    one["green"] === true ? "green" : "red",
  ]);
  if (seen.length > 0) lines.push("", table(["SIGNED AT", "NODE", "TREE", "GATE"], seen));
  const approvals = rows(item["approvals"]).map((one) => [
    new Date(Number(one["at"])).toISOString(),
    text(one["by"]),
    text(one["tip"]).slice(0, 12),
    text(one["note"]),
  ]);
  if (approvals.length > 0) lines.push("", table(["APPROVED AT", "BY", "TIP", "NOTE"], approvals));
  const notes = rows(item["notes"]).map((one) => [
    new Date(Number(one["at"])).toISOString(),
    text(one["by"]),
    text(one["text"]),
  ]);
  if (notes.length > 0) lines.push("", table(["NOTED AT", "BY", "NOTE"], notes));
  lines.push(...commentTable(rows(item["comments"])));
  const story = typeof item["text"] === "string" ? item["text"].trim() : "";
  if (story !== "") lines.push("", ...story.split("\n").map(printable));
  const criteria = typeof item["criteria"] === "string" ? item["criteria"].trim() : "";
  if (criteria !== "") lines.push("", "Acceptance criteria:", "", ...criteria.split("\n").map(printable));
  return lines.join("\n");
}

const answerOf = (asked: Fields): string =>
  asked["answer"] === null ? `none. ${text(asked["over"])}` : `${text(asked["answer"])} (${text(asked["answeredBy"])})`;

function questionPage(asked: readonly Fields[]): string {
  if (asked.length === 0) return "Nobody asks anything.";
  const lines = asked.map((one) => [
    text(one["item"]),
    text(one["question"]),
    text(one["node"]),
    text(one["text"]),
    list(one["options"]),
  ]);
  const page = table(["ITEM", "QUESTION", "NODE", "ASKED", "ONE OF"], lines);
  return `${page}\n\n\`skein item answer ITEM TEXT --question QUESTION\` answers; without --question the oldest of the item.`;
}

const whyPage = (answer: Fields): string =>
  [
    `${text(answer["id"])}  ${text(answer["title"])}`,
    ...(Array.isArray(answer["why"]) ? answer["why"] : []).map((one: Json) => text(one)),
  ].join("\n");

function claimTable(claims: readonly Fields[]): string {
  if (claims.length === 0) return "Nobody holds anything.";
  const lines = claims.map((claim) => [
    text(claim["item"]),
    text(claim["stage"]),
    text(claim["nodeName"]),
    text(claim["epoch"]),
    claim["expired"] === true ? "expired" : "alive",
    text(claim["title"]),
  ]);
  return table(["ITEM", "STAGE", "HOLDER", "EPOCH", "LEASE", "TITLE"], lines);
}

function nodeState(node: Fields): string {
  if (node["removed"] === true) return "removed";
  const state = node["self"] === true ? "this node" : node["alive"] === true ? "alive" : "silent";
  return node["standby"] === undefined ? state : `${state}, ${text(node["standby"])}`;
}

function nodeTable(nodes: readonly Fields[]): string {
  const lines = nodes.map((node) => [
    text(node["name"]),
    text(node["role"]),
    nodeState(node),
    `${text(node["slotsFree"])}/${text(node["slots"])}`,
    node["linked"] === true ? "direct" : "-",
    text(node["address"]),
    text(node["id"]).slice(0, 12),
  ]);
  return table(["NAME", "ROLE", "STATE", "SLOTS", "LINK", "ADDRESS", "KEY"], lines);
}

function memberPage(answer: Fields): string {
  const members = rows(answer["members"]).map((member) => [
    text(member["name"]),
    text(member["role"]),
    member["removed"] === true ? "removed" : "member",
    text(member["key"]),
  ]);
  const open = rows(answer["invites"]).filter((invite) => invite["usedBy"] === null && invite["dead"] !== true);
  const invites = open.map((invite) => [
    text(invite["role"]),
    new Date(Number(invite["expires"])).toISOString(),
    text(invite["ticket"]).slice(0, 12),
  ]);
  const parts = [`Mesh ${text(answer["mesh"])}`, "", table(["NAME", "ROLE", "STATE", "KEY"], members)];
  if (invites.length > 0) parts.push("", table(["OPEN TICKET FOR", "UNTIL", "KEY"], invites));
  const rejected = Object.entries(fields(answer["rejected"])).map(([op, reason]) => [op.slice(0, 12), text(reason)]);
  if (rejected.length > 0) parts.push("", table(["OP WITHOUT EFFECT", "BECAUSE"], rejected));
  return parts.join("\n");
}

function transportTable(accounts: readonly Fields[]): string {
  if (accounts.length === 0) {
    return "No chat accounts: node.yaml in the data directory names none, or no node runs there. `skein up` says where the file is.";
  }
  const lines = accounts.map((one) => [text(one["account"]), text(one["state"]), text(one["holder"])]);
  // Below the table, where they have the room to say what to do.
  const troubles = accounts.flatMap((one) => {
    const trouble = text(one["trouble"]);
    const account = text(one["account"]);
    return trouble === "" ? [] : ["", trouble.startsWith(account) ? trouble : `${account}: ${trouble}`];
  });
  return [table(["ACCOUNT", "THIS NODE", "SPEAKER"], lines), ...troubles].join("\n");
}

function timerTable(timers: readonly Fields[]): string {
  if (timers.length === 0) return "No timer and no reminder waits.";
  const lines = timers.map((one) => [
    text(one["id"]),
    one["due"] === null ? "never" : whenOf(one["due"]),
    one["cron"] === undefined || one["cron"] === "" ? "" : `${text(one["cron"])} ${text(one["zone"])}`,
    one["does"] === undefined ? `remind ${text(one["account"])} ${text(one["room"])}` : text(one["does"]),
    text(one["item"]),
    text(one["text"]),
  ]);
  return table(["ID", "DUE (UTC)", "AGAIN", "WHAT", "ITEM", "TEXT"], lines);
}

function noticeTable(notices: readonly Fields[]): string {
  if (notices.length === 0) return "Nothing was said in chat rooms yet.";
  const lines = notices.map((one) => [
    whenOf(one["at"]),
    text(one["result"]),
    text(one["purpose"]),
    `${text(one["account"])} ${text(one["room"])}`,
    text(one["item"]),
    text(one["reason"]),
  ]);
  return table(["AT", "RESULT", "WHAT", "ROOM", "ITEM", "BECAUSE"], lines);
}

function peoplePage(answer: Fields): string {
  const people = rows(answer["people"]).map((one) => [
    text(one["name"]),
    text(one["role"]),
    text(one["member"]),
    list(one["principals"]),
  ]);
  if (people.length === 0) return "Nobody commands the mesh from chat rooms yet. `skein pair NAME` prints a code.";
  const open = rows(answer["open"]).map((one) => [text(one["person"]), new Date(Number(one["expires"])).toISOString()]);
  const page = table(["NAME", "ROLE", "MEMBER", "SPEAKS AS"], people);
  return open.length === 0 ? page : `${page}\n\n${table(["OPEN CODE FOR", "UNTIL"], open)}`;
}

const pairingPage = (answer: Fields): string =>
  [
    `${text(answer["person"])} may command the mesh from a chat room as ${text(answer["role"])}, with this code, until ${new Date(Number(answer["expires"])).toISOString()}.`,
    "In a direct message to the bot:",
    "",
    `pair ${text(answer["code"])}`,
  ].join("\n");

const rotationLine = (answer: Fields): string =>
  `${text(answer["name"])} signs with a new key: ${text(answer["key"])}. Its links are made again; nothing else changes.`;

const projectTable = (projects: readonly Fields[]): string =>
  projects.length === 0
    ? "There is no project: `skein project begin PATH` makes a repository the project."
    : table(
        ["NAME", "LANDS ON", "OF"],
        projects.map((one) => [text(one["name"]), text(one["base"]), text(one["remote"])]),
      );

const forkList = (forks: readonly Fields[]): string =>
  forks.length === 0 ? "No author wrote two histories." : forks.map((one) => text(one["message"])).join("\n");

function ticketPage(answer: Fields): string {
  // An agent's machine is there to work. Everybody else is a person, who wants to see the board.
  const isAgent = answer["role"] === "agent";
  const addresses = Array.isArray(answer["addresses"]) ? answer["addresses"].map((one: Json) => text(one)) : [];
  const rendezvous =
    addresses.length === 0 ? "--rendezvous ws://HOST:PORT " : addresses.map((one) => `--rendezvous ${one} `).join("");
  return [
    `One machine may join with this as ${text(answer["role"])}, until ${new Date(Number(answer["expires"])).toISOString()}:`,
    "",
    `npx skein ${isAgent ? "agent" : "up"} ${rendezvous}--ticket ${text(answer["ticket"])}`,
    "",
    isAgent
      ? "It works there without a page of its own; with `skein up` in the place of `skein agent` it has one."
      : "The node there has a page of its own with the board: `skein ui` on that machine prints a link that signs in.",
    ...reachability(addresses),
  ].join("\n");
}

/** A ticket is of little use to another machine when this node cannot be reached from there. */
function reachability(addresses: readonly string[]): readonly string[] {
  if (addresses.length === 0) {
    return ["", "No node runs here right now: start it with `skein up` and put its address in the place of HOST:PORT."];
  }
  const local = addresses.every((one) => /^ws:\/\/(127\.|localhost|\[::1\])/.test(one));
  return local
    ? ["", "This node listens on this machine only. For others, start it with `skein up --listen 0.0.0.0:4710`."]
    : [];
}

function digestPage(answer: Fields): string {
  const heads = Object.entries(fields(answer["heads"])).map(([feed, seq]) => `${feed}  ${text(seq)}`);
  return [
    `${text(answer["digest"])}  (fold ${text(answer["foldVersion"])}, ${text(answer["ops"])} ops)`,
    ...heads,
  ].join("\n");
}

function doctorPage(answer: Fields): string {
  const checks = rows(answer["checks"]).map(
    (check) => `${check["ok"] === true ? "ok  " : "BAD "} ${text(check["name"])}: ${text(check["message"])}`,
  );
  const incidents = rows(answer["incidents"]).map((one) => {
    const at = new Date(Number(one["lastAt"])).toISOString();
    return `${at}  ${text(one["type"])}  ${text(one["message"])}${Number(one["count"]) > 1 ? ` (${text(one["count"])} times)` : ""}`;
  });
  return [...checks, ...(incidents.length === 0 ? [] : ["", "Lately:", ...incidents])].join("\n");
}
