/** Waiting on the injected clock. Whoever closes does not wait. */
import type { TransportServices } from "@skein/chat";

export function pause(clock: TransportServices["clock"], ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      cancel();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const cancel = clock.after(ms, done);
    signal.addEventListener("abort", done);
  });
}
