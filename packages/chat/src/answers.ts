/**
 * Answers of commands as a room reads them: short, the most telling first. Text from stories, agents and people is only
 * ever put into spans, so that no platform takes it for markup.
 */
import { type Body, block, code, type CommandName, plain, type Span, strong } from "@skein/core";
import type { Json } from "@skein/node";

type Fields = { readonly [key: string]: Json };

const fields = (value: Json | undefined): Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};

const rows = (value: Json | undefined): readonly Fields[] => (Array.isArray(value) ? value.map(fields) : []);

const text = (value: Json | undefined): string =>
  value === undefined || value === null ? "" : typeof value === "string" ? value : JSON.stringify(value);

/** ○ waits, ● runs, ◐ waits for a gate or a merge, ✓ done, ✗ over without success, ‖ on hold. */
function dot(item: Fields): string {
  if (text(item["hold"]) !== "") return "‖";
  switch (text(item["stage"])) {
    case "Backlog":
      return "○";
    case "Coding":
      return item["claim"] === null ? "○" : "●";
    case "Qa":
    case "Merge":
      return "◐";
    case "Done":
      return "✓";
    default:
      return text(item["archiveReason"]) === "Completed" ? "✓" : "✗";
  }
}

/** The same sentence as in a terminal, without its commands: a room has its own, and says the one that lists what there is. */
export const forRooms = (message: string): string =>
  message.replaceAll("`skein item list --all` ", "`list` ").replaceAll(/ ?`skein [^`]*`[^.]*\./g, "");

const lines = (all: readonly (readonly Span[])[]): Body =>
  all.flatMap((line, at) => (at === 0 ? [...line] : [plain("\n"), ...line]));

export const reference = (id: string): Span => code(`#${id.slice(0, 6)}`);

export function itemLine(item: Fields): readonly Span[] {
  const holder = text(fields(item["claim"])["nodeName"]);
  const doing = text(item["hold"]) === "" ? text(item["activity"]) || text(item["note"]) : text(item["hold"]);
  const stage = item["stage"] === "Archived" ? `Archived as ${text(item["archiveReason"])}` : text(item["stage"]);
  return [
    plain(`${dot(item)} `),
    reference(text(item["id"])),
    plain(` ${text(item["title"])} `),
    strong(stage),
    plain(holder === "" ? "" : ` · ${holder}`),
    plain(doing === "" ? "" : ` · ${doing}`),
  ];
}

const LISTED = 30;

function itemList(value: Json): Body {
  const items = rows(value);
  if (items.length === 0) return [plain("No items. Say: new and a title.")];
  const shown = lines(items.slice(0, LISTED).map(itemLine));
  return items.length <= LISTED ? shown : [...shown, plain(`\n… and ${items.length - LISTED} more.`)];
}

function itemPage(value: Json): Body {
  const item = fields(value);
  const story = text(item["text"]).trim();
  const criteria = text(item["criteria"]).trim();
  const attempts = rows(item["attemptLog"]).map((one) => [
    plain(`Epoch ${text(one["epoch"])} on ${text(one["nodeName"])}: ${text(one["outcome"])}. ${text(one["note"])}`),
  ]);
  const why = (Array.isArray(item["why"]) ? item["why"] : []).map((one: Json) => [plain(forRooms(text(one)))]);
  return [
    ...lines([itemLine(item), ...why, ...attempts.slice(-3)]),
    ...(story === "" ? [] : [block(story)]),
    ...(criteria === "" ? [] : [plain("\nDone when:\n"), block(criteria)]),
  ];
}

function whyPage(value: Json): Body {
  const answer = fields(value);
  const reasons = Array.isArray(answer["why"]) ? answer["why"] : [];
  const head = [reference(text(answer["id"])), plain(" "), strong(text(answer["title"]))];
  return lines([head, ...reasons.map((one: Json) => [plain(forRooms(text(one)))])]);
}

function historyPage(value: Json): Body {
  const entries = rows(value).slice(-20);
  return lines(
    entries.map((one) => {
      const note = text(one["reason"] ?? one["note"]);
      const what = `${text(one["kind"]).replace("item.", "")} by ${text(one["by"]) === "" ? text(one["authorName"]) : `${text(one["by"])} through ${text(one["authorName"])}`}`;
      return [
        plain(
          `${when(one["wall"])}  ${what}${one["outcome"] === "rejected" ? " (had no effect)" : ""}${note === "" ? "" : `: ${note}`}`,
        ),
      ];
    }),
  );
}

/** Its author's clock said so, and that may have said anything. */
function timeOf(wall: number): string {
  const time = new Date(wall);
  return Number.isNaN(time.getTime()) ? "(no time)" : time.toISOString().slice(5, 16).replace("T", " ");
}

function queuePage(value: Json): Body {
  const queue = fields(value);
  const note = text(queue["note"]);
  const state = [plain("The merge queue is "), strong(text(queue["mode"])), plain(note === "" ? "" : `: ${note}`)];
  const inLine = rows(queue["line"]).map((one) => [
    plain("◐ "),
    reference(text(one["item"])),
    plain(` ${text(one["title"])}${text(one["activity"]) === "" ? "" : ` · ${text(one["activity"])}`}`),
  ]);
  const aside = rows(queue["aside"]).map((one) => [
    plain("‖ "),
    reference(text(one["item"])),
    plain(` ${text(one["title"])} · ${text(one["why"])}`),
  ]);
  return lines([state, ...inLine.slice(0, LISTED), ...aside.slice(0, LISTED)]);
}

/** Ends are lines for a terminal: some of them no room can say. */
function stuckList(value: Json): Body {
  const items = rows(value);
  if (items.length === 0) return [plain("Nothing is stuck.")];
  return lines(
    items
      .slice(0, LISTED)
      .flatMap((item) => [
        [plain("‖ "), reference(text(item["item"])), plain(` ${text(item["title"])}`)],
        ...rows(item["causes"]).map((cause) => [plain(`  ${text(cause["why"])} · `), code(text(cause["exit"]))]),
      ]),
  );
}

function nodeList(value: Json): Body {
  const nodes = rows(value).filter((node) => node["removed"] !== true);
  return lines(
    nodes.map((node) => {
      const state = node["self"] === true || node["alive"] === true ? "●" : "○";
      const slots = `${text(node["slotsFree"])} of ${text(node["slots"])} slots free`;
      return [plain(`${state} `), strong(text(node["name"])), plain(` ${text(node["role"])} · ${slots}`)];
    }),
  );
}

function claimList(value: Json): Body {
  const claims = rows(value);
  if (claims.length === 0) return [plain("Nobody works on anything.")];
  return lines(
    claims.map((one) => [
      plain(one["expired"] === true ? "○ " : "● "),
      reference(text(one["item"])),
      plain(
        ` ${text(one["title"])} ${text(one["stage"])} · ${text(one["nodeName"])}${one["expired"] === true ? " (silent)" : ""}`,
      ),
    ]),
  );
}

function peopleList(value: Json): Body {
  const people = rows(fields(value)["people"]);
  if (people.length === 0) return [plain("Nobody yet. `skein pair NAME` on a node prints a code.")];
  return lines(
    people.map((one) => {
      const principals = (Array.isArray(one["principals"]) ? one["principals"] : []).map((each: Json) => text(each));
      const as = principals.length === 0 ? "not linked yet" : principals.join(", ");
      return [strong(text(one["name"])), plain(` ${text(one["role"])} · ${as}`)];
    }),
  );
}

function doctorPage(value: Json): Body {
  const bad = rows(fields(value)["checks"]).filter((check) => check["ok"] !== true);
  if (bad.length === 0) return [plain("Nothing is wrong on this node.")];
  return lines(bad.map((check) => [plain("✗ "), strong(text(check["name"])), plain(`: ${text(check["message"])}`)]));
}

function questionList(value: Json): Body {
  const asked = rows(value);
  if (asked.length === 0) return [plain("Nobody asks anything.")];
  return lines(
    asked.slice(0, LISTED).map((one) => {
      const options = (Array.isArray(one["options"]) ? one["options"] : []).map((each: Json) => text(each));
      return [
        plain("? "),
        reference(text(one["item"])),
        plain(` ${text(one["text"])}${options.length === 0 ? "" : ` (${options.join(", ")})`}`),
      ];
    }),
  );
}

const when = (value: Json | undefined): string => timeOf(Number(value));

function timerList(value: Json): Body {
  const timers = rows(value);
  if (timers.length === 0) return [plain("No reminder waits.")];
  return lines(
    timers.map((one) => [
      code(text(one["id"]).slice(0, 6)),
      plain(one["due"] === null ? " " : ` ${when(one["due"])} UTC `),
      ...(text(one["item"]) === "" ? [] : [reference(text(one["item"])), plain(" ")]),
      plain(text(one["text"])),
    ]),
  );
}

const NOTICES = 15;

function noticeList(value: Json): Body {
  const notices = rows(value).slice(0, NOTICES);
  if (notices.length === 0) return [plain("Nothing yet.")];
  return lines(
    notices.map((one) => {
      const why = text(one["reason"]) === "" ? "" : `: ${text(one["reason"])}`;
      const what = one["purpose"] === "notice" ? text(one["about"]).split("/")[0] : text(one["purpose"]);
      const item = text(one["item"]) === "" ? [] : [reference(text(one["item"])), plain(" ")];
      return [
        plain(`${when(one["at"])} `),
        ...item,
        plain(`${what ?? ""} ${text(one["result"])} in ${text(one["account"])}${why}`),
      ];
    }),
  );
}

const PAGES: Partial<Readonly<Record<CommandName, (value: Json) => Body>>> = {
  "item.list": itemList,
  "item.show": itemPage,
  "item.history": historyPage,
  why: whyPage,
  stuck: stuckList,
  nodes: nodeList,
  claims: claimList,
  queue: queuePage,
  people: peopleList,
  questions: questionList,
  timers: timerList,
  notices: noticeList,
  doctor: doctorPage,
};

/** What a command that only reads has answered. */
export const answerPage = (name: CommandName, value: Json): Body =>
  PAGES[name]?.(value) ?? [block(JSON.stringify(value, null, 2))];

/** How the whole board stands, in a few lines. */
export function boardPage(value: Json): Body {
  const items = rows(value);
  const count = (stage: string): number => items.filter((item) => item["stage"] === stage).length;
  const summary = ["Backlog", "Coding", "Qa", "Merge", "Done"].map((stage) => `${stage} ${count(stage)}`).join(" · ");
  const moving = items.filter((item) => ["Coding", "Qa", "Merge"].includes(text(item["stage"])));
  return lines([[strong(summary)], ...moving.slice(0, LISTED).map(itemLine)]);
}
