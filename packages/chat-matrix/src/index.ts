/** Matrix as a chat transport. */
import type { TransportKind } from "@skein/chat";

import { ACCESS_TOKEN, settingsSchema, type Settings } from "./settings.ts";
import { createTransport } from "./transport.ts";

export const matrixKind: TransportKind<Settings> = {
  kind: "matrix",
  settings: settingsSchema,
  secrets: () => [ACCESS_TOKEN],
  create: createTransport,
};
