/** What is under way, so that closing can wait for it and nothing new begins afterwards. */
import type { SendOutcome } from "@skein/chat";

export interface InFlight {
  /** Runs what sends, unless this is closed; then it is said that nothing was sent. */
  send(run: () => Promise<SendOutcome>): Promise<SendOutcome>;
  /** Runs it in any case, and lets `close` wait for it. */
  track<T>(run: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

const CLOSED: SendOutcome = { type: "retry", afterMs: 1_000, reason: "the account is being closed", scope: "account" };

export function createInFlight(): InFlight {
  const running = new Set<Promise<unknown>>();
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
    close: async () => {
      isClosed = true;
      while (running.size > 0) await Promise.all(running);
    },
  };
}
