/** Waiting that can be ended from outside, and how long to wait: nothing here outlives a closed transport. */
import type { TransportContext } from "@skein/chat";

export interface Pauses {
  /** Resolves after that long, or at once when everything stops. */
  pause(ms: number): Promise<void>;
  /** Ends every pause that is under way, and every later one. */
  stop(): void;
  /** Resolves when everything stops. */
  readonly stopped: Promise<void>;
  isStopped(): boolean;
}

export function createPauses(clock: TransportContext["clock"]): Pauses {
  const waiting = new Set<() => void>();
  let isStopped = false;
  let announce: () => void = () => undefined;
  const stopped = new Promise<void>((resolve) => (announce = resolve));

  return {
    stopped,
    isStopped: () => isStopped,
    pause: (ms) =>
      new Promise((resolve) => {
        if (isStopped) return resolve();
        const end = (): void => {
          cancel();
          waiting.delete(end);
          resolve();
        };
        const cancel = clock.after(ms, end);
        waiting.add(end);
      }),
    stop: () => {
      isStopped = true;
      for (const end of waiting) end();
      announce();
    },
  };
}

const BASE_MS = 1_000;
const CAP_MS = 60_000;

/** Full jitter: anything between nothing and a bound that doubles, so that nodes that fell out together come back apart. */
export function backoffMs(random: TransportContext["random"], failures: number): number {
  const bound = Math.min(CAP_MS, BASE_MS * 2 ** Math.min(failures, 16));
  const [a = 0, b = 0] = random.bytes(2);
  return Math.floor((bound * (a * 256 + b)) / 65_536);
}
