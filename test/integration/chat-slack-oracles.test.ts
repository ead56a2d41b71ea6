import { once } from "node:events";
import { createServer } from "node:http";

import { App, HTTPReceiver, LogLevel, type Receiver, SocketModeReceiver } from "@slack/bolt";
import { afterEach, beforeEach, expect, test } from "vitest";

import {
  APP_TOKEN,
  BOT_ID,
  BOT_TOKEN,
  BOT_USER,
  buttonClick,
  eventsOf,
  ROOM,
  slashFields,
  type SlackServer,
  startSlack,
} from "../support/slack-server.ts";
import { form, FORM_TYPE, JSON_TYPE, signed, SIGNING_SECRET } from "../support/slack-transport.ts";
import { waitFor } from "../support/wait.ts";

let slack: SlackServer;
beforeEach(async () => {
  slack = await startSlack();
});
afterEach(() => slack.close());

/** An app of Slack's own framework that writes down what reaches it. */
function appWith(receiver: Receiver): { readonly app: App; readonly seen: readonly string[] } {
  const app = new App({
    receiver,
    logLevel: LogLevel.ERROR,
    authorize: () => Promise.resolve({ botToken: BOT_TOKEN, botId: BOT_ID, botUserId: BOT_USER }),
    clientOptions: { slackApiUrl: slack.apiUrl },
  });
  const seen: string[] = [];
  app.message(({ message }) => Promise.resolve(void seen.push(`message ${message.channel}`)));
  app.command("/skein", async ({ ack, command }) => {
    seen.push(`command ${command.text}`);
    await ack();
  });
  app.action("skein:0", async ({ ack, action }) => {
    seen.push(`action ${"value" in action ? action.value : ""}`);
    await ack();
  });
  return { app, seen };
}

test("Slack's own framework with its own socket client reads and acknowledges what the server of the tests sends", async () => {
  const receiver = new SocketModeReceiver({
    appToken: APP_TOKEN,
    logLevel: LogLevel.ERROR,
    autoReconnectEnabled: false,
    installerOptions: { clientOptions: { slackApiUrl: slack.apiUrl } },
  });
  const { app, seen } = appWith(receiver);
  await app.start();
  expect(slack.sockets.open()).toBe(1);
  const ids = [
    ...slack.write({ text: "hello" }).envelopes,
    slack.sockets.deliver("slash_commands", slashFields({ text: "status" })),
    slack.sockets.deliver("interactive", buttonClick()),
  ];
  await waitFor("every acknowledgement", () => ids.every((id) => slack.sockets.acknowledged.has(id ?? "")));
  await waitFor("all three", () => seen.length === 3);
  expect(seen.toSorted()).toEqual(["action approve 01ABC 3", "command status", `message ${ROOM}`]);
  slack.sockets.announce("refresh_requested");
  await waitFor("no socket", () => slack.sockets.open() === 0);
  await app.stop();
});

test("Slack's own framework accepts the signatures of the tests, and reads their events, commands and clicks", async () => {
  const receiver = new HTTPReceiver({
    signingSecret: SIGNING_SECRET,
    logLevel: LogLevel.ERROR,
    endpoints: "/chat/work",
  });
  const { seen } = appWith(receiver);
  const http = createServer((request, response) => receiver.requestListener(request, response));
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  const address = http.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;

  const post = async (body: string, type: string, secret?: string): Promise<number> => {
    const request = signed(body, type, secret === undefined ? {} : { secret });
    const headers = Object.entries(request.headers).map(([name, [value = ""]]) => [name, value] as [string, string]);
    const response = await fetch(`http://127.0.0.1:${port}/chat/work`, { method: "POST", headers, body });
    return response.status;
  };
  try {
    const [event] = eventsOf({ ts: "1700000001.000100", channel: ROOM, user: "U0ADA", text: "hello" });
    expect(await post(JSON.stringify(event), JSON_TYPE)).toBe(200);
    expect(await post(form(slashFields({ text: "status" })), FORM_TYPE)).toBe(200);
    expect(await post(form({ payload: JSON.stringify(buttonClick()) }), FORM_TYPE)).toBe(200);
    expect(await post(JSON.stringify(event), JSON_TYPE, "another secret")).toBe(401);
    await waitFor("all three", () => seen.length === 3);
    expect(seen.toSorted()).toEqual(["action approve 01ABC 3", "command status", `message ${ROOM}`]);
  } finally {
    http.closeAllConnections();
    http.close();
  }
});
