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
  fromHex,
  LIVE,
  ok,
  plain,
  type Result,
  type RoomCommand,
} from "@skein/core";
import type { ChatDesk, Clock, Logger } from "@skein/node";

import type { AccountSettings } from "./account.ts";
import { answerPage, boardPage, forRooms, reference } from "./answers.ts";
import { judge, type Judgement, type ReadQuestion, type Settling } from "./judge.ts";

export interface ExecutorDeps {
  readonly desk: ChatDesk;
  readonly clock: Clock;
  readonly log: Logger;
  readonly sha256: (bytes: Uint8Array) => Uint8Array;
  readonly account: AccountSettings;
  /** How much text fits into one message. */
  readonly maxText: number;
  /** Asked again before each one. */
  readonly mayAct: () => boolean;
}

export interface Executor {
  /** Something may wait. */
  poke(): void;
  /** Resolves when nothing is under way. */
  idle(): Promise<void>;
}

export function createExecutor(deps: ExecutorDeps): Executor {
  let running: Promise<void> | undefined;
  let again = false;
  const loop = async (): Promise<void> => {
    do {
      again = false;
      for (const command of waitingOf(deps)) {
        if (!deps.mayAct()) return;
        const done = await carryOut(deps, command);
        // The disk refused: everything waits until it does not.
        if (!done) return;
      }
    } while (again);
  };
  return {
    poke: () => {
      again = true;
      running ??= loop().finally(() => {
        running = undefined;
      });
    },
    idle: () => running ?? Promise.resolve(),
  };
}

function waitingOf({ desk, account }: ExecutorDeps): readonly RoomCommand[] {
  const { chat } = desk.view();
  return [...chat.waiting]
    .flatMap((id) => chat.commands.get(id) ?? [])
    .filter(({ received }) => received.account === account.id)
    .toSorted((a, b) => a.received.stamp.lamport - b.received.stamp.lamport);
}

/** False when nothing could be saved. */
async function carryOut(deps: ExecutorDeps, command: RoomCommand): Promise<boolean> {
  const { desk, account, clock, sha256, maxText } = deps;
  const judgement = judge(command, { view: desk.view(), account, nowMs: clock.wallMs(), sha256, maxText });
  switch (judgement.type) {
    case "settle":
      return settle(deps, command, judgement.settling, draftsOf(judgement.effects ?? []));
    case "read": {
      const reply = await ask(deps, judgement.question);
      const isLive = judgement.question.type === "board" && judgement.question.isLive;
      return settle(deps, command, { ...DONE, reply, item: judgement.item, proposal: isLive ? LIVE : "" });
    }
    case "write":
      return write(deps, command, judgement);
    default:
      return judgement satisfies never;
  }
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

async function settle(
  deps: ExecutorDeps,
  command: RoomCommand,
  settling: Settling,
  effects: readonly Draft[] = [],
): Promise<boolean> {
  const written = await deps.desk.write(() =>
    ok(isSettled(deps, command) ? [] : [...effects, settleDraft(command, settling, effects.length)]),
  );
  if (!written.ok) deps.log("warn", "chat.not-saved", { account: deps.account.id, message: written.error.message });
  return written.ok;
}

async function write(
  deps: ExecutorDeps,
  command: RoomCommand,
  { command: wanted, role, seed, answers }: Extract<Judgement, { type: "write" }>,
): Promise<boolean> {
  const { desk } = deps;
  let effects: readonly Draft[] = [];
  const written = await desk.write((): Result<readonly Draft[], CommandError> => {
    if (isSettled(deps, command)) return ok([]);
    const idBytes = fromHex(seed.slice(0, 16)) ?? new Uint8Array(8);
    const decided = desk.decide(wanted, { role, by: command.received.principal, idBytes });
    if (!decided.ok) {
      const reply = [plain(forRooms(decided.error.message))];
      return ok([settleDraft(command, { ...DONE, outcome: "refused", reply, answers }, 0)]);
    }
    effects = decided.value.drafts;
    const reply = doneReply(deps, wanted, decided.value);
    const settling: Settling = { ...DONE, reply, item: decided.value.item ?? "", answers };
    return ok([...effects, settleDraft(command, settling, effects.length)]);
  });
  if (!written.ok) return false;
  desk.watch(
    written.value.slice(0, effects.length),
    effects.map(({ body }) => body),
  );
  return true;
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
  "item.answer": "Answered:",
  "item.hold": "Changed the hold of",
  "item.reject": "Sent back:",
  "item.archive": "Archived",
  "item.restore": "Restored",
  "item.delete": "Deleted",
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

async function logTail(desk: ChatDesk, item: string): Promise<Body> {
  let offset = 0;
  let tail = "";
  // Logs are bounded where they are written; the end of one is read as a reader would, piece by piece.
  for (let piece = 0; piece < 1_024; piece++) {
    const chunk = await desk.readLog({ item, offset });
    if (!chunk.ok) return [plain(forRooms(chunk.error.message))];
    tail = (tail + chunk.value.text).slice(-4_000);
    if (chunk.value.nextOffset <= offset) break;
    offset = chunk.value.nextOffset;
  }
  const lines = tail.trimEnd().split("\n").slice(-TAIL_LINES);
  return lines.join("").trim() === "" ? [plain("Its log is empty so far.")] : [block(lines.join("\n"))];
}
