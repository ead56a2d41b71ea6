/** The real Slack transport with everything it needs from outside: a clock that tests move, secrets, a log to look into. */
import { createHmac } from "node:crypto";

import { type ChatTransport, createVerifier, type TransportContext, type WebhookRequest } from "@skein/chat";
import { slackKind } from "@skein/chat-slack";
import type { Body } from "@skein/core";
import { systemClock, systemRandom } from "@skein/node";

import { APP_TOKEN, BOT_TOKEN } from "./slack-server.ts";

export const SIGNING_SECRET = "8f742231b10e8888abcd99yyyzzz85a5";

type Clock = TransportContext["clock"];

/** The real clock, and on demand so many ms later: everything that was due meanwhile happens at once. */
interface LeapingClock extends Clock {
  leap(ms: number): void;
}

function createLeapingClock(): LeapingClock {
  let leapt = 0;
  const waiting = new Set<{ readonly dueMs: number; readonly run: () => void; cancel: () => void }>();
  const arm = (dueMs: number, run: () => void): (() => void) => {
    const one = { dueMs, run, cancel: () => undefined as void };
    const wait = (): void => {
      one.cancel = systemClock.after(Math.max(0, dueMs - clock.monoMs()), () => {
        waiting.delete(one);
        run();
      });
    };
    waiting.add(one);
    wait();
    return () => {
      waiting.delete(one);
      one.cancel();
    };
  };
  const clock: LeapingClock = {
    monoMs: () => systemClock.monoMs() + leapt,
    wallMs: () => systemClock.wallMs() + leapt,
    after: (delayMs, run) => arm(clock.monoMs() + delayMs, run),
    leap: (ms) => {
      leapt += ms;
      for (const one of [...waiting].toSorted((a, b) => a.dueMs - b.dueMs)) {
        if (one.dueMs > clock.monoMs()) continue;
        one.cancel();
        waiting.delete(one);
        one.run();
      }
    },
  };
  return clock;
}

interface LogLine {
  readonly level: string;
  readonly event: string;
  readonly text: string;
}

export interface Stand {
  readonly transport: ChatTransport;
  readonly clock: LeapingClock;
  readonly log: readonly LogLine[];
}

export function createStand(settings: Readonly<Record<string, unknown>>, token = BOT_TOKEN): Stand {
  const clock = createLeapingClock();
  const log: LogLine[] = [];
  const secrets: Readonly<Record<string, string>> = {
    botToken: `${token}\n`,
    appToken: APP_TOKEN,
    signingSecret: SIGNING_SECRET,
  };
  const parsed = slackKind.settings.parse(settings);
  const transport = slackKind.create(parsed, {
    account: "work",
    verbs: [],
    clock,
    random: systemRandom,
    log: (level, event, fields) => void log.push({ level, event, text: `${event} ${JSON.stringify(fields ?? {})}` }),
    fetch,
    verifier: createVerifier(clock),
    secret: (name) => {
      if (!slackKind.secrets(parsed).includes(name)) throw new Error(`${name} is none of the account's secrets`);
      return secrets[name] ?? "";
    },
  });
  return { transport, clock, log };
}

export const message = (
  body: Body,
  more: Partial<Parameters<ChatTransport["send"]>[0]> = {},
): Parameters<ChatTransport["send"]>[0] => ({
  key: "a".repeat(64),
  room: "C0ROOM",
  thread: null,
  threadTitle: "",
  quotes: null,
  body,
  buttons: [],
  onlyFor: null,
  lastInboundMs: null,
  ...more,
});

// ── webhooks ────────────────────────────────────────────────────────────────────────────────────────────────────────

export const JSON_TYPE = "application/json";
export const FORM_TYPE = "application/x-www-form-urlencoded";

const sign = (body: string, seconds: number, secret = SIGNING_SECRET): string =>
  `v0=${createHmac("sha256", secret).update(`v0:${seconds}:${body}`).digest("hex")}`;

/** A request as Slack would post it, now or at another time. */
export function signed(
  body: string,
  contentType: string,
  options: { readonly seconds?: number; readonly secret?: string; readonly headers?: WebhookRequest["headers"] } = {},
): WebhookRequest {
  const seconds = options.seconds ?? Math.floor(Date.now() / 1_000);
  return {
    method: "POST",
    url: "/chat/work",
    headers: {
      "content-type": [contentType],
      "x-slack-request-timestamp": [String(seconds)],
      "x-slack-signature": [sign(body, seconds, options.secret)],
      ...options.headers,
    },
    body: new TextEncoder().encode(body),
  };
}

export const form = (fields: Readonly<Record<string, string>>): string => new URLSearchParams(fields).toString();
