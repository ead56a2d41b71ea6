/**
 * A durable line from a room → what is to happen. Pure: the view, the settings and the time come in, a judgement goes out.
 * Who may do it is judged here and nowhere earlier, so at the moment when it would be done.
 */
import {
  type Body,
  type ChatBody,
  code,
  type Command,
  findItem,
  isLive,
  type LiveItem,
  messageKey,
  parseCommand,
  parseLine,
  plain,
  type Role,
  roleAtLeast,
  type RoomCommand,
  type SettleBody,
  strong,
  type View,
  type Wanted,
} from "@skein/core";

import type { AccountSettings } from "./account.ts";
import { type Authority, authorityOf } from "./authority.ts";
import { byCode, byMessage, codeOf, FRESH_MS, onlyOneHere, type Place } from "./confirmation.ts";
import { judgePairing } from "./pairing.ts";
import { helpPage, whoPage } from "./pages.ts";
import { PARTS_AT_ONCE, partsOf } from "./parts.ts";
import { judgeSetting } from "./settings-verbs.ts";

export interface JudgeContext {
  readonly view: View;
  readonly account: AccountSettings;
  /** Wall time: a promise to a person ("good for ten minutes"). */
  readonly nowMs: number;
  readonly sha256: (bytes: Uint8Array) => Uint8Array;
  /** How much text fits into one message here. */
  readonly maxText: number;
}

export type Settling = Omit<SettleBody, "kind" | "command" | "effects">;

export type Judgement =
  | { readonly type: "settle"; readonly settling: Settling; readonly effects?: readonly ChatBody[] }
  /** Asked from the node; its answer is the reply. */
  | { readonly type: "read"; readonly question: ReadQuestion; readonly item: string }
  | {
      readonly type: "write";
      readonly command: Command;
      readonly role: Role;
      /** What ids are made from: the id of the command that first asked for it. */
      readonly seed: string;
      readonly answers: string;
    };

export type ReadQuestion =
  | { readonly type: "command"; readonly command: Command }
  | { readonly type: "board"; readonly isLive: boolean }
  | { readonly type: "log"; readonly item: string };

const settle = (outcome: Settling["outcome"], reply: Body, more: Partial<Settling> = {}): Judgement => ({
  type: "settle",
  settling: { outcome, reply, item: "", proposal: "", version: "", answers: "", ...more },
});

const refuse = (message: string, more: Partial<Settling> = {}): Judgement => settle("refused", [plain(message)], more);
const ignore = (more: Partial<Settling> = {}): Judgement => settle("ignored", [], more);

export function judge(command: RoomCommand, context: JudgeContext): Judgement {
  const { received } = command;
  const authority = authorityOf(received.principal, received, context.account, context.view);
  switch (received.type) {
    case "edit":
      return judgeEdit(command, context);
    case "reaction":
      return judgeReaction(command, authority, context);
    case "button":
      return judgeButton(command, authority, context);
    case "message":
    case "slash":
      if (received.text.trim() === "" && received.type === "message") {
        return refuse("That message was empty, or longer than 8,000 characters. I did nothing.");
      }
      return judgeLine(received.text.trim() === "" ? "help" : received.text, command, authority, context);
    default:
      return received.type satisfies never;
  }
}

const placeOf = ({ received }: RoomCommand): Place => received;

// ── what is no line ─────────────────────────────────────────────────────────────────────────────────────────────────

function judgeEdit(command: RoomCommand, { view }: JudgeContext): Judgement {
  const { received } = command;
  const pending = [...view.chat.asked].find((id) => {
    const one = view.chat.commands.get(id)?.received;
    return one?.account === received.account && one.room === received.room && one.message === received.message;
  });
  if (pending === undefined) return ignore();
  return settle("done", [plain("You changed that message, so I forgot what I asked about it.")], { answers: pending });
}

const YES: ReadonlySet<string> = new Set(["✅", "👍", "yes", "+1"]);
const NO: ReadonlySet<string> = new Set(["❌", "👎", "no", "-1"]);

function judgeReaction(command: RoomCommand, authority: Authority, context: JudgeContext): Judgement {
  const { received } = command;
  const pending = byMessage(context.view.chat, placeOf(command), received.message);
  if (pending === undefined) return ignore();
  // A variation selector or a skin tone changes nothing of what is meant.
  const meant = received.text.replaceAll(/\ufe0f|\p{Emoji_Modifier}/gu, "");
  if (YES.has(meant)) return judgeYes(pending, command, authority, context);
  if (NO.has(meant)) return judgeNo(pending, command, authority);
  return ignore();
}

/** `yes:CODE`, `no:CODE`, or `VERB:ITEM:VERSION`. */
function judgeButton(command: RoomCommand, authority: Authority, context: JudgeContext): Judgement {
  const [verb = "", about = "", version = ""] = command.received.text.split(":");
  if (verb === "yes" || verb === "no") {
    const pending = byCode(context.view.chat, about);
    if (pending === undefined) return refuse("That question is answered, or too old. Say it again.");
    return verb === "yes" ? judgeYes(pending, command, authority, context) : judgeNo(pending, command, authority);
  }
  if (verb === "answer") return judgeLine(`answer #${about} ${version}`, command, authority, context);
  const item = context.view.items.get(about);
  if (item === undefined || !isLive(item)) return refuse("That item is gone.");
  if (!item.best.id.startsWith(version)) return refuse(movedOn(item), { item: item.id });
  return judgeLine(`${verb} #${about}`, command, authority, context);
}

const movedOn = (item: LiveItem): string =>
  `That was meant for how it stood before: ${item.registers.title.value} is in ${item.best.state.stage.stage} now. Look again, and say it again if you still want it.`;

// ── lines ───────────────────────────────────────────────────────────────────────────────────────────────────────────

function judgeLine(line: string, command: RoomCommand, authority: Authority, context: JudgeContext): Judgement {
  const { view } = context;
  const threadItem = itemOfPlace(command, view);
  const parsed = parseLine(line, { threadItem, itemByTitle: (title) => itemByTitle(view, title) });
  if (!parsed.ok) return judgeNoCommand(line, threadItem, parsed.error, command, authority, context);
  const wanted = parsed.value;
  if (wanted.type === "room") return judgeRoomVerb(wanted, command, authority, context);
  return judgeCommand(wanted, command, authority, context);
}

/** The item whose thread it was said in, or whose message it replies to. */
function itemOfPlace({ received }: RoomCommand, { chat }: View): string | undefined {
  const { account, room } = received;
  const find = (message: string): string | undefined => {
    const item = message === "" ? "" : chat.messages.get(messageKey(account, room, message))?.item;
    return item === "" ? undefined : item;
  };
  return find(received.quotes) ?? find(received.thread);
}

function itemByTitle(view: View, title: string): string | undefined {
  const found = [...view.items.values()].filter((item) => isLive(item) && item.registers.title.value === title);
  return found.length === 1 ? found[0]?.id : undefined;
}

function judgeNoCommand(
  line: string,
  threadItem: string | undefined,
  problem: { readonly type: "no-verb" | "usage"; readonly message: string },
  command: RoomCommand,
  authority: Authority,
  context: JudgeContext,
): Judgement {
  const isAsked = threadItem !== undefined && hasOpenQuestion(context.view, threadItem);
  if (problem.type === "no-verb" && isAsked) {
    return judgeLine(`answer #${threadItem} ${line}`, command, authority, context);
  }
  if (authority.role === undefined) return refuseStranger(command, authority);
  return refuse(problem.message);
}

export function hasOpenQuestion(view: View, id: string): boolean {
  const questions = view.items.get(id)?.annotations.questions.values() ?? [];
  return [...questions].some(({ answer }) => answer === undefined);
}

function refuseStranger({ received }: RoomCommand, { person }: Authority): Judgement {
  if (person !== undefined) return refuse(`${person.name} may do nothing here.`);
  return settle("refused", [
    plain("I do not know you yet. Somebody who runs a node says "),
    code("skein pair NAME"),
    plain(`; write me the code in a direct message: `),
    code("pair CODE"),
    plain(`. You are ${received.principal} here.`),
  ]);
}

function judgeRoomVerb(
  { verb, input, flags }: Extract<Wanted, { type: "room" }>,
  command: RoomCommand,
  authority: Authority,
  context: JudgeContext,
): Judgement {
  const [name = ""] = verb.names;
  if (name === "pair") return judgePairing(input["code"] ?? "", command, context);
  if (authority.role === undefined) return refuseStranger(command, authority);
  switch (name) {
    case "help":
      return settle("done", helpPage(input["verb"], context.account));
    case "whoami":
      return settle("done", whoPage(command.received.principal, authority));
    case "unpair":
      return {
        type: "settle",
        settling: done([plain("Forgotten. You are nobody here now.")]),
        effects: [{ kind: "person.unlink", principal: command.received.principal }],
      };
    case "yes":
    case "no": {
      const pending = pendingFor(input["code"], command, context);
      if (pending === undefined) return refuse("Nothing waits for that here. Name it with its code: yes CODE.");
      return name === "yes" ? judgeYes(pending, command, authority, context) : judgeNo(pending, command, authority);
    }
    case "status":
      return input["item"] === undefined
        ? { type: "read", question: { type: "board", isLive: flags["live"] === true }, item: "" }
        : judgeLine(`show #${input["item"]}`, command, authority, context);
    case "log": {
      const item = findItem(context.view, input["item"] ?? "");
      if (!item.ok) return refuse(item.error.message);
      return { type: "read", question: { type: "log", item: item.value.id }, item: item.value.id };
    }
    case "more":
      return judgeMore(command, context);
    default:
      return judgeSetting(name, input, command, authority, context);
  }
}

/** The rest of the last long answer that this person got here. */
function judgeMore({ id, received }: RoomCommand, { view, maxText }: JudgeContext): Judgement {
  const last = [...view.chat.commands.values()]
    .filter(
      (one) =>
        one.id !== id &&
        one.received.account === received.account &&
        one.received.room === received.room &&
        one.received.principal === received.principal &&
        one.settled !== undefined,
    )
    .toSorted((a, b) => b.received.stamp.lamport - a.received.stamp.lamport)[0];
  const rest = partsOf(last?.settled?.reply ?? [], maxText).slice(PARTS_AT_ONCE);
  return rest.length === 0 ? refuse("There is no more.") : { type: "settle", settling: done(rest.flat()) };
}

const done = (reply: Body): Settling => ({ outcome: "done", reply, item: "", proposal: "", version: "", answers: "" });

function pendingFor(code: string | undefined, command: RoomCommand, { view }: JudgeContext): RoomCommand | undefined {
  if (code !== undefined) return byCode(view.chat, code);
  return byMessage(view.chat, placeOf(command), command.received.quotes) ?? onlyOneHere(view.chat, placeOf(command));
}

// ── commands ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Commands that the node itself answers and that are nobody's secret. */
const ASKED_FROM_NODE: ReadonlySet<string> = new Set(["nodes", "claims", "doctor"]);

function judgeCommand(
  wanted: Extract<Wanted, { type: "command" }>,
  command: RoomCommand,
  authority: Authority,
  context: JudgeContext,
): Judgement {
  const { verb } = wanted;
  const [name = ""] = verb.names;
  if (authority.role === undefined) return refuseStranger(command, authority);
  const parsed = parseCommand(wanted.command, wanted.input);
  if (!parsed.ok) return refuse(`${parsed.error.message}.`);
  const refused = refuseRole(name, parsed.value.spec.role, authority.role, context.account);
  if (refused !== undefined) return refused;
  const item = itemOfInput(wanted.input, context.view);
  if (item !== undefined && !item.ok) return refuse(item.error.message);
  const about = item?.value;
  if (parsed.value.spec.effect !== "writes") {
    if (parsed.value.spec.effect === "asks-node" && !ASKED_FROM_NODE.has(wanted.command)) {
      return refuse(`${name} is for a terminal.`);
    }
    return { type: "read", question: { type: "command", command: parsed.value.command }, item: about?.id ?? "" };
  }
  const ageMs = context.nowMs - command.received.at;
  const isStale = ageMs > FRESH_MS;
  if (isStale || verb.confirm === true || context.account.fourEyes.includes(name)) {
    return ask(wanted, about, isStale ? ageMs : undefined, command, context);
  }
  return { type: "write", command: parsed.value.command, role: authority.role, seed: command.id, answers: "" };
}

function refuseRole(verb: string, spec: Role, role: Role, account: AccountSettings): Judgement | undefined {
  const here = account.roles[verb];
  const needed = here !== undefined && roleAtLeast(here, spec) ? here : spec;
  return roleAtLeast(role, needed) ? undefined : refuse(`${verb} needs the role ${needed}; yours is ${role} here.`);
}

function itemOfInput(input: Readonly<Record<string, unknown>>, view: View): ReturnType<typeof findItem> | undefined {
  const ref = input["item"];
  return typeof ref === "string" ? findItem(view, ref) : undefined;
}

/** Asks back, and keeps what a "yes" would run: the same line, with the item as it was understood. */
function ask(
  wanted: Extract<Wanted, { type: "command" }>,
  about: LiveItem | undefined,
  ageMs: number | undefined,
  command: RoomCommand,
  { account }: JudgeContext,
): Judgement {
  const [name = ""] = wanted.verb.names;
  const proposal = proposalOf(wanted, about);
  const title = about?.registers.title.value;
  const age = ageMs === undefined ? [] : [plain(`That is ${Math.round(ageMs / 60_000)} minutes old. `)];
  const others = account.fourEyes.includes(name) ? [plain(" Somebody else has to say so.")] : [];
  const reply: Body = [
    ...age,
    plain(`${capital(name)} `),
    ...(about === undefined ? [] : [code(`#${about.id.slice(0, 6)}`), plain(" ")]),
    strong(title ?? short(proposal.slice(name.length + 1))),
    plain("? Say "),
    code(`yes ${codeOf(command.id)}`),
    plain(" within ten minutes."),
    ...others,
  ];
  return settle("asked", reply, { item: about?.id ?? "", proposal, version: about?.best.id ?? "" });
}

function proposalOf({ verb, input }: Extract<Wanted, { type: "command" }>, about: LiveItem | undefined): string {
  const [name = ""] = verb.names;
  const words: string[] = [name];
  if (about !== undefined) words.push(`#${about.id}`);
  const named = new Set(["item", ...verb.parameters.map(({ field }) => field), ...Object.keys(verb.fixed ?? {})]);
  for (const { field, kind } of verb.parameters) {
    const value = input[field];
    if (kind !== "item" && typeof value === "string") words.push(value);
  }
  const flags = Object.entries(input).flatMap(([key, value]) =>
    named.has(key) || (key === "text" && verb.parameters.some(({ kind }) => kind === "line-and-text"))
      ? []
      : [value === true ? `--${key}` : `--${key}="${String(value)}"`],
  );
  words.splice(about === undefined ? 1 : 2, 0, ...flags);
  const story = verb.parameters.some(({ kind }) => kind === "line-and-text") ? input["text"] : undefined;
  return typeof story === "string" ? `${words.join(" ")}\n${story}` : words.join(" ");
}

function judgeYes(pending: RoomCommand, command: RoomCommand, authority: Authority, context: JudgeContext): Judgement {
  const { settled, received } = pending;
  if (settled === undefined || authority.role === undefined) return refuseStranger(command, authority);
  if (context.nowMs - settled.stamp.wall > FRESH_MS) return refuse("That question is too old. Say it again.");
  const parsed = parseLine(settled.proposal, { threadItem: undefined, itemByTitle: () => undefined });
  if (!parsed.ok || parsed.value.type !== "command") return refuse("I cannot do that any more. Say it again.");
  const [name = ""] = parsed.value.verb.names;
  const isSame = isSamePerson(received.principal, command.received.principal, context.view);
  if (context.account.fourEyes.includes(name) && isSame) {
    return refuse(`${capital(name)} has to be confirmed by somebody else than who asked for it.`);
  }
  if (!context.account.fourEyes.includes(name) && !isSame) {
    return refuse("Only who asked for it can confirm it. Say it yourself.");
  }
  const checked = parseCommand(parsed.value.command, parsed.value.input);
  if (!checked.ok) return refuse(`${checked.error.message}.`);
  const refused = refuseRole(name, checked.value.spec.role, authority.role, context.account);
  if (refused !== undefined) return refused;
  const item = settled.item === "" ? undefined : context.view.items.get(settled.item);
  if (item !== undefined && isLive(item) && settled.version !== "" && item.best.id !== settled.version) {
    return refuse(movedOn(item), { item: item.id, answers: pending.id });
  }
  return { type: "write", command: checked.value.command, role: authority.role, seed: pending.id, answers: pending.id };
}

function judgeNo(pending: RoomCommand, command: RoomCommand, authority: Authority): Judgement {
  if (authority.role === undefined) return refuseStranger(command, authority);
  return settle("done", [plain("Good. I did nothing.")], { answers: pending.id, item: pending.settled?.item ?? "" });
}

function isSamePerson(a: string, b: string, { chat }: View): boolean {
  const { byPrincipal } = chat.people();
  return a === b || (byPrincipal.get(a) !== undefined && byPrincipal.get(a)?.name === byPrincipal.get(b)?.name);
}

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);
const short = (text: string): string => (text.length > 60 ? `${text.slice(0, 60)}…` : text);
