/** Matrix as a chat transport. */
import type { TransportKind } from "@skein/chat";

import type { OpenCryptography } from "./cryptography.ts";
import { secretsOf, settingsSchema, type Settings } from "./settings.ts";
import { createTransport } from "./transport.ts";

export type * from "./cryptography.ts";
export type { RoomEvent } from "./events.ts";
export type { Answer, Failure, Http, HttpRequest } from "./http.ts";

/** `cryptography`: how to open keys for encrypted rooms, asked when an account wants them; undefined where nobody can. */
export const createMatrixKind = (cryptography: () => OpenCryptography | undefined): TransportKind<Settings> => ({
  kind: "matrix",
  settings: settingsSchema,
  secrets: secretsOf,
  create: (settings, context) => createTransport(settings, context, cryptography),
});
