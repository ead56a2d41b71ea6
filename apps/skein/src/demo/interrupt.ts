/**
 * Ctrl-C and its relatives. The first one asks the demo to clean up and end; the second one does not wait for anything.
 *
 * A reader that closes our output (`skein demo | head`) is the same wish, and would otherwise end this process before it
 * could end the others.
 */
import { constants } from "node:os";

import { Failure } from "../failure.ts";

export interface Interrupt {
  /** Aborted with the Failure to end with. */
  readonly signal: AbortSignal;
  /** Resolves when the person has had enough. */
  readonly asked: Promise<void>;
  release(): void;
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export function catchInterrupts(endAtOnce: () => void): Interrupt {
  const controller = new AbortController();
  const onSignal = (name: (typeof SIGNALS)[number]): void => {
    const exitCode = 128 + constants.signals[name];
    if (controller.signal.aborted) {
      endAtOnce();
      process.exit(exitCode);
    }
    controller.abort(new Failure("The demo was interrupted; everything it started has been ended.", exitCode));
  };
  const onBrokenPipe = (): void => {
    controller.abort(new Failure("Nobody reads the demo's output any more; everything it started has been ended."));
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  process.stdout.on("error", onBrokenPipe);
  return {
    signal: controller.signal,
    asked: new Promise((resolve) => {
      controller.signal.addEventListener("abort", () => resolve(), { once: true });
    }),
    release: () => {
      for (const name of SIGNALS) process.off(name, onSignal);
    },
  };
}

/** The promise's value, or the interrupt's failure at once; the promise goes on unheard. */
export function orInterrupted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(asFailure(signal));
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}

const asFailure = (signal: AbortSignal): Failure =>
  signal.reason instanceof Failure ? signal.reason : new Failure("The demo was interrupted.");
