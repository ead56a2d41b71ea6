/** What `node.yaml` says of one Discord bot. */
import { z } from "zod";

const NO_ID = "has to be a Discord id: 15 to 20 digits, in quotes (right-click, Copy ID)";
const id = z.string({ error: NO_ID }).regex(/^\d{15,20}$/, NO_ID);

const baseUrl = (protocol: RegExp, example: string): z.ZodURL =>
  z.url({ protocol, error: `has to be an address like ${example}` });

export const settingsSchema = z
  .strictObject({
    /** `gateway`: this program connects to Discord. `interactions`: Discord calls this program, for commands and buttons only. */
    mode: z.enum(["gateway", "interactions"]),
    /** The application's id, from the developer portal. */
    application: id,
    /** With it, Discord may call this program for commands and buttons. In mode `gateway` it can be left out. */
    publicKey: z
      .string()
      .regex(/^[0-9a-f]{64}$/i, "has to be the application's public key: 64 hexadecimal digits")
      .optional(),
    /** Where the slash command is registered; everywhere the bot is when it is left out. */
    guild: id.optional(),
    /** The name of the slash command. */
    command: z
      .string()
      .regex(/^[a-z0-9_-]{1,32}$/, "may have 1 to 32 small letters, digits, - and _")
      .default("skein"),
    /** Channels whose messages are fetched after an interruption that Discord cannot bridge. */
    channels: z.array(id).max(100).default([]),
    /** The bot may read messages that do not mention it (a privileged intent, turned on in the developer portal). */
    messageContent: z.boolean().default(true),
    api: baseUrl(/^https?$/, "https://discord.com/api").default("https://discord.com/api"),
    gateway: baseUrl(/^wss?$/, "wss://gateway.discord.gg").default("wss://gateway.discord.gg"),
  })
  .refine(({ mode, publicKey }) => mode === "gateway" || publicKey !== undefined, {
    path: ["publicKey"],
    error: "is needed in mode interactions, to tell Discord's calls from anybody else's",
  });

export type DiscordSettings = z.output<typeof settingsSchema>;

/** The name of the one secret: the bot's token. */
export const TOKEN = "token";
