/**
 * The way in over the gateway: decides when to dial, with what, and what an end means. One connection at a time; a resumed
 * session first, a new one only when Discord no longer knows the old one, and never more often than the budget of the whole
 * mesh allows.
 */
import type { Ingress, IngressHost, TransportContext } from "@skein/chat";

import type { Api } from "./api.ts";
import { backoffMs, BREAKER_AT } from "./backoff.ts";
import { isBeside } from "./cursor.ts";
import { createDispatcher } from "./dispatcher.ts";
import { type Dispatch, type GatewayLink, type LinkEnd, type LinkOptions, openLink } from "./gateway-link.ts";
import type { Interactions } from "./interactions.ts";
import { meaningOf } from "./link-end.ts";
import { createPatientAsk } from "./patient.ts";
import { pause } from "./pause.ts";
import type { Places } from "./places.ts";
import { createPosition, type Position } from "./position.ts";
import { createPreparation } from "./preparation.ts";
import { type DiscordSettings, TOKEN } from "./settings.ts";
import { readySchema } from "./wire.ts";

export interface IngressParts {
  readonly settings: DiscordSettings;
  readonly context: TransportContext;
  readonly api: Api;
  readonly places: Places;
  readonly interactions: Interactions;
  readonly host: IngressHost;
}

/** GUILDS, GUILD_MESSAGES, GUILD_MESSAGE_REACTIONS, DIRECT_MESSAGES, DIRECT_MESSAGE_REACTIONS. */
const INTENTS = (1 << 0) | (1 << 9) | (1 << 10) | (1 << 12) | (1 << 13);
const MESSAGE_CONTENT = 1 << 15;

/** A connection that held so long was a good one: what ends it begins a new count. */
const GOOD_MS = 60_000;
/** So often a session is tried before a new one is begun. */
const RESUMES_MAX = 3;

interface Loop extends IngressParts {
  readonly onClosed: (channel: string, reason: string) => void;
  readonly position: Position;
  readonly signal: AbortSignal;
}

interface Course {
  failures: number;
  resumes: number;
}

export function openIngress(parts: IngressParts): Ingress {
  const closing = new AbortController();
  const position = createPosition(parts.host, parts.settings.gateway);
  const done = run({ ...parts, position, signal: closing.signal, onClosed: createComplaint(parts) });
  return {
    close: async () => {
      closing.abort();
      await done;
      position.flush();
    },
  };
}

/** Once for each channel. */
function createComplaint({ host, context }: IngressParts): Loop["onClosed"] {
  const told = new Set<string>();
  return (channel, reason) => {
    context.log("warn", "discord.channel-unreadable", { account: context.account, channel, reason });
    if (told.has(channel)) return;
    told.add(channel);
    const message = `The bot may not read channel ${channel} (${reason}): give it the permission, or take it out of channels`;
    host.trouble({ severity: "passing", message });
  };
}

async function run(loop: Loop): Promise<void> {
  const course: Course = { failures: 0, resumes: 0 };
  const { context, signal } = loop;
  const prepare = createPreparation(loop);
  while (!signal.aborted) {
    const ready = await prepare();
    if (ready.type === "stop") return;
    const isOver = ready.type === "go" && (await connectOnce(loop, course, ready.self));
    if (isOver) return;
    if (ready.type === "failed") countFailure(loop, course, ready.reason);
    const waitMs =
      ready.type === "wait" ? ready.ms : course.failures === 0 ? 0 : backoffMs(course.failures, context.random);
    await pause(context.clock, waitMs, signal);
  }
}

/** True when the way in is closed for good. */
async function connectOnce(loop: Loop, course: Course, self: string): Promise<boolean> {
  const { context, host, position } = loop;
  const startedMs = context.clock.monoMs();
  const { end, isGreeted, isUp } = await hold(loop, self);
  const meaning = meaningOf(end);
  context.log("info", "discord.disconnected", { account: context.account, why: meaning.reason });
  if (end.type === "left" && loop.signal.aborted) return true;
  if (meaning.type === "fatal") {
    host.trouble({ severity: "fatal", message: meaning.reason });
    return true;
  }
  course.resumes = isUp ? 0 : course.resumes + (isGreeted ? 1 : 0);
  if (meaning.type === "new-session" || course.resumes >= RESUMES_MAX) {
    course.resumes = 0;
    position.lost();
  }
  const isGood = isUp && context.clock.monoMs() - startedMs >= GOOD_MS;
  if (isGood) course.failures = 0;
  else countFailure(loop, course, meaning.reason);
  return false;
}

function countFailure({ context, host }: Loop, course: Course, reason: string): void {
  course.failures++;
  context.log("warn", "discord.gateway-failed", { account: context.account, failures: course.failures, reason });
  if (course.failures !== BREAKER_AT) return;
  const message = `Discord's gateway failed ${BREAKER_AT} times in a row (${reason}); from now on it is tried every 5 to 10 minutes`;
  host.trouble({ severity: "passing", message });
}

interface Held {
  readonly end: LinkEnd;
  /** It is Discord, at least. */
  readonly isGreeted: boolean;
  /** Discord let the bot in. */
  readonly isUp: boolean;
}

/** One connection, until it has ended and nothing of it is under way. */
async function hold(loop: Loop, self: string): Promise<Held> {
  const { settings, context, signal } = loop;
  const over = new AbortController();
  const seen = { isGreeted: false, isUp: false };
  let link: GatewayLink | undefined;
  const leave = (): void => link?.leave();
  const dispatcher = createDispatcher({
    ...loop,
    self,
    ask: createPatientAsk(loop.api, context, AbortSignal.any([signal, over.signal])),
    channels: settings.channels,
    log: context.log,
    nowMs: () => context.clock.wallMs(),
    onFailure: (reason) => {
      context.log("warn", "discord.not-durable", { account: context.account, reason });
      leave();
    },
  });
  signal.addEventListener("abort", leave);
  const end = await new Promise<LinkEnd>((resolve) => {
    link = dial(loop, {
      onGreeting: () => {
        seen.isGreeted = true;
      },
      onDispatch: (dispatch) => {
        if (dispatch.name === "READY") begin(dispatch, loop);
        if (dispatch.name === "READY" || dispatch.name === "RESUMED") {
          seen.isUp = true;
          loop.host.connected();
        }
        dispatcher.push(dispatch);
      },
      onEnd: resolve,
    });
    if (signal.aborted) leave();
  });
  signal.removeEventListener("abort", leave);
  over.abort();
  await dispatcher.stop();
  return { end, ...seen };
}

function dial(
  { settings, context, position }: Loop,
  events: Pick<LinkOptions, "onGreeting" | "onDispatch" | "onEnd">,
): GatewayLink {
  const { session } = position.cursor();
  context.log("info", "discord.dialing", { account: context.account, resumes: session !== undefined });
  return openLink({
    url: session?.url ?? settings.gateway,
    token: context.secret(TOKEN),
    intents: INTENTS | (settings.messageContent ? MESSAGE_CONTENT : 0),
    session,
    clock: context.clock,
    random: context.random,
    ...events,
  });
}

/** An address to resume at that is not Discord's would be sent the token. */
function begin({ data, sequence }: Dispatch, { position, settings, context }: Loop): void {
  const read = readySchema.safeParse(data);
  if (!read.success) return;
  const { session_id: id, resume_gateway_url: url } = read.data;
  const isTrusted = isBeside(url, settings.gateway);
  if (!isTrusted) context.log("warn", "discord.odd-resume-address", { account: context.account });
  position.began({ id, url: isTrusted ? url : settings.gateway, sequence });
}
