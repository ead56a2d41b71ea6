/**
 * A durable line from a room → what is to happen. Pure: the view, the settings and the time come in, a judgement goes out.
 * Who may do it is judged here and nowhere earlier, so at the moment when it would be done.
 */
import {
  assert,
  type Body,
  findItem,
  isLive,
  messageKey,
  parseCommand,
  parseLine,
  plain,
  roleAtLeast,
  type RoomCommand,
  verbOf,
  type View,
  type Wanted,
} from "@skein/core";

import { forRooms } from "./answers.ts";
import { ask, judgeNo, judgeYes, refuseBelow } from "./asking.ts";
import { type Authority, authorityOf } from "./authority.ts";
import { byCode, byMessage, FRESH_MS, onlyOneHere, type Place } from "./confirmation.ts";
import {
  ignore,
  type JudgeContext,
  type Judgement,
  movedOn,
  refuse,
  refuseStranger,
  settle,
  type Settling,
} from "./judgement.ts";
import { VERSION_LENGTH } from "./due.ts";
import { judgePairing } from "./pairing.ts";
import { helpPage, whoPage } from "./pages.ts";
import { PARTS_AT_ONCE, partsOf } from "./parts.ts";
import { type OpenQuestion, openQuestionsOf, pressedAnswer, questionAnsweredBy, questionTopic } from "./questions.ts";
import { nameOf, plainly, rulesFor, verbsIn } from "./rules.ts";
import { judgeSetting } from "./settings-verbs.ts";

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
      if (isTakenBack(command, context)) {
        return refuse("You changed that message before I came to it, so I did nothing. Say it again.");
      }
      if (received.text.trim() === "" && received.type === "message") {
        return refuse("That message was empty, or longer than 8,000 characters. I did nothing.");
      }
      return judgeLine(received.text.trim() === "" ? "help" : received.text, command, authority, context);
    default:
      return received.type satisfies never;
  }
}

type WantedCommand = Extract<Wanted, { type: "command" }>;

const placeOf = ({ received }: RoomCommand): Place => received;

// ── what is no line ─────────────────────────────────────────────────────────────────────────────────────────────────

function judgeEdit(command: RoomCommand, { view }: JudgeContext): Judgement {
  const { received } = command;
  const pending = [...view.chat.asked].find((id) => {
    const one = view.chat.commands.get(id)?.received;
    return one !== undefined && isSameMessage(one, received) && one.principal === received.principal;
  });
  if (pending === undefined) return ignore();
  return settle("done", [plain("You changed that message, so I forgot what I asked about it.")], { answers: pending });
}

/** Its author has edited or removed it while it waited, which waits behind it. */
const isTakenBack = ({ received }: RoomCommand, { view: { chat } }: JudgeContext): boolean =>
  received.type === "message" &&
  [...chat.waiting].some((id) => {
    const one = chat.commands.get(id)?.received;
    return one?.type === "edit" && isSameMessage(one, received) && one.principal === received.principal;
  });

const isSameMessage = (a: RoomCommand["received"], b: RoomCommand["received"]): boolean =>
  a.account === b.account && a.room === b.room && a.message === b.message;

const YES: ReadonlySet<string> = new Set(["✅", "👍", "yes", "+1"]);
const NO: ReadonlySet<string> = new Set(["❌", "👎", "no", "-1"]);

function judgeReaction(command: RoomCommand, authority: Authority, context: JudgeContext): Judgement {
  const { received } = command;
  const pending = byMessage(context.view.chat, placeOf(command), received.message);
  if (pending === undefined) return ignore();
  // A variation selector or a skin tone changes nothing of what is meant.
  const meant = received.text.replaceAll(/\ufe0f|\p{Emoji_Modifier}/gu, "");
  if (YES.has(meant)) return judgeYes(pending, command, authority, context);
  if (NO.has(meant)) return judgeNo(pending, command, authority, context);
  return ignore();
}

/** `yes:CODE`, `no:CODE`, `answer:ITEM:QUESTION:PLACE` or `VERB:ITEM:VERSION`. */
function judgeButton(command: RoomCommand, authority: Authority, context: JudgeContext): Judgement {
  const { text } = command.received;
  const [verb = "", about = "", version = ""] = text.split(":");
  if (verb === "yes" || verb === "no") {
    const gone = "That question is answered, or too old. Say it again.";
    return judgeConfirmation(verb, pendingWithCode(about, command.received.message, command, context), gone, {
      command,
      authority,
      context,
    });
  }
  if (verb === "answer") {
    const pressed = pressedAnswer(text, context.view);
    if (pressed === undefined) return refuse("That is answered already, or not asked any more.");
    return judgeAnswer(pressed.question, pressed.option, command, authority, context);
  }
  const item = context.view.items.get(about);
  if (item === undefined || !isLive(item)) return refuse("That item is gone.");
  const isCurrent = version.length === VERSION_LENGTH && item.best.id.startsWith(version);
  if (!isCurrent) return refuse(movedOn(item), { item: item.id });
  // A button's value is one word and an item, whoever sent it.
  return /^[a-z]+$/.test(verb)
    ? judgeLine(`${verb} #${about}`, command, authority, context)
    : refuse("I do not know that button.");
}

// ── lines ───────────────────────────────────────────────────────────────────────────────────────────────────────────

function judgeLine(line: string, command: RoomCommand, authority: Authority, context: JudgeContext): Judgement {
  const { view } = context;
  const threadItem = itemOfPlace(command, view);
  const asked = questionAnsweredBy(line, command, threadItem, view);
  const parsed = parseLine(line, { threadItem, itemByTitle: (title) => itemByTitle(view, title) });
  if (asked !== undefined) {
    const pending = isConfirmation(parsed) ? pendingFor(undefined, command, context) : undefined;
    if (pending === undefined || isReplyToQuestion(command, asked, view)) {
      return judgeAnswer(asked, line.trim(), command, authority, context);
    }
    // A yes to the agent is none to what somebody else asked for.
    if (byMessage(view.chat, placeOf(command), command.received.quotes) === undefined) return refuse(TWO_WAIT);
  }
  if (!parsed.ok) return judgeNoCommand(line, threadItem, parsed.error, command, authority, context);
  const wanted = parsed.value;
  if (wanted.type === "room") return judgeRoomVerb(wanted, command, authority, context);
  return judgeCommand(wanted, command, authority, context);
}

const TWO_WAIT =
  "Two things wait for that here: what the agent asks, and what I asked back. Reply to the one that you mean, or say yes CODE. I did nothing.";

/** A bare yes or no. */
const isConfirmation = (parsed: ReturnType<typeof parseLine>): boolean =>
  parsed.ok &&
  parsed.value.type === "room" &&
  ["yes", "no"].includes(nameOf(parsed.value.verb)) &&
  parsed.value.input["code"] === undefined;

const isReplyToQuestion = ({ received }: RoomCommand, { question }: OpenQuestion, { chat }: View): boolean =>
  chat.messages.get(messageKey(received.account, received.room, received.quotes))?.about === questionTopic(question);

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
  const [asked] = threadItem === undefined ? [] : openQuestionsOf(context.view, threadItem);
  if (problem.type === "no-verb" && asked !== undefined) {
    return judgeAnswer(asked, line.trim(), command, authority, context);
  }
  if (authority.role === undefined) return refuseStranger(command, authority);
  const isTalk = problem.type === "no-verb" && command.received.type === "message";
  if (isTalk && context.canInterpret && roleAtLeast(authority.role, "operator"))
    return { type: "interpret", text: line };
  return refuse(problem.message);
}

/**
 * A line that an interpreter proposes for what somebody said. Whatever it is, nothing is done before that person has said yes:
 * the interpreter read their words, and anybody's that were in them.
 */
export function judgeProposed(line: string, command: RoomCommand, context: JudgeContext): Judgement {
  const { received } = command;
  const { view, account } = context;
  const authority = authorityOf(received.principal, received, account, view);
  const parsed = parseLine(line, {
    threadItem: itemOfPlace(command, view),
    itemByTitle: (title) => itemByTitle(view, title),
  });
  if (authority.role === undefined) return refuseStranger(command, authority);
  if (!parsed.ok || parsed.value.type !== "command") return refuse(NOT_UNDERSTOOD);
  return judgeCommand(parsed.value, command, authority, context, true);
}

const NOT_UNDERSTOOD = "I did not understand that. Say help for what I know. I did nothing.";

/** Not by way of a line: an answer may hold anything, also what looks like a flag. */
function judgeAnswer(
  { item, question }: OpenQuestion,
  text: string,
  command: RoomCommand,
  authority: Authority,
  context: JudgeContext,
): Judgement {
  const verb = verbOf("answer");
  assert(verb !== undefined, "there is a verb for answers");
  const input = { item, question, text };
  return judgeCommand({ type: "command", verb, command: "item.answer", input }, command, authority, context);
}

function judgeRoomVerb(
  { verb, input, flags }: Extract<Wanted, { type: "room" }>,
  command: RoomCommand,
  authority: Authority,
  context: JudgeContext,
): Judgement {
  const name = nameOf(verb);
  if (name === "pair") return judgePairing(input["code"] ?? "", command, context);
  if (authority.role === undefined) return refuseStranger(command, authority);
  const refused = refuseBelow(rulesFor([verb], "observer", context.account), authority.role);
  if (refused !== undefined) return refused;
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
      const nothing = "Nothing waits for that here. Name it with its code: yes CODE.";
      return judgeConfirmation(name, pendingFor(input["code"], command, context), nothing, {
        command,
        authority,
        context,
      });
    }
    case "status":
      return input["item"] === undefined
        ? { type: "read", question: { type: "board", isLive: flags["live"] === true }, item: "" }
        : judgeLine(`show #${input["item"]}`, command, authority, context);
    case "log": {
      const item = findItem(context.view, input["item"] ?? "");
      if (!item.ok) return refuse(forRooms(item.error.message));
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
        // Marks and reactions say nothing, and what says nothing is no answer.
        one.settled !== undefined &&
        one.settled.reply.length > 0,
    )
    .toSorted((a, b) => b.received.stamp.lamport - a.received.stamp.lamport)[0];
  const rest = partsOf(last?.settled?.reply ?? [], maxText).slice(PARTS_AT_ONCE);
  return rest.length === 0 ? refuse("There is no more.") : { type: "settle", settling: done(rest.flat()) };
}

const done = (reply: Body): Settling => ({ outcome: "done", reply, item: "", proposal: "", version: "", answers: "" });

type Pending = RoomCommand | "several" | undefined;

function pendingFor(code: string | undefined, command: RoomCommand, context: JudgeContext): Pending {
  if (code !== undefined) return pendingWithCode(code, command.received.quotes, command, context);
  const { chat } = context.view;
  return (
    byMessage(chat, placeOf(command), command.received.quotes) ?? onlyOneHere(chat, placeOf(command), context.nowMs)
  );
}

/** Of several with one code it is the one whose message this hangs on. */
function pendingWithCode(code: string, message: string, command: RoomCommand, { view, nowMs }: JudgeContext): Pending {
  const found = byCode(view.chat, code, nowMs);
  const meant = byMessage(view.chat, placeOf(command), message);
  return found.length > 1 ? (found.find(({ id }) => id === meant?.id) ?? "several") : found[0];
}

function judgeConfirmation(
  word: "yes" | "no",
  pending: Pending,
  nothing: string,
  { command, authority, context }: Saying,
): Judgement {
  if (pending === undefined) return refuse(nothing);
  if (pending === "several") {
    return refuse(
      "More than one question has that code. Reply to the one that you mean, or ask for it anew. I did nothing.",
    );
  }
  return word === "yes"
    ? judgeYes(pending, command, authority, context)
    : judgeNo(pending, command, authority, context);
}

interface Saying {
  readonly command: RoomCommand;
  readonly authority: Authority;
  readonly context: JudgeContext;
}

// ── commands ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Commands that the node itself answers and that are nobody's secret. */
const ASKED_FROM_NODE: ReadonlySet<string> = new Set(["nodes", "claims", "doctor"]);

/** `isProposed`: nobody said it in these words, so whatever it changes is asked about. */
function judgeCommand(
  said: WantedCommand,
  command: RoomCommand,
  authority: Authority,
  context: JudgeContext,
  isProposed: boolean = false,
): Judgement {
  const { account, view, nowMs } = context;
  if (authority.role === undefined) return refuseStranger(command, authority);
  const item = itemOfInput(said.input, view);
  const about = item?.ok === true ? item.value : undefined;
  const isNode = (name: string): boolean =>
    [...view.membership.members.values()].some((member) => member.name === name && member.cut === null);
  const wanted = plainly(said, about, isNode);
  const parsed = parseCommand(wanted.command, wanted.input);
  if (!parsed.ok) return refuse(`${parsed.error.message}.`);
  const { spec } = parsed.value;
  const rules = rulesFor([said.verb, ...verbsIn(wanted)], spec.role, account);
  const refused = refuseBelow(rules, authority.role);
  if (refused !== undefined) return refused;
  if (item !== undefined && !item.ok) return refuse(forRooms(item.error.message));
  if (spec.effect !== "writes") {
    if (spec.effect === "asks-node" && !ASKED_FROM_NODE.has(wanted.command)) {
      return refuse(`${nameOf(wanted.verb)} is for a terminal.`);
    }
    return { type: "read", question: { type: "command", command: parsed.value.command }, item: about?.id ?? "" };
  }
  const ageMs = nowMs - command.received.at;
  const isStale = ageMs > FRESH_MS;
  if (isStale || isProposed || rules.confirms || rules.byOthers) {
    return ask({ wanted, about, ageMs: isStale ? ageMs : undefined, rules }, command, context);
  }
  return { type: "write", command: parsed.value.command, role: authority.role, seed: command.id, answers: "" };
}

function itemOfInput(input: Readonly<Record<string, unknown>>, view: View): ReturnType<typeof findItem> | undefined {
  const ref = input["item"];
  return typeof ref === "string" ? findItem(view, ref) : undefined;
}
