/**
 * Tells the log why a webhook was refused, at most once a minute: a wrong secret in the configuration has to be seen, and
 * strangers who find the address must not be able to fill the disk with it.
 */
import type { TransportContext } from "../transport.ts";

const EVERY_MS = 60_000;

export type RefusedWebhooks = (reason: string) => void;

export function createRefusedWebhooks(
  { log, clock, account }: Pick<TransportContext, "log" | "clock" | "account">,
  kind: string,
): RefusedWebhooks {
  let nextMs = Number.NEGATIVE_INFINITY;
  let unsaid = 0;
  return (reason) => {
    if (clock.monoMs() < nextMs) {
      unsaid += 1;
      return;
    }
    log("warn", "chat-webhook-refused", { kind, account, reason, before: unsaid });
    nextMs = clock.monoMs() + EVERY_MS;
    unsaid = 0;
  };
}
