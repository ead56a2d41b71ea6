/** Slack, by socket or by webhook. */
import { createHttpGate } from "../http-gate.ts";
import {
  APP_TOKEN,
  BOT_ID,
  BOT_TOKEN,
  callback,
  ADA as ADA_ID,
  eventsOf,
  ROOM,
  type SlackServer,
  startSlack,
} from "../slack-server.ts";
import { JSON_TYPE, signed, SIGNING_SECRET } from "../slack-transport.ts";
import { waitFor } from "../wait.ts";
import { createWebhookFront, type WebhookFront } from "../webhook-front.ts";
import { ADA, type Network } from "./network.ts";

const PEOPLE: Readonly<Record<string, { readonly user: string; readonly direct: string }>> = {
  [ADA]: { user: ADA_ID, direct: "D0ADA" },
  grace: { user: "U0GRACE", direct: "D0GRACE" },
};

export interface SlackNetwork extends Network {
  readonly slack: SlackServer;
  readonly front: WebhookFront;
  /** Posts an event of a message as it is, signed with this secret, once. Resolves with the status. */
  deliver(message: Readonly<Record<string, unknown>>, secret?: string): Promise<number>;
}

export async function slackNetwork(mode: "socket" | "webhook"): Promise<SlackNetwork> {
  const slack = await startSlack({ wallMs: () => Date.now() });
  const { origin } = new URL(slack.apiUrl);
  const gate = await createHttpGate(origin);
  const front = await createWebhookFront();
  for (const { direct } of Object.values(PEOPLE)) slack.members.add(direct);
  const write = async (channel: string, text: string, person: string): Promise<void> => {
    const user = PEOPLE[person]?.user ?? person;
    const message = slack.write({ channel, text: onTheWire(text), user });
    if (mode === "webhook") await post(front, { ...message.stored });
  };
  return {
    slack,
    front,
    deliver: async (message, secret = SIGNING_SECRET) => {
      const event = callback({ type: "message", channel_type: "channel", event_ts: message["ts"], ...message });
      return (await postOnce(front, event, { secret })).status;
    },
    account: "slack/main",
    prefix: "!skein ",
    transport: {
      kind: "slack",
      rooms: [{ id: ROOM, role: "operator", notices: "stages" }],
      settings: { mode, apiUrl: `${gate.url}/api/`, ...(mode === "socket" ? { backfill: [ROOM] } : {}) },
      secrets: {
        botToken: { env: "SLACK_BOT_TOKEN" },
        ...(mode === "socket"
          ? { appToken: { env: "SLACK_APP_TOKEN" } }
          : { signingSecret: { env: "SLACK_SIGNING_SECRET" } }),
      },
    },
    env: { SLACK_BOT_TOKEN: BOT_TOKEN, SLACK_APP_TOKEN: APP_TOKEN, SLACK_SIGNING_SECRET: SIGNING_SECRET },
    serve: (nodes) => {
      front.nodes = nodes;
    },
    say: (text, from = ADA) => write(ROOM, text, from),
    sayDirect: (text, from = ADA) => write(PEOPLE[from]?.direct ?? "D0NOBODY", text, from),
    said: () =>
      Promise.resolve(
        slack.messages
          .filter((one) => one.bot_id === BOT_ID)
          .map((one) => ({ id: one.ts, text: textOf(one), raw: JSON.stringify(one) })),
      ),
    hang: (what) => {
      gate.judge = ({ path }) => (what === "everything" || path.endsWith("/chat.postMessage") ? "hang" : "pass");
    },
    hanging: () => gate.hanging(),
    refuse: async () => {
      await gate.shut();
      slack.sockets.refusing = true;
      slack.sockets.breakOff();
    },
    release: async () => {
      await gate.open();
      slack.sockets.refusing = false;
    },
    close: async () => {
      await gate.close();
      await front.close();
      await slack.close();
    },
  };
}

/** What somebody typed as Slack delivers it: a `<` of theirs is never the beginning of a mention. */
const onTheWire = (typed: string): string =>
  typed.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** The text is what notifications show; people read the blocks. */
const textOf = ({ text, blocks }: { readonly text: string; readonly blocks?: unknown }): string =>
  blocks === undefined ? text : `${text}\n${JSON.stringify(blocks)}`;

async function post(front: WebhookFront, message: Parameters<typeof eventsOf>[0]): Promise<void> {
  for (const event of eventsOf(message)) await postEvent(front, event);
}

async function postEvent(front: WebhookFront, event: unknown): Promise<void> {
  let attempt = 0;
  // Slack repeats at once, after a minute and after five; here all of it is at once.
  await waitFor("a node to take Slack's event", async () => {
    const retry = { "x-slack-retry-num": [String(attempt)], "x-slack-retry-reason": ["http_error"] };
    const response = await postOnce(front, event, { headers: attempt++ === 0 ? {} : retry });
    return response.status === 200;
  });
}

function postOnce(front: WebhookFront, event: unknown, options: Parameters<typeof signed>[2]): Promise<Response> {
  const request = signed(JSON.stringify(event), JSON_TYPE, options);
  const headers = new Headers(Object.entries(request.headers).map(([name, values]) => [name, values.join(", ")]));
  const body = new TextDecoder().decode(request.body);
  return fetch(`${front.url}/hooks/slack/main`, { method: "POST", headers, body });
}
