/** Discord as a chat transport: gateway or HTTP interactions in, REST out. */
import type { TransportKind } from "@skein/chat";

import { type DiscordSettings, settingsSchema, TOKEN } from "./settings.ts";
import { createTransport } from "./transport.ts";

export const discordKind: TransportKind<DiscordSettings> = {
  kind: "discord",
  settings: settingsSchema,
  secrets: () => [TOKEN],
  create: createTransport,
};
