/**
 * Reads an attempt's captured output from wherever it is: this node's disk, or over a link from the node that captured it.
 */
import {
  type BoardAttempt,
  type CommandError,
  err,
  findItem,
  ITEM_ID,
  LIMITS,
  type Message,
  ok,
  type Result,
  type View,
} from "@skein/core";

import type { LogChunk } from "./api.ts";
import type { PeerLink } from "./links/peer-link.ts";
import type { AttemptLogs, Cancel, Clock } from "./ports.ts";

const ANSWER_MS = 5_000;

export interface LogReaderDeps {
  readonly clock: Clock;
  readonly logs: AttemptLogs;
  /** This node's member id. */
  readonly self: () => string;
  readonly view: () => View;
  readonly attempts: () => ReadonlyMap<string, BoardAttempt>;
  /** The link to a member, by its id. */
  readonly linkTo: (member: string) => PeerLink | undefined;
  readonly nameOf: (key: string) => string;
  /** Is an attempt of this item and epoch running here? */
  readonly isRunning: (item: string, epoch: number) => boolean;
}

export interface LogReader {
  read(query: {
    readonly item: string;
    readonly epoch?: number;
    readonly offset: number;
  }): Promise<Result<LogChunk, CommandError>>;
  /** A question or an answer of a peer. */
  receive(link: PeerLink, message: Message): void;
}

type Answer = Extract<Message, { type: "log-data" }>;

export function createLogReader(deps: LogReaderDeps): LogReader {
  const waiting = new Map<
    number,
    {
      /** Who was asked: ids are easily guessed, and nobody else may answer. */
      readonly link: PeerLink;
      readonly resolve: (answer: Answer | undefined) => void;
      readonly cancel: Cancel;
    }
  >();
  let nextId = 1;

  const ask = (link: PeerLink, item: string, epoch: number, offset: number): Promise<Answer | undefined> =>
    new Promise((resolve) => {
      const id = nextId++;
      const cancel = deps.clock.after(ANSWER_MS, () => {
        waiting.delete(id);
        resolve(undefined);
      });
      waiting.set(id, { link, resolve, cancel });
      link.send({ type: "log-read", id, item, epoch, offset });
    });

  const answer = (message: Extract<Message, { type: "log-read" }>): Answer => {
    const { id, item, epoch, offset } = message;
    const ended = !deps.isRunning(item, epoch);
    const none: Answer = { type: "log-data", id, epoch: 0, bytes: new Uint8Array(), end: 0, ended };
    if (!ITEM_ID.test(item)) return none;
    const found = deps.logs.read({ item, epoch }, offset, LIMITS.logBytes);
    if (found === undefined) return none;
    return { type: "log-data", id, epoch, bytes: found.bytes, end: found.end, ended };
  };

  return {
    receive: (link, message) => {
      if (message.type === "log-read") return link.send(answer(message));
      if (message.type !== "log-data") return undefined;
      const waiter = waiting.get(message.id);
      if (waiter?.link !== link) return undefined;
      waiting.delete(message.id);
      waiter.cancel();
      return waiter.resolve(message);
    },
    read: async ({ item: ref, epoch, offset }) => {
      const item = findItem(deps.view(), ref);
      if (!item.ok) return item;
      const attempt = pickAttempt(deps, item.value.id, epoch);
      if (attempt === undefined) {
        return err({
          code: "not-found",
          message: `Item ${item.value.id} has no attempt${epoch === undefined ? "" : ` ${epoch}`} with a log.`,
        });
      }
      const { node, epoch: at } = attempt;
      if (node === deps.self()) {
        const local = answer({ type: "log-read", id: 0, item: item.value.id, epoch: at, offset });
        return ok(toChunk(item.value.id, at, node, offset, local));
      }
      const link = deps.linkTo(node);
      const remote = link === undefined ? undefined : await ask(link, item.value.id, at, offset);
      if (remote === undefined) {
        const where = `The log of attempt ${at} is on ${deps.nameOf(node)}, which this node has no link to right now.`;
        return err({ code: "unavailable", message: `${where} Ask there, or try again when it is back.` });
      }
      return ok(toChunk(item.value.id, at, node, offset, remote));
    },
  };
}

/** The epoch asked for, else the newest attempt. */
function pickAttempt(deps: LogReaderDeps, item: string, epoch: number | undefined): BoardAttempt | undefined {
  const own = [...deps.attempts().values()].filter((attempt) => attempt.item === item);
  if (epoch !== undefined) return own.find((attempt) => attempt.epoch === epoch);
  return own.toSorted((a, b) => b.epoch - a.epoch)[0];
}

/** Cut at a whole character, so that a chunk's text has exactly the bytes it stands for. */
function toChunk(item: string, epoch: number, node: string, offset: number, answer: Answer): LogChunk {
  const whole = answer.bytes.subarray(0, wholeCharacters(answer.bytes));
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(whole);
  const nextOffset = offset + whole.length;
  const { end } = answer;
  return { item, epoch, node, offset, text, nextOffset, end, ended: answer.ended && nextOffset >= end };
}

/** Length without a UTF-8 sequence that is cut off at the end. */
function wholeCharacters(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return needed > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

const LAST_OUTPUT_BYTES = 4_096;

/** The end of the newest log of the item that is older than this epoch. */
export function lastOutputOf(logs: AttemptLogs, item: string, epoch: number): string {
  const earlier = logs.epochs(item).findLast((one) => one < epoch);
  if (earlier === undefined) return "";
  const size = logs.read({ item, epoch: earlier }, 0, 0)?.end ?? 0;
  const read = logs.read({ item, epoch: earlier }, Math.max(0, size - LAST_OUTPUT_BYTES), LAST_OUTPUT_BYTES);
  return read === undefined ? "" : new TextDecoder().decode(read.bytes);
}
