/**
 * Socket Mode: keeps one socket open, and for a moment two. When Slack announces that it will close one, the next is opened
 * first and the old one closed after, so nothing has to be delivered twice or late. After everything else it dials again
 * with a back-off of full jitter.
 */
import type { Ingress, IngressHost, TransportContext } from "@skein/chat";

import { type CatchUp, createCatchUp } from "./catch-up.ts";
import { type Acknowledgement, type Connection, openConnection } from "./connection.ts";
import { createCursor } from "./cursor.ts";
import type { SlackApi } from "./api.ts";
import type { Failure } from "./failures.ts";
import type { Envelope } from "./frames.ts";
import type { Identity, WhoAmI } from "./identity.ts";
import { readEventCallback, readInteraction, readSlashCommand, type Recipient, type Reading } from "./inbound.ts";
import { createIntake, type Intake } from "./intake.ts";
import { backoffMs, createPauses, type Pauses } from "./pause.ts";
import { rateLimited } from "./payloads.ts";
import { RATE_LIMITED, slashReply } from "./replies.ts";

export interface SocketOptions {
  readonly api: SlackApi;
  readonly whoAmI: WhoAmI;
  readonly app: string | undefined;
  readonly appToken: string;
  readonly apiUrl: string;
  readonly timeoutMs: number;
  readonly backfill: readonly string[];
  readonly services: Pick<TransportContext, "clock" | "random" | "log" | "fetch">;
  /** Tells the host once that a person has to act. */
  readonly fatal: (reason: string) => void;
}

/** A socket that lived shorter counts as a failure, so a server that closes at once is not dialed in a circle. */
const STABLE_MS = 10_000;
/** Slack holds back for so long what it could not deliver; after more, messages may be missing. */
const AWAY_MS = 3_000;
/** So many failures in a row are told to a person. */
const FAILURES_TOLD = 4;
/** Other programs hold all ten sockets of the app. Dialing on would only take one from them. */
const TOO_MANY_MS = 60_000;

export function openSocket(options: SocketOptions, host: IngressHost): Ingress {
  const pauses = createPauses(options.services.clock);
  const running = run(options, host, pauses);
  return {
    close: async () => {
      pauses.stop();
      await running;
    },
  };
}

async function run(options: SocketOptions, host: IngressHost, pauses: Pauses): Promise<void> {
  const identity = await identify(options, host, pauses);
  if (identity === undefined) return;
  const cursor = createCursor(host.cursor, (to) => host.moved(to));
  const intake: Intake = createIntake(host, cursor, options.services.log, () => catchUp.request());
  const catchUp: CatchUp = createCatchUp({
    reader: { api: options.api, pauses, identity },
    rooms: options.backfill,
    cursor,
    intake,
    host,
    services: options.services,
  });
  const receive = createReceiver({ identity, app: options.app }, intake, host, options);
  await keepOpen({ options, host, pauses, catchUp, receive });
  pauses.stop();
  await catchUp.idle();
  await intake.idle();
}

async function identify(options: SocketOptions, host: IngressHost, pauses: Pauses): Promise<Identity | undefined> {
  for (let failures = 1; !pauses.isStopped(); failures += 1) {
    const me = await Promise.race([options.whoAmI(), pauses.stopped]);
    if (me === undefined) return undefined;
    if (me.ok) return me.value;
    if (await givesUp(me.error, failures, { options, host, pauses })) return undefined;
  }
  return undefined;
}

interface Keeping {
  readonly options: SocketOptions;
  readonly host: IngressHost;
  readonly pauses: Pauses;
  readonly catchUp: CatchUp;
  readonly receive: (envelope: Envelope, done: (payload: Acknowledgement | undefined) => void) => void;
}

/** Returns when everything is closed: from outside, or because a person has to act. */
async function keepOpen(keeping: Keeping): Promise<void> {
  const { options, pauses, catchUp } = keeping;
  const { clock, log } = options.services;
  const closing = new Set<Promise<void>>();
  let old: Connection | undefined;
  let failures = 0;
  /** When there was last an open socket; undefined before the first one. */
  let aliveMs: number | undefined;

  while (!pauses.isStopped()) {
    const connection = openConnection({ ...options, onEnvelope: keeping.receive });
    const opened = await Promise.race([connection.opened, pauses.stopped]);
    if (opened === undefined || !opened.ok) {
      closing.add(connection.close());
      failures += 1;
      if (opened === undefined || (await givesUp(opened.error, failures, keeping))) break;
      continue;
    }
    log("info", "chat-slack.connected");
    keeping.host.connected();
    const openedMs = clock.monoMs();
    const isFirst = aliveMs === undefined;
    const awayMs = isFirst || old !== undefined ? 0 : openedMs - (aliveMs ?? openedMs);
    if (old !== undefined) closing.add(old.close());
    old = undefined;
    if (isFirst || awayMs > AWAY_MS) catchUp.request();

    const end = await untilItEnds(connection, pauses);
    aliveMs = clock.monoMs();
    failures = aliveMs - openedMs >= STABLE_MS ? 0 : failures + 1;
    log("info", "chat-slack.leaving", { reason: end.reason });
    if (end.type === "leaving") {
      old = connection;
      // Until the next one is open it goes on being of use, and when it breaks off meanwhile, that is when it was away.
      void connection.ended.then(() => {
        aliveMs = clock.monoMs();
        if (old === connection) old = undefined;
      });
    } else closing.add(connection.close());
    if (await mayNotDial(end, failures, keeping)) break;
  }
  if (old !== undefined) closing.add(old.close());
  await Promise.all(closing);
}

type End =
  | { readonly type: "stopped" | "ended"; readonly reason: string }
  | { readonly type: "leaving"; readonly reason: string };

const untilItEnds = (connection: Connection, pauses: Pauses): Promise<End> =>
  Promise.race([
    pauses.stopped.then((): End => ({ type: "stopped", reason: "closed from this side" })),
    connection.ended.then((): End => ({ type: "ended", reason: "the connection broke off" })),
    connection.leaving.then((reason): End => ({ type: "leaving", reason })),
  ]);

/** Waits as long as is due before the next socket. True when there is to be none. */
async function mayNotDial(end: End, failures: number, { options, pauses, host }: Keeping): Promise<boolean> {
  if (end.type === "stopped") return true;
  if (end.reason === "link_disabled") {
    options.fatal("Socket Mode was turned off for the app; turn it on again in the app's settings");
    return true;
  }
  if (end.reason === "too_many_websockets") {
    const message = "Slack has no socket left for the app (it allows ten); stop other programs that use its token.";
    host.trouble({ severity: "passing", message });
    await pauses.pause(TOO_MANY_MS);
  } else if (failures > 0) await pauses.pause(backoffMs(options.services.random, failures - 1));
  return false;
}

/** After a failed attempt: waits, or says that there is nothing to wait for. */
async function givesUp(
  failure: Failure,
  failures: number,
  { options, host, pauses }: Pick<Keeping, "options" | "host" | "pauses">,
): Promise<boolean> {
  if (failure.type === "revoked" || failure.type === "refused") {
    options.fatal(failure.reason);
    return true;
  }
  options.services.log("warn", "chat-slack.no-connection", { failures, reason: failure.reason });
  if (failures === FAILURES_TOLD) {
    host.trouble({ severity: "passing", message: `Nothing arrives from Slack: ${failure.reason}. Trying on.` });
  }
  const jitter = backoffMs(options.services.random, failures - 1);
  await pauses.pause(failure.type === "limited" ? failure.afterMs + jitter : jitter);
  return false;
}

/** Envelopes to the host, and the acknowledgement back when it has them. */
function createReceiver(
  recipient: Recipient,
  intake: Intake,
  host: IngressHost,
  options: SocketOptions,
): Keeping["receive"] {
  return (envelope, done) => {
    if (rateLimited.safeParse(envelope.payload).success) host.trouble(RATE_LIMITED);
    const reading = readEnvelope(envelope, recipient, options.services.clock.wallMs());
    const isSlash = envelope.kind === "slash_commands";
    const acknowledgement = isSlash && reading.type === "events" ? slashReply(reading.events, host) : {};
    switch (reading.type) {
      case "events":
        return intake.push({
          events: reading.events,
          ts: reading.ts,
          settle: (isDurable) => done(isDurable ? acknowledgement : undefined),
        });
      case "trouble":
        done(acknowledgement);
        return options.fatal(reading.problem.message);
      case "foreign":
        options.services.log("info", "chat-slack.foreign", { of: reading.of });
        return done(acknowledgement);
    }
  };
}

function readEnvelope({ id, kind, payload }: Envelope, recipient: Recipient, atMs: number): Reading {
  switch (kind) {
    case "events_api":
      return readEventCallback(payload, recipient);
    case "slash_commands":
      return readSlashCommand(payload, recipient, { id, atMs });
    case "interactive":
      return readInteraction(payload, recipient, { id, atMs });
  }
}
