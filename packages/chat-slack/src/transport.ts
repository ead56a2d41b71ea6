/** One Slack app in one workspace as a `ChatTransport`: puts the parts together and closes them. */
import {
  type ChatHost,
  type ChatTransport,
  createRefusedWebhooks,
  type SendOutcome,
  type TransportContext,
  type TransportKind,
} from "@skein/chat";

import { createSlackApi } from "./api.ts";
import { findSent } from "./find.ts";
import { createBoundedFetch } from "./http.ts";
import { createWhoAmI } from "./identity.ts";
import { CAPABILITIES, createOutgoing } from "./outgoing.ts";
import { createPauses } from "./pause.ts";
import { APP_TOKEN, BOT_TOKEN, secretsOf, SIGNING_SECRET, slackSettings, type SlackSettings } from "./settings.ts";
import { openSocket } from "./socket.ts";
import { answerWebhook } from "./webhook.ts";

export const slackKind: TransportKind<SlackSettings> = {
  kind: "slack",
  settings: slackSettings,
  secrets: secretsOf,
  create: createSlackTransport,
};

function createSlackTransport(settings: SlackSettings, context: TransportContext): ChatTransport {
  const http = createBoundedFetch(context, settings.timeoutMs);
  // Secrets come from files, and files end in a line break.
  const secret = (name: string): string => context.secret(name).trim();
  const api = createSlackApi({ token: secret(BOT_TOKEN), apiUrl: settings.apiUrl, fetch: http.fetch });
  const whoAmI = createWhoAmI(api, settings.team);
  const pauses = createPauses(context.clock);
  const alarm = createAlarm(context);
  const outgoing = createOutgoing(api, alarm.fatal);
  const gate = createGate();

  return {
    kind: slackKind.kind,
    account: context.account,
    capabilities: CAPABILITIES,
    ...waysIn(settings, context, { api, whoAmI, alarm, secret }),
    send: (message) => gate.through(() => outgoing.send(message), NOT_SENT),
    edit: (message, sent) => gate.through(() => outgoing.edit(message, sent), NOT_SENT),
    react: (room, message, reaction) => gate.through(() => outgoing.react(room, message, reaction), NOT_SENT),
    find: (message, sinceMs) => gate.through(() => findSent({ api, whoAmI, pauses }, message, sinceMs), NOT_LOOKED),
    close: async () => {
      pauses.stop();
      await gate.close();
      http.abort();
    },
  };
}

interface Parts {
  readonly api: ReturnType<typeof createSlackApi>;
  readonly whoAmI: ReturnType<typeof createWhoAmI>;
  readonly alarm: Alarm;
  readonly secret: (name: string) => string;
}

function waysIn(
  settings: SlackSettings,
  context: TransportContext,
  { api, whoAmI, alarm, secret }: Parts,
): Pick<ChatTransport, "open" | "webhook"> {
  const { app, apiUrl, timeoutMs } = settings;
  if (settings.mode === "socket") {
    const options = { app, apiUrl, timeoutMs, api, whoAmI, services: context, fatal: alarm.fatal };
    const { backfill } = settings;
    const appToken = secret(APP_TOKEN);
    return {
      open: (host) => {
        alarm.meet(host);
        return openSocket({ ...options, appToken, backfill }, host);
      },
    };
  }
  const signingSecret = secret(SIGNING_SECRET);
  const refused = createRefusedWebhooks(context, slackKind.kind);
  return {
    webhook: (request, host) => {
      alarm.meet(host);
      return answerWebhook(
        { signingSecret, app, whoAmI, services: context, fatal: alarm.fatal, refused },
        request,
        host,
      );
    },
  };
}

interface Alarm {
  /** Remembers whom to tell: sending has nobody in front of it. */
  meet(host: ChatHost): void;
  /** Tells each reason once. */
  readonly fatal: (reason: string) => void;
}

function createAlarm(context: TransportContext): Alarm {
  let host: ChatHost | undefined;
  const reasons = new Set<string>();
  const told = new Set<string>();
  const tell = (): void => {
    if (host === undefined) return;
    for (const reason of reasons) {
      if (told.has(reason)) continue;
      told.add(reason);
      host.trouble({ severity: "fatal", message: `Slack account ${context.account}: ${reason}.` });
    }
  };
  return {
    meet: (one) => {
      host = one;
      tell();
    },
    fatal: (reason) => {
      context.log("error", "chat-slack.fatal", { reason });
      reasons.add(reason);
      tell();
    },
  };
}

const CLOSED = "this node has closed the account";
const NOT_SENT: SendOutcome = { type: "retry", afterMs: 1_000, reason: CLOSED, scope: "account" };
const NOT_LOOKED: SendOutcome = { type: "uncertain", reason: CLOSED };

interface Gate {
  through(work: () => Promise<SendOutcome>, whenClosed: SendOutcome): Promise<SendOutcome>;
  /** Lets nothing more in; resolves when nothing is under way. */
  close(): Promise<void>;
}

function createGate(): Gate {
  const underWay = new Set<Promise<SendOutcome>>();
  let isClosed = false;
  return {
    through: async (work, whenClosed) => {
      if (isClosed) return whenClosed;
      const one = work();
      underWay.add(one);
      try {
        return await one;
      } finally {
        underWay.delete(one);
      }
    },
    close: async () => {
      isClosed = true;
      await Promise.all(underWay);
    },
  };
}
