/**
 * An answer of the node that is kept fresh: asked when the page opens and again when what it is about changed on the board, not
 * by the clock. Changes come in bursts, so they are gathered; and a node that takes long to answer is asked less often.
 */
import { effect, type ReadonlySignal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Session } from "../session.ts";

export interface Answered<T> {
  /** The last good one, also while a newer one is on its way or the node is away. */
  readonly value: T | undefined;
  /** Why there is no newer one; empty when there is nothing wrong. */
  readonly problem: string;
}

const GATHER_MS = 150;
const APART_MS = 1_500;
/** A node is busy with these answers for at most a tenth of its time. */
const SHARE = 9;

/** `watched` reads the signals whose change makes the answer old. */
export function useAnswer<T>(session: Session, path: string, watched: () => void): ReadonlySignal<Answered<T>> {
  const answered = useSignal<Answered<T>>({ value: undefined, problem: "" });
  useEffect(
    () => follow<T>(session, path, watched, (next) => (answered.value = merged(answered.peek(), next))),
    [path],
  );
  return answered;
}

const merged = <T>(before: Answered<T>, next: Answered<T>): Answered<T> => ({
  value: next.value ?? before.value,
  problem: next.problem,
});

function follow<T>(
  session: Session,
  path: string,
  watched: () => void,
  onAnswer: (answered: Answered<T>) => void,
): () => void {
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
    onAnswer(answer.ok ? { value: answer.value, problem: "" } : { value: undefined, problem: answer.error.message });
    if (old) later();
  };
  const later = (): void => {
    old = true;
    // What nobody looks at may be old; it is asked for when somebody looks again.
    if (stopped || asking || timer !== undefined || document.hidden) return;
    timer = setTimeout(() => void ask(), Math.max(GATHER_MS, nextMs - performance.now()));
  };
  const onVisible = (): void => {
    if (old) later();
  };

  document.addEventListener("visibilitychange", onVisible);
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
    document.removeEventListener("visibilitychange", onVisible);
  };
}
