/**
 * Asks the node once, and again when what the answer is about changed: not by the clock. Changes come in bursts, so they are
 * gathered; a node that takes long to answer is asked less often; and what nobody looks at may be old until somebody looks.
 */
import { effect } from "@preact/signals";
import type { Answer, Session } from "../session.ts";

export interface Following<T> {
  readonly session: Pick<Session, "query" | "connection">;
  readonly path: string;
  /** Reads the signals whose change makes the answer old. */
  readonly watched: () => void;
  readonly onAnswer: (answer: Answer<T>) => void;
  /** The document, whose tab may be behind another one. */
  readonly page: Pick<Document, "hidden" | "addEventListener" | "removeEventListener">;
}

const GATHER_MS = 150;
const APART_MS = 1_500;
/** A node is busy with these answers for at most a tenth of its time. */
const SHARE = 9;

/** Returns how to end it. */
export function follow<T>({ session, path, watched, onAnswer, page }: Following<T>): () => void {
  let stopped = false;
  let asking = false;
  let old = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let nextMs = 0;

  const ask = async (): Promise<void> => {
    timer = undefined;
    asking = true;
    old = false;
    const startedMs = performance.now();
    const answer = await session.query<T>(path);
    const endedMs = performance.now();
    asking = false;
    nextMs = endedMs + Math.max(APART_MS, SHARE * (endedMs - startedMs));
    if (stopped) return;
    onAnswer(answer);
    if (old) later();
  };
  const later = (): void => {
    old = true;
    if (stopped || asking || timer !== undefined || page.hidden) return;
    timer = setTimeout(() => void ask(), Math.max(GATHER_MS, nextMs - performance.now()));
  };
  const onVisible = (): void => {
    if (old) later();
  };

  page.addEventListener("visibilitychange", onVisible);
  let first = true;
  const dispose = effect(() => {
    watched();
    // A node that was away answers again.
    const isLive = session.connection.value.type === "live";
    if (first) void ask();
    else if (isLive) later();
    first = false;
  });
  return () => {
    stopped = true;
    dispose();
    clearTimeout(timer);
    page.removeEventListener("visibilitychange", onVisible);
  };
}
