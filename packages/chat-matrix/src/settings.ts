/** What an account on Matrix has in `node.yaml`, and the one secret that it needs. */
import { z } from "zod";

/** The name of the secret that holds the account's access token. */
export const ACCESS_TOKEN = "accessToken";

const userId = z
  .string()
  .max(255)
  .regex(/^@[^:\s]+:[^\s]+$/, "write Matrix users as @name:server");

const homeserver = z
  .url({
    protocol: /^https?$/,
    abort: true,
    error: "write the homeserver's address, for example https://matrix.example.org",
  })
  .refine(
    (text) => {
      const { username, password, search, hash } = new URL(text);
      return [username, password, search, hash].every((part) => part === "");
    },
    { error: "the homeserver's address has no user, password, query or fragment" },
  );

export const settingsSchema = z.strictObject({
  /** Base address of the client-server API, without `/_matrix`. */
  homeserver,
  invite: z
    .strictObject({
      /** Whose invitations are accepted; all others are refused. */
      allow: z.array(userId).readonly().default([]),
    })
    .default({ allow: [] }),
});

export type Settings = z.output<typeof settingsSchema>;
