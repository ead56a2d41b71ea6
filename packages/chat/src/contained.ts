/** What fails in a part of an account is told and goes no further: nobody waits for these loops, so nobody would catch it. */
import type { Clock, Logger } from "@skein/node";

export async function contained(
  what: string,
  { log, account }: { readonly log: Logger; readonly account: string | { readonly id: string } },
  run: () => Promise<void>,
): Promise<void> {
  try {
    await run();
  } catch (cause) {
    log("error", "chat.fault", {
      account: typeof account === "string" ? account : account.id,
      what,
      message: reasonOf(cause),
    });
  }
}

export const reasonOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

/** Waits for something that may never end, for so long. */
export const within = (clock: Clock, limitMs: number, run: Promise<unknown>): Promise<void> =>
  new Promise((resolve, reject) => {
    const cancel = clock.after(limitMs, resolve);
    run.then(
      () => {
        cancel();
        resolve();
      },
      (cause: unknown) => {
        cancel();
        reject(cause instanceof Error ? cause : new Error(String(cause)));
      },
    );
  });
