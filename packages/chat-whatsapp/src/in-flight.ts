/** What is under way, so that closing can wait for it and nothing new begins afterwards. */
import type { SendOutcome, TransportServices } from "@skein/chat";

export interface InFlight {
  /** Runs what sends, unless this is closed; then it is said that nothing was sent. */
  send(run: () => Promise<SendOutcome>): Promise<SendOutcome>;
  /** Runs it in any case, and lets `close` wait for it. */
  track<T>(run: () => Promise<T>): Promise<T>;
  /** Resolves with true after that long, with false as soon as this is closed. */
  rest(ms: number, clock: TransportServices["clock"]): Promise<boolean>;
  close(): Promise<void>;
}

const CLOSED: SendOutcome = { type: "retry", afterMs: 1_000, reason: "the account is being closed", scope: "account" };

export function createInFlight(): InFlight {
  const running = new Set<Promise<unknown>>();
  const resting = new Set<() => void>();
  let isClosed = false;
  const track = <T>(run: () => Promise<T>): Promise<T> => {
    const work = run();
    const settled = work.then(
      () => undefined,
      () => undefined,
    );
    running.add(settled);
    return work.finally(() => running.delete(settled));
  };
  return {
    track,
    send: (run) => (isClosed ? Promise.resolve(CLOSED) : track(run)),
    rest: (ms, clock) => {
      if (isClosed) return Promise.resolve(false);
      return new Promise((resolve) => {
        const wake = (): void => {
          cancel();
          resolve(false);
        };
        const cancel = clock.after(ms, () => {
          resting.delete(wake);
          resolve(true);
        });
        resting.add(wake);
      });
    },
    close: async () => {
      isClosed = true;
      for (const wake of resting) wake();
      resting.clear();
      while (running.size > 0) await Promise.all(running);
    },
  };
}
