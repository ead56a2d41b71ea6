/** What an account on Matrix has in `node.yaml`, and the secrets that it needs. */
import { z } from "zod";

/** The name of the secret that holds the account's access token. */
export const ACCESS_TOKEN = "accessToken";
/** The name of the secret that guards the keys of an account with encryption. */
export const ENCRYPTION_KEY = "encryptionKey";

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
  /** Reads and writes in encrypted rooms. Needs a package of its own. */
  encryption: z.boolean().default(false),
  /** Whether commands are taken from devices that their owner has not signed. */
  unsignedDevices: z.enum(["refuse", "accept"]).default("refuse"),
  /** Public master keys by MXID: whose identity is known, and which one it is. */
  identities: z
    .record(userId, z.string().regex(/^[A-Za-z0-9+/]{43}$/, "a master key has 43 characters of base64"))
    .default({}),
});

export type Settings = z.output<typeof settingsSchema>;

export const secretsOf = ({ encryption }: Settings): readonly string[] =>
  encryption ? [ACCESS_TOKEN, ENCRYPTION_KEY] : [ACCESS_TOKEN];
