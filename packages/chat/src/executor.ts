/**
 * Carries out what waits in the inbox of one account, one command at a time, oldest first. The outcome and its effects are
 * one write: a command is done, with its reply decided, or it still waits.
 */
import {
  type Body,
  type ChatBody,
  block,
  CHAT_ENTITY,
  type Command,
  type CommandError,
  type Decision,
  type Draft,
  err,
  fromHex,
  isLive,
  LIVE,
  ok,
  plain,
  plainOutput,
  type Result,
  type RoomCommand,
  usageOf,
  VERBS,
} from "@skein/core";
import type { ChatDesk, Clock, Logger } from "@skein/node";

import type { AccountSettings } from "./account.ts";
import { answerPage, boardPage, forRooms, reference } from "./answers.ts";
import { contained, reasonOf } from "./contained.ts";
import type { Interpret, InterpreterFacts } from "./interpreter.ts";
import { judge, judgeProposed } from "./judge.ts";
import type { JudgeContext, Judgement, ReadQuestion, Settling } from "./judgement.ts";

export interface ExecutorDeps {
  readonly desk: ChatDesk;
  readonly clock: Clock;
  readonly log: Logger;
  readonly sha256: (bytes: Uint8Array) => Uint8Array;
  readonly account: AccountSettings;
  /** How much text fits into one message. */
  readonly maxText: number;
  /** Who turns talk into a proposal; nobody when it is left out. */
  readonly interpreter?: (() => Interpret | undefined) | undefined;
  /** What is decided here is added. */
  readonly decided: Set<string>;
  /** Asked again before each one. */
  readonly mayAct: () => boolean;
}

export interface Executor {
  /** Something may wait. */
  poke(): void;
  /** Resolves when nothing is under way. */
  idle(): Promise<void>;
}

const INTERPRETED_AT_ONCE = 2;
const DECIDED_MAX = 1_000;

export function createExecutor(deps: ExecutorDeps): Executor {
  let running: Promise<void> | undefined;
  let again = false;
  // An interpreter takes its time, and nobody else's command waits for it.
  const interpreted = new Map<string, Promise<void>>();
  const interpretBeside = (command: RoomCommand, text: string): void => {
    if (interpreted.has(command.id) || interpreted.size >= INTERPRETED_AT_ONCE) return;
    const run = async (): Promise<void> => {
      const isSaved = await interpret(deps, command, text).catch((cause: unknown) => giveUpOn(deps, command, cause));
      interpreted.delete(command.id);
      if (isSaved) poke();
    };
    interpreted.set(command.id, contained("interpreter", deps, run));
  };
  const carryOut = async (command: RoomCommand): Promise<boolean> => {
    const judgement = judgeNow(deps, command);
    if (judgement.type === "read") return answer(deps, command, judgement);
    if (judgement.type !== "interpret") return write(deps, command);
    interpretBeside(command, judgement.text);
    return true;
  };
  const loop = async (): Promise<void> => {
    do {
      again = false;
      for (const command of waitingOf(deps)) {
        if (!deps.mayAct()) return;
        const done = await carryOut(command).catch((cause: unknown) => giveUpOn(deps, command, cause));
        // The disk refused: everything waits until it does not.
        if (!done) return;
      }
    } while (again);
  };
  const poke = (): void => {
    again = true;
    running ??= contained("executor", deps, loop).finally(() => {
      running = undefined;
    });
  };
  return {
    poke,
    idle: async () => {
      await running;
      await Promise.all(interpreted.values());
      // What was interpreted set it going again.
      await running;
    },
  };
}

function waitingOf({ desk, account }: ExecutorDeps): readonly RoomCommand[] {
  const { chat } = desk.view();
  return [...chat.waiting]
    .flatMap((id) => chat.commands.get(id) ?? [])
    .filter(({ received }) => received.account === account.id)
    .toSorted((a, b) => a.received.stamp.lamport - b.received.stamp.lamport);
}

async function answer(
  deps: ExecutorDeps,
  command: RoomCommand,
  judgement: Extract<Judgement, { type: "read" }>,
): Promise<boolean> {
  const reply = await ask(deps, judgement.question);
  const isLive = judgement.question.type === "board" && judgement.question.isLive;
  return settle(deps, command, { ...DONE, reply, item: judgement.item, proposal: isLive ? LIVE : "" });
}

/** What somebody said in their own words becomes a question to them at most. False when nothing was saved. */
async function interpret(deps: ExecutorDeps, command: RoomCommand, text: string): Promise<boolean> {
  const ask = deps.interpreter?.();
  const line = ask === undefined ? err("There is no interpreter any more.") : await ask(factsOf(deps, text));
  // Another node speaks by now, and asks an interpreter of its own.
  if (!deps.mayAct()) return false;
  if (!line.ok) return settle(deps, command, { ...DONE, outcome: "refused", reply: [plain(line.error)] });
  const judged = judgeProposed(line.value, command, contextOf(deps));
  if (judged.type === "read") return answer(deps, command, judged);
  if (judged.type === "settle") return settle(deps, command, judged.settling);
  throw new Error("a proposal is asked about, never carried out");
}

const FACTS = 50;

/** The board's newest items and what can be said: data for the interpreter. */
function factsOf({ desk }: ExecutorDeps, text: string): InterpreterFacts {
  const items = [...desk.view().items.values()]
    .filter(isLive)
    .toSorted((a, b) => b.updatedAt - a.updatedAt)
    .slice(0, FACTS)
    .map(({ id, registers, best }) => ({ id, title: registers.title.value, stage: best.state.stage.stage }));
  const verbs = VERBS.flatMap((verb) => (verb.command === null ? [] : [`${usageOf(verb)}: ${verb.summary}`]));
  return { text, verbs, items };
}

const contextOf = ({ desk, account, clock, sha256, maxText, interpreter }: ExecutorDeps): JudgeContext => ({
  view: desk.view(),
  account,
  nowMs: clock.wallMs(),
  sha256,
  maxText,
  canInterpret: interpreter?.() !== undefined,
});

const judgeNow = (deps: ExecutorDeps, command: RoomCommand): Judgement => judge(command, contextOf(deps));

/** A fault of this program costs the one command that met it; left waiting it would be met again for ever. */
async function giveUpOn(deps: ExecutorDeps, command: RoomCommand, cause: unknown): Promise<boolean> {
  const message = reasonOf(cause);
  deps.log("error", "chat.fault", { account: deps.account.id, message });
  deps.desk.incident("chat", deps.account.id, `A command from a room could not be carried out: ${message}`);
  const reply = [plain("Something went wrong with that in me. I did nothing.")];
  return settle(deps, command, { ...DONE, outcome: "refused", reply }).catch(() => false);
}

const DONE: Settling = { outcome: "done", reply: [], item: "", proposal: "", version: "", answers: "" };

/** An answer is an op, and an op has a size. Nobody reads that far in a room. */
const REPLY_LENGTH = 12_000;

function bounded(reply: Body): Body {
  let room = REPLY_LENGTH;
  return reply.slice(0, 400).flatMap((span) => {
    const text = span.text.slice(0, Math.max(0, room));
    room -= span.text.length;
    return text === "" ? [] : [{ ...span, text }];
  });
}

const settleDraft = (command: RoomCommand, settling: Settling, effects: number): Draft => ({
  entity: CHAT_ENTITY,
  on: null,
  body: { kind: "chat.settle", command: command.id, ...settling, reply: bounded(settling.reply), effects },
});

const draftsOf = (bodies: readonly ChatBody[]): readonly Draft[] =>
  bodies.map((body) => ({ entity: CHAT_ENTITY, on: null, body }));

const isSettled = ({ desk }: ExecutorDeps, { id }: RoomCommand): boolean => !desk.view().chat.waiting.has(id);

async function settle(deps: ExecutorDeps, command: RoomCommand, settling: Settling): Promise<boolean> {
  const decide = (): Result<readonly Draft[], never> =>
    ok(isSettled(deps, command) ? [] : [settleDraft(command, settling, 0)]);
  return saved(deps, command, await decideHere(deps, command, decide));
}

/** Answers go out as soon as it is durable, so it is known before that who decided it. */
async function decideHere(
  { desk, decided }: ExecutorDeps,
  command: RoomCommand,
  decide: () => Result<readonly Draft[], CommandError>,
): ReturnType<ChatDesk["write"]> {
  // Some commands are answered with silence. To forget one costs a look on the platform.
  if (decided.size >= DECIDED_MAX) decided.clear();
  decided.add(command.id);
  const written = await desk.write(decide);
  if (!written.ok || written.value.length === 0) decided.delete(command.id);
  return written;
}

/** False when nothing was saved, or when what was saved did not end the command: it would come again at once. */
function saved(deps: ExecutorDeps, command: RoomCommand, written: Awaited<ReturnType<ChatDesk["write"]>>): boolean {
  const problem = written.ok ? "what was written does not count" : written.error.message;
  const isDone = written.ok && isSettled(deps, command);
  if (!isDone) deps.log("warn", "chat.not-saved", { account: deps.account.id, message: problem });
  return isDone;
}

interface Effects {
  readonly drafts: readonly Draft[];
  readonly settling: Settling;
}

/** Judged once more at the moment of writing: who may do it, and how the item stands, may have changed since. */
async function write(deps: ExecutorDeps, command: RoomCommand): Promise<boolean> {
  const { desk } = deps;
  let effects: readonly Draft[] = [];
  let fault: unknown;
  const written = await decideHere(deps, command, (): Result<readonly Draft[], CommandError> => {
    try {
      if (isSettled(deps, command)) return ok([]);
      const { drafts, settling } = effectsOf(deps, command);
      effects = drafts;
      return ok([...drafts, settleDraft(command, settling, drafts.length)]);
    } catch (cause) {
      // Thrown in here it would end the node.
      fault = cause;
      return ok([]);
    }
  });
  if (fault !== undefined) return giveUpOn(deps, command, fault);
  if (!saved(deps, command, written)) return false;
  if (written.ok)
    desk.watch(
      written.value.slice(0, effects.length),
      effects.map(({ body }) => body),
    );
  return true;
}

function effectsOf(deps: ExecutorDeps, command: RoomCommand): Effects {
  const judgement = judgeNow(deps, command);
  switch (judgement.type) {
    case "settle":
      return { drafts: draftsOf(judgement.effects ?? []), settling: judgement.settling };
    case "read":
    case "interpret":
      return { drafts: [], settling: { ...DONE, outcome: "refused", reply: [plain("Say that again.")] } };
    case "write":
      return decided(deps, command, judgement);
    default:
      return judgement satisfies never;
  }
}

function decided(
  deps: ExecutorDeps,
  command: RoomCommand,
  { command: wanted, role, seed, answers }: Extract<Judgement, { type: "write" }>,
): Effects {
  const idBytes = fromHex(seed.slice(0, 16)) ?? new Uint8Array(8);
  const decision = deps.desk.decide(wanted, { role, by: command.received.principal, idBytes });
  if (!decision.ok) {
    const reply = [plain(forRooms(decision.error.message))];
    return { drafts: [], settling: { ...DONE, outcome: "refused", reply, answers } };
  }
  const reply = doneReply(deps, wanted, decision.value);
  return { drafts: decision.value.drafts, settling: { ...DONE, reply, item: decision.value.item ?? "", answers } };
}

/** One line saying what was done to what. */
function doneReply({ desk }: ExecutorDeps, command: Command, { item }: Decision): Body {
  const history = item === null ? undefined : desk.view().items.get(item);
  const title = command.name === "item.add" ? command.input.title : (history?.registers?.title.value ?? "");
  const about = item === null ? [] : [reference(item), plain(` ${title}`)];
  const said = SAID[command.name];
  return [plain(said === undefined ? "Done. " : `${said} `), ...about];
}

const SAID: Partial<Readonly<Record<Command["name"], string>>> = {
  "item.add": "Added",
  "item.start": "Started",
  "item.move": "Moved",
  "item.edit": "Changed",
  "item.note": "Noted on",
  "item.comment": "Commented on",
  "item.answer": "Answered:",
  "item.hold": "Changed the hold of",
  "item.approve": "Approved:",
  "item.reject": "Sent back:",
  "item.archive": "Archived",
  "item.restore": "Restored",
  "item.delete": "Deleted",
  "queue.pause": "Said; queue shows what still lands.",
  "queue.resume": "The merge queue goes on.",
  "node.drain": "It takes no more work; nodes shows it, and unpark lets it take work again.",
  "node.undrain": "It takes work again.",
};

async function ask({ desk }: ExecutorDeps, question: ReadQuestion): Promise<Body> {
  switch (question.type) {
    case "command": {
      const answer = await desk.read(question.command.name, question.command.input);
      return answer.ok ? answerPage(question.command.name, answer.value) : [plain(forRooms(answer.error.message))];
    }
    case "board": {
      const answer = await desk.read("item.list", { all: false });
      return answer.ok ? boardPage(answer.value) : [plain(forRooms(answer.error.message))];
    }
    case "log":
      return logTail(desk, question.item);
    default:
      return question satisfies never;
  }
}

const TAIL_LINES = 20;
const TAIL_LENGTH = 4_000;

/** Logs may be long and on another node, and every other command waits meanwhile: only the end is asked for. */
async function logTail(desk: ChatDesk, item: string): Promise<Body> {
  const first = await desk.readLog({ item, offset: 0 });
  if (!first.ok) return [plain(forRooms(first.error.message))];
  const { end, nextOffset } = first.value;
  const last = nextOffset >= end ? first : await desk.readLog({ item, offset: Math.max(0, end - 4 * TAIL_LENGTH) });
  if (!last.ok) return [plain(forRooms(last.error.message))];
  const lines = plainOutput(last.value.text).slice(-TAIL_LENGTH).trimEnd().split("\n").slice(-TAIL_LINES);
  return lines.join("").trim() === "" ? [plain("Its log is empty so far.")] : [block(lines.join("\n"))];
}
