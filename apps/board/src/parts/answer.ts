/** An answer of the node that is kept fresh while it is shown (follow.ts). */
import { type ReadonlySignal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Session } from "../session.ts";
import { follow } from "./follow.ts";

export interface Answered<T> {
  /** The last good one, also while a newer one is on its way or the node is away. */
  readonly value: T | undefined;
  /** Why there is no newer one; empty when there is nothing wrong. */
  readonly problem: string;
}

/** `watched` reads the signals whose change makes the answer old. */
export function useAnswer<T>(session: Session, path: string, watched: () => void): ReadonlySignal<Answered<T>> {
  const answered = useSignal<Answered<T>>({ value: undefined, problem: "" });
  useEffect(
    () =>
      follow<T>({
        session,
        path,
        watched,
        page: document,
        onAnswer: (answer) => {
          const before = answered.peek();
          answered.value = answer.ok
            ? { value: answer.value, problem: "" }
            : { value: before.value, problem: answer.error.message };
        },
      }),
    [path],
  );
  return answered;
}
