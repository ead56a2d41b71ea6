/**
 * Pieces of captured output between nodes: asks a peer for one and waits for its answer, answers what peers ask, and
 * passes a question on to where the output is when whoever asks has no link there.
 *
 * A question is passed on at most `logHops` times, within a small budget of this node's own: the node at the end counts it
 * as this one's, and nobody else's curiosity must bring this one over its budget there.
 */
import { type Budget, LIMITS, type Message, RELAYED_LOG_READS } from "@skein/core";

import type { PeerLink } from "./links/peer-link.ts";
import { createTokenBucket } from "./links/token-bucket.ts";
import type { Cancel, Clock } from "./ports.ts";

export type PieceAnswer = Extract<Message, { type: "log-data" }>;
export type PieceQuestion = Omit<Extract<Message, { type: "log-read" }>, "type" | "id" | "hops">;

export interface PeerReads {
  /** The first of these peers that has it; undefined when none of them says so in time. */
  ask(links: readonly PeerLink[], question: PieceQuestion, hops: number): Promise<PieceAnswer | undefined>;
  /** A question or an answer of a peer. */
  receive(link: PeerLink, message: Message): void;
}

export interface PeerReadsDeps {
  readonly clock: Clock;
  /** What this node has itself; undefined when it has nothing like that. `isPassedOn`: it may not be meant. */
  readonly own: (question: PieceQuestion, isPassedOn: boolean) => Omit<PieceAnswer, "type" | "id"> | undefined;
  /** Where else to ask: who has it, or whom to ask where that is. Nobody when this node is the one that has it. */
  readonly onward: (question: PieceQuestion) => Onward;
  readonly budget?: Budget;
}

interface Onward {
  readonly holder: PeerLink | undefined;
  readonly others: readonly PeerLink[];
}

const ANSWER_MS = 5_000;
/** Whoever passes a question on gives up earlier than who asked, so that somebody else's answer is still heard. */
const HOP_MS = 1_500;
/** Questions under way at once. */
const WAITING_MAX = 256;
/** So many peers are asked where to find something. */
const FANOUT = 4;

interface Waiter {
  /** Who was asked: ids are easily guessed, and nobody else may answer. */
  readonly link: PeerLink;
  readonly resolve: (answer: PieceAnswer | undefined) => void;
  readonly cancel: Cancel;
}

export function createPeerReads({ clock, own, onward, budget = RELAYED_LOG_READS }: PeerReadsDeps): PeerReads {
  const waiting = new Map<number, Waiter>();
  const passing = createTokenBucket(budget);
  let nextId = 1;

  const askOne = (
    link: PeerLink,
    question: PieceQuestion,
    hops: number,
    waitMs: number,
  ): Promise<PieceAnswer | undefined> =>
    new Promise((resolve) => {
      if (waiting.size >= WAITING_MAX) return resolve(undefined);
      const id = nextId++;
      const cancel = clock.after(waitMs, () => {
        waiting.delete(id);
        resolve(undefined);
      });
      waiting.set(id, { link, resolve, cancel });
      return link.send({ type: "log-read", id, ...question, ...(hops > 0 ? { hops } : {}) });
    });
  const askAll = (
    links: readonly PeerLink[],
    question: PieceQuestion,
    hops: number,
    waitMs: number,
  ): Promise<PieceAnswer | undefined> => {
    const asked = links.slice(0, FANOUT).map((link) => askOne(link, question, hops, waitMs));
    return firstOf(asked, (answer) => fits(answer, question));
  };
  const passOn = async (from: PeerLink, question: PieceQuestion, hops: number): Promise<PieceAnswer | undefined> => {
    if (passing.level(clock.monoMs()) < 1) return undefined;
    const { holder, others } = onward(question);
    const isBack = holder === from;
    const links = holder === undefined ? others.filter((link) => link !== from) : [holder];
    if (isBack || (holder === undefined && hops < 2)) return undefined;
    passing.take(Math.min(links.length, FANOUT), clock.monoMs());
    const waitMs = ANSWER_MS - (LIMITS.logHops + 1 - hops) * HOP_MS;
    return askAll(links, question, holder === undefined ? hops - 1 : 0, waitMs);
  };
  const answer = async (link: PeerLink, message: Extract<Message, { type: "log-read" }>): Promise<void> => {
    const { id, item, epoch, offset, hops = 0 } = message;
    const question = { item, epoch, offset };
    const found = own(question, hops > 0) ?? (hops > 0 ? await passOn(link, question, hops) : undefined);
    link.send({ type: "log-data", ...(found ?? NOTHING), id });
  };
  return {
    ask: (links, question, hops) => askAll(links, question, hops, ANSWER_MS),
    receive: (link, message) => {
      if (message.type === "log-read") return void answer(link, message);
      if (message.type !== "log-data") return undefined;
      const waiter = waiting.get(message.id);
      if (waiter?.link !== link) return undefined;
      waiting.delete(message.id);
      waiter.cancel();
      return waiter.resolve(message);
    },
  };
}

const NOTHING = { type: "log-data", epoch: 0, bytes: new Uint8Array(), end: 0, ended: true } as const;

/** An answer to this question, and not more than one piece. Of an attempt that has just begun there is no log yet. */
const fits = ({ epoch, bytes, end, ended }: PieceAnswer, question: PieceQuestion): boolean =>
  epoch === 0
    ? !ended && bytes.length === 0
    : epoch === Math.max(1, question.epoch) && bytes.length <= LIMITS.logBytes && end >= bytes.length;

/** The first answer that is good, as soon as it is there; undefined when all are in and none is. */
const firstOf = (
  asked: readonly Promise<PieceAnswer | undefined>[],
  isGood: (answer: PieceAnswer) => boolean,
): Promise<PieceAnswer | undefined> =>
  new Promise((resolve) => {
    let missing = asked.length;
    if (missing === 0) resolve(undefined);
    for (const one of asked) {
      void one.then((answer) => {
        missing -= 1;
        if (answer !== undefined && isGood(answer)) resolve(answer);
        else if (missing === 0) resolve(undefined);
      });
    }
  });
