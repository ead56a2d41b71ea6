/**
 * One writer at a time: git's ref and pack locks fail instead of waiting, so the commands that write to the mirror take
 * turns here. Whoever is aborted while waiting leaves at once; whoever runs is aborted through its own signal.
 */
import { setMaxListeners } from "node:events";
import { err, type Result } from "@skein/core";
import type { GitError } from "@skein/node";
import { aborted } from "./git-error.ts";

export type InTurn = <T>(signal: AbortSignal, run: () => Promise<Result<T, GitError>>) => Promise<Result<T, GitError>>;

export function createTurns(): InTurn {
  let last: Promise<unknown> = Promise.resolve();
  return <T>(signal: AbortSignal, run: () => Promise<Result<T, GitError>>): Promise<Result<T, GitError>> => {
    const left = err(aborted("take its turn at the mirror"));
    let started = false;
    const turn = last.then((): Promise<Result<T, GitError>> | Result<T, GitError> => {
      if (signal.aborted) return left;
      started = true;
      return run();
    });
    // The next one starts whatever happened; a rejection reaches the caller through the promise below.
    last = turn.then(
      () => undefined,
      () => undefined,
    );
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        if (!started) resolve(left);
      };
      // Everybody who waits may wait on one signal; that many listeners are no leak.
      setMaxListeners(0, signal);
      signal.addEventListener("abort", onAbort, { once: true });
      turn.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
    });
  };
}
