/**
 * What an account says in `node.yaml`. There are two ways in, and each needs other secrets: Socket Mode dials out and needs
 * an app-level token, a webhook is dialed and needs the secret that Slack signs with.
 */
import { z } from "zod";

const LOOPBACK: ReadonlySet<string> = new Set(["127.0.0.1", "[::1]", "localhost"]);

/** The bot token goes to this address, so it travels encrypted, except to a test server on the same machine. */
function isSafeUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return url.protocol === "https:" || (url.protocol === "http:" && LOOPBACK.has(url.hostname));
}

const common = {
  /** The workspace that the bot token must belong to; learned from the token when it is left out. */
  team: z
    .string()
    .regex(
      /^[TE][A-Z0-9]{2,31}$/,
      "a workspace id such as T0123ABCD; it is in the address of the workspace's web client",
    )
    .optional(),
  /** The app whose webhooks are accepted; the signature already says so when it is left out. */
  app: z
    .string()
    .regex(/^A[A-Z0-9]{2,31}$/, "an app id such as A0123ABCD; it is on the app's Basic Information page")
    .optional(),
  apiUrl: z
    .string()
    .refine(isSafeUrl, "the base address of the Web API, https:// (http:// only to this machine)")
    .default("https://slack.com/api/"),
  /** How long one request may take. */
  timeoutMs: z.int().min(100).max(60_000).default(10_000),
};

const channelId = z.string().regex(/^[CDG][A-Z0-9]{2,31}$/, "a channel id such as C0123ABCD, not its name");

export const slackSettings = z.discriminatedUnion(
  "mode",
  [
    z.strictObject({
      mode: z.literal("socket"),
      ...common,
      /** Channels to read again after the socket was away. Slack slows such reading down for distributed apps. */
      backfill: z.array(channelId).max(50).default([]),
    }),
    z.strictObject({ mode: z.literal("webhook"), ...common }),
  ],
  "mode is socket (Skein dials Slack) or webhook (Slack dials this node)",
);

export type SlackSettings = z.infer<typeof slackSettings>;

export const BOT_TOKEN = "botToken";
export const APP_TOKEN = "appToken";
export const SIGNING_SECRET = "signingSecret";

export const secretsOf = (settings: SlackSettings): readonly string[] =>
  settings.mode === "socket" ? [BOT_TOKEN, APP_TOKEN] : [BOT_TOKEN, SIGNING_SECRET];
