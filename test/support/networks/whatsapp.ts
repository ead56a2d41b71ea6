/** WhatsApp through Meta and through Twilio: everybody is alone with the bot. */
import { randomBytes } from "node:crypto";

import { createHttpGate } from "../http-gate.ts";
import { createMetaServer, type MetaServer } from "../meta-server.ts";
import { createTwilioServer, type TwilioServer } from "../twilio-server.ts";
import { waitFor } from "../wait.ts";
import { createWebhookFront, type WebhookFront } from "../webhook-front.ts";
import { ADA, GRACE, type Network } from "./network.ts";

const PHONE = "106540352242922";
const NUMBERS: Readonly<Record<string, string>> = { [ADA]: "16505551234", [GRACE]: "4915551111111" };
const hex = (bytes: number): string => randomBytes(bytes).toString("hex");

export interface MetaNetwork extends Network {
  readonly meta: MetaServer;
  readonly front: WebhookFront;
}

export async function metaNetwork(): Promise<MetaNetwork> {
  const secrets = { accessToken: `EAA${hex(40)}`, appSecret: hex(16), verifyToken: hex(12) };
  const meta = await createMetaServer({ ...secrets, phoneNumberId: PHONE });
  const gate = await createHttpGate(meta.url);
  const front = await createWebhookFront();
  let count = 0;
  const write = async (text: string, person = ADA): Promise<void> => {
    const from = NUMBERS[person] ?? person;
    const id = `wamid.${Buffer.from(`in:${count++}`).toString("base64")}`;
    const timestamp = String(Math.floor(Date.now() / 1_000));
    const change = {
      contacts: [{ profile: { name: person }, wa_id: from }],
      messages: [{ from, id, timestamp, type: "text", text: { body: text } }],
    };
    // Meta tries again for days; nobody here has them.
    await waitFor(
      "a node to take Meta's webhook",
      async () => (await meta.notify(`${front.url}/hooks/whatsapp/main`, [change])).status === 200,
      { withinMs: 60_000, everyMs: 300 },
    );
  };
  return {
    meta,
    front,
    account: "whatsapp/main",
    prefix: "",
    transport: {
      kind: "whatsapp",
      settings: { phoneNumberId: PHONE, graphUrl: gate.url },
      secrets: {
        accessToken: { env: "META_ACCESS_TOKEN" },
        appSecret: { env: "META_APP_SECRET" },
        verifyToken: { env: "META_VERIFY_TOKEN" },
      },
    },
    env: {
      META_ACCESS_TOKEN: secrets.accessToken,
      META_APP_SECRET: secrets.appSecret,
      META_VERIFY_TOKEN: secrets.verifyToken,
    },
    serve: (nodes) => {
      front.nodes = nodes;
    },
    say: write,
    sayDirect: write,
    said: () =>
      Promise.resolve(
        meta.accepted.flatMap(({ id, payload }) => {
          const text = textOf(payload);
          return text === undefined ? [] : [{ id, text, raw: JSON.stringify(payload) }];
        }),
      ),
    hang: (what) => {
      gate.judge = ({ body }) => (what !== "everything" && body.includes('"type":"reaction"') ? "pass" : "hang");
    },
    hanging: () => gate.hanging(),
    refuse: async () => {
      await gate.shut();
    },
    release: async () => {
      await gate.open();
    },
    close: async () => {
      await gate.close();
      await front.close();
      await meta.close();
    },
  };
}

function textOf(payload: Readonly<Record<string, unknown>>): string | undefined {
  const { text, interactive } = payload as {
    readonly text?: { readonly body: string };
    readonly interactive?: { readonly body: { readonly text: string } };
  };
  return text?.body ?? interactive?.body.text;
}

export interface TwilioNetwork extends Network {
  readonly twilio: TwilioServer;
  readonly front: WebhookFront;
}

export async function twilioNetwork(): Promise<TwilioNetwork> {
  const account = `AC${hex(16)}`;
  const apiKey = { sid: `SK${hex(16)}`, secret: hex(16) };
  const authToken = hex(16);
  const from = "+14155238886";
  const front = await createWebhookFront();
  const webhook = `${front.url}/hooks/twilio/main`;
  const twilio = await createTwilioServer({
    accountSid: account,
    authToken,
    apiKey,
    from: `whatsapp:${from}`,
    webhook,
  });
  const gate = await createHttpGate(twilio.url);
  const write = async (Body: string, person = ADA): Promise<void> => {
    const number = NUMBERS[person] ?? person;
    const status = await twilio.write({ From: `whatsapp:+${number}`, Body });
    if (status >= 300) throw new Error(`Twilio did not take the message: ${status}`);
  };
  return {
    twilio,
    front,
    account: "twilio/main",
    prefix: "",
    transport: {
      kind: "twilio",
      settings: { accountSid: account, from, publicUrl: webhook, apiUrl: gate.url, apiKeySid: apiKey.sid },
      secrets: { authToken: { env: "TWILIO_AUTH_TOKEN" }, apiKeySecret: { env: "TWILIO_KEY_SECRET" } },
    },
    env: { TWILIO_AUTH_TOKEN: authToken, TWILIO_KEY_SECRET: apiKey.secret },
    serve: (nodes) => {
      front.nodes = nodes;
    },
    say: write,
    sayDirect: write,
    said: async () =>
      (await twilio.messages())
        .filter(({ direction }) => direction.startsWith("outbound"))
        .toReversed()
        .map(({ sid, body }) => ({ id: sid, text: body, raw: body })),
    hang: (what) => {
      gate.judge = ({ method }) => (what === "everything" || method === "POST" ? "hang" : "pass");
    },
    hanging: () => gate.hanging(),
    refuse: async () => {
      await gate.shut();
    },
    release: async () => {
      await gate.open();
    },
    close: async () => {
      await gate.close();
      await twilio.close();
      await front.close();
    },
  };
}
