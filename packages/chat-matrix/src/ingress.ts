/**
 * The sync loop. One turn asks the homeserver what happened since a position, hands it to the mesh, and only when that is
 * durable moves the position. A turn that fails leaves the position where it was, so the homeserver tells the same again.
 *
 * Without a position nothing of what comes is handed on: the homeserver would tell the recent past of every room, and the
 * commands in it would be carried out a second time.
 */
import type { Ingress, IngressHost, TransportServices, Trouble } from "@skein/chat";

import type { MatrixApi } from "./api.ts";
import type { Cipher } from "./cipher.ts";
import { fromCursor, toCursor } from "./cursor.ts";
import { catchUp, takeNews } from "./device-news.ts";
import type { SyncAnswer } from "./events.ts";
import { isRevoked, type Answer, type Failure } from "./http.ts";
import type { Self } from "./mention.ts";
import { describe } from "./outcome.ts";
import { createRooms, type RoomKeys } from "./rooms.ts";
import type { Secrecy } from "./secrecy.ts";
import { ACCESS_TOKEN } from "./settings.ts";

export interface IngressDeps extends Pick<TransportServices, "clock" | "random" | "log"> {
  readonly api: MatrixApi;
  readonly host: IngressHost;
  readonly allow: readonly string[];
  readonly account: string;
  /** Undefined where the account reads no encrypted rooms. */
  readonly encryption?: { readonly cipher: Cipher; readonly secrecy: Secrecy } | undefined;
}

type Turn =
  | { readonly type: "done" }
  /** Only a person can change that. One sentence. */
  | { readonly type: "unusable"; readonly reason: string }
  | { readonly type: "failed"; readonly failure: Failure }
  /** The mesh could not make it durable, and says so itself. */
  | { readonly type: "not-durable"; readonly reason: string };

/** How long the homeserver may wait for something to happen. */
const LONG_POLL_MS = 30_000;
/** Most events of one room in one sync; what is left out is read page by page. */
const TIMELINE_EVENTS = 20;
/** Events that are made durable together. */
const BATCH = 100;
/** `IngressHost.cursor` takes no more. */
const CURSOR_MAX = 200;
const FIRST_BACKOFF_MS = 500;
const LAST_BACKOFF_MS = 60_000;
/** A homeserver that asks for more is asked again nevertheless. */
const ASKED_WAIT_MAX_MS = 600_000;
/** A restart of the homeserver is not worth a word; an outage is. */
const FAILURES_TO_TELL = 3;

const DONE: Turn = { type: "done" };
const DONE_ANSWER: Answer<void> = { type: "ok", value: undefined };

export function openIngress(deps: IngressDeps): Ingress {
  const { clock, log, account, host } = deps;
  const closing = new AbortController();
  const { signal } = closing;
  const turn = createTurns(deps, signal);

  const run = async (): Promise<void> => {
    let failures = 0;
    let isTold = false;
    while (!signal.aborted) {
      const result = await turn();
      // Read anew: it may have changed during the turn.
      if (closing.signal.aborted) return;
      if (result.type === "done") {
        if (isTold) log("info", "chat.matrix.recovered", { account, failures });
        failures = 0;
        isTold = false;
        continue;
      }
      if (result.type === "failed" && isRevoked(result.failure)) {
        return host.trouble(tokenTrouble(account, result.failure));
      }
      if (result.type === "unusable") return host.trouble({ severity: "fatal", message: result.reason });
      failures++;
      const reason = result.type === "failed" ? describe(result.failure) : result.reason;
      log("warn", "chat.matrix.sync-failed", { account, failures, reason });
      if (failures >= FAILURES_TO_TELL && !isTold && result.type === "failed") {
        isTold = true;
        host.trouble(outageTrouble(account, reason));
      }
      await pause(clock, waitMs(deps, result, failures), signal);
    }
  };

  const running = run();
  return {
    close: async () => {
      closing.abort();
      await running;
    },
  };
}

/** Makes the function that does one turn; the position and the account's own name are kept between turns. */
function createTurns(deps: IngressDeps, signal: AbortSignal): () => Promise<Turn> {
  const { api, host, account, encryption } = deps;
  const rooms = createRooms({ ...deps, signal });
  let self: Self | undefined;
  let since: string | undefined;
  let limit = TIMELINE_EVENTS;
  let saidTooLong = false;

  const move = (userId: string, to: string): Turn => {
    const cursor = toCursor(userId, to);
    if (cursor.length > CURSOR_MAX && !saidTooLong) host.trouble(cursorTrouble(account));
    saidTooLong ||= cursor.length > CURSOR_MAX;
    if (to !== since && cursor.length <= CURSOR_MAX) host.moved(cursor);
    since = to;
    host.connected();
    return DONE;
  };
  const startAnew = (): Turn => {
    since = undefined;
    host.trouble(positionTrouble(account));
    return DONE;
  };

  return async () => {
    if (self === undefined) {
      const known = await identify(api, signal);
      if (known.type !== "ok") return { type: "failed", failure: known };
      self = known.value;
      since = host.cursor === undefined ? undefined : fromCursor(self.userId, host.cursor);
      if (since === undefined && host.cursor !== undefined) startAnew();
    }
    const keys = await prepareKeys();
    if (keys.type !== "ok") return keys.type === "unusable" ? keys : { type: "failed", failure: keys };
    const answer = await api.sync({ since, waitMs: since === undefined ? 0 : LONG_POLL_MS, limit }, signal);
    if (answer.type !== "ok") {
      // Fewer events of each room make a shorter answer; the others are read page by page.
      if (answer.type === "too-long") limit = Math.max(1, Math.floor(limit / 4));
      return isUnknownPosition(answer, since) ? startAnew() : { type: "failed", failure: answer };
    }
    const taken = await take(answer.value, self, keys.value);
    return taken.type === "done" ? move(self.userId, answer.value.next_batch) : taken;
  };

  /** Before a sync: the homeserver forgets what it has for the device when it is asked from a later position. */
  async function prepareKeys(): Promise<Answer<RoomKeys | undefined> | Extract<Turn, { readonly type: "unusable" }>> {
    if (encryption === undefined) return { type: "ok", value: undefined };
    const opened = await encryption.cipher.ready();
    if (opened.type !== "ok") return opened;
    const cryptography = opened.value;
    const caughtUp = cryptography.position() === since ? DONE_ANSWER : await catchUp(api, cryptography, signal);
    return caughtUp.type === "ok" ? { type: "ok", value: { cryptography, secrecy: encryption.secrecy } } : caughtUp;
  }

  async function take(sync: SyncAnswer, self: Self, keys: RoomKeys | undefined): Promise<Turn> {
    const taken = keys === undefined ? DONE_ANSWER : await takeNews(keys.cryptography, sync);
    if (taken.type !== "ok") return { type: "failed", failure: taken };
    const invitations = await rooms.answerInvitations(sync, self);
    if (invitations.type !== "ok") return { type: "failed", failure: invitations };
    if (since === undefined) return DONE;
    const read = await rooms.read(sync, since, self, keys);
    if (read.type !== "ok") return { type: "failed", failure: read };
    const { events, tell } = read.value;
    for (let at = 0; at < events.length; at += BATCH) {
      const received = await host.receive(events.slice(at, at + BATCH));
      if (!received.ok) return { type: "not-durable", reason: received.error };
    }
    tell();
    return DONE;
  }
}

async function identify(api: MatrixApi, signal: AbortSignal): Promise<Answer<Self>> {
  const userId = await api.whoami(signal);
  if (userId.type !== "ok") return userId;
  const displayName = await api.displayName(userId.value, signal);
  // An account without a profile is 404; it works as well.
  if (displayName.type !== "ok" && displayName.type !== "refused") return displayName;
  const name = displayName.type === "ok" ? displayName.value : "";
  return { type: "ok", value: { userId: userId.value, displayName: name } };
}

/** The homeserver was set up anew. */
const isUnknownPosition = (failure: Failure, since: string | undefined): boolean =>
  since !== undefined && failure.type === "refused" && failure.status === 400;

/** Full jitter, so that nodes that lost the same homeserver do not come back together. */
function waitMs({ random }: IngressDeps, result: Turn, failures: number): number {
  const asked = result.type === "failed" && result.failure.type === "refused" ? (result.failure.retryAfterMs ?? 0) : 0;
  const backoff = Math.min(FIRST_BACKOFF_MS * 2 ** failures, LAST_BACKOFF_MS);
  const [high = 0, low = 0] = random.bytes(2);
  return Math.min(asked, ASKED_WAIT_MAX_MS) + (backoff * (high * 256 + low)) / 65_536;
}

/** Ends early when it is closed. */
const pause = (clock: IngressDeps["clock"], ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const end = (): void => {
      cancel();
      signal.removeEventListener("abort", end);
      resolve();
    };
    const cancel = clock.after(ms, end);
    signal.addEventListener("abort", end);
  });

const tokenTrouble = (account: string, failure: Failure): Trouble => ({
  severity: "fatal",
  message: `The Matrix account ${account} has stopped: ${describe(failure)}. Log in again and put the new access token into the secret ${ACCESS_TOKEN}.`,
});

const outageTrouble = (account: string, reason: string): Trouble => ({
  severity: "passing",
  message: `The Matrix account ${account} receives nothing: ${reason}. It keeps trying.`,
});

const positionTrouble = (account: string): Trouble => ({
  severity: "passing",
  message: `The homeserver does not know where the Matrix account ${account} was before. What was written meanwhile is not read; ask again.`,
});

const cursorTrouble = (account: string): Trouble => ({
  severity: "passing",
  message: `The homeserver's positions are too long to keep. What is written while the Matrix account ${account} changes nodes is lost.`,
});
