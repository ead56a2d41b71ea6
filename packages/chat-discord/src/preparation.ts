/**
 * What has to be known and paid before dialing: who the bot is, from where on messages concern it, and one identify of the
 * day's budget when there is no session to resume. The budget is paid before the connection, because nothing can be taken
 * back after it.
 */
import type { IngressHost, TransportContext } from "@skein/chat";

import type { Api, ApiFailure } from "./api.ts";
import { newestNow } from "./backfill.ts";
import type { Position } from "./position.ts";
import type { DiscordSettings } from "./settings.ts";
import { gatewayBotSchema, userSchema } from "./wire.ts";

export type Readiness =
  /** `self` is the bot's user id. */
  | { readonly type: "go"; readonly self: string }
  | { readonly type: "wait"; readonly ms: number }
  | { readonly type: "failed"; readonly reason: string }
  | { readonly type: "stop" };

interface PreparationParts {
  readonly settings: DiscordSettings;
  readonly context: TransportContext;
  readonly api: Api;
  readonly host: IngressHost;
  readonly position: Position;
  readonly signal: AbortSignal;
  readonly onClosed: (channel: string, reason: string) => void;
}

/** Discord resets the token of a bot that identifies 1,000 times within a day. */
const IDENTIFIES = { count: 900, perMs: 86_400_000 };
/** So many of Discord's own count are left for whoever else uses the bot. */
const RESERVE = 50;
const WAIT_MIN_MS = 1_000;

const UNAUTHORIZED = 401;

const TOKEN_REFUSED = "Discord refused the bot's token (401): put a new one into this account's configuration";

export function createPreparation(parts: PreparationParts): () => Promise<Readiness> {
  const { api, host, position, settings, signal } = parts;
  let self: string | undefined;

  const notNow = (failure: ApiFailure): Readiness => {
    if (failure.type === "limited") return { type: "wait", ms: failure.afterMs };
    if (failure.type !== "refused" || failure.status !== UNAUTHORIZED)
      return { type: "failed", reason: failure.reason };
    host.trouble({ severity: "fatal", message: TOKEN_REFUSED });
    return { type: "stop" };
  };

  return async () => {
    if (self === undefined) {
      const answer = await api.request("GET", "/users/@me", { signal });
      if (!answer.ok) return notNow(answer.error);
      self = userSchema.safeParse(answer.value).data?.id;
      if (self === undefined) return { type: "failed", reason: "Discord did not say who the bot is" };
    }
    if (position.cursor().floor === undefined) {
      const newest = await newestNow({
        ask: (method, path) => api.request(method, path, { signal }),
        channels: settings.channels,
        onClosed: parts.onClosed,
      });
      if (!newest.ok) return notNow(newest.error);
      if (newest.value !== undefined) position.founded(newest.value);
    }
    if (position.cursor().session !== undefined) return { type: "go", self };
    const refused = await payIdentify(parts, notNow);
    return refused ?? { type: "go", self };
  };
}

async function payIdentify(
  { api, host, signal }: PreparationParts,
  notNow: (failure: ApiFailure) => Readiness,
): Promise<Readiness | undefined> {
  const answer = await api.request("GET", "/gateway/bot", { signal });
  if (!answer.ok) return notNow(answer.error);
  const read = gatewayBotSchema.safeParse(answer.value);
  if (!read.success) return { type: "failed", reason: "Discord did not say how often the bot may still identify" };
  const { remaining, reset_after: resetMs } = read.data.session_start_limit;
  if (remaining <= RESERVE) return waitForBudget(host, Math.max(resetMs, WAIT_MIN_MS));
  const spent = await host.spend("identify", IDENTIFIES);
  return spent.ok ? undefined : waitForBudget(host, Math.max(spent.error, WAIT_MIN_MS));
}

function waitForBudget(host: IngressHost, ms: number): Readiness {
  const minutes = Math.ceil(ms / 60_000);
  const message = `This bot connected too often within a day; to keep Discord from resetting its token it waits ${minutes} minutes`;
  host.trouble({ severity: "passing", message });
  return { type: "wait", ms };
}
