import { expect, test } from "vitest";

import { secretsOf, settingsSchema } from "./settings.ts";

const WITHOUT_ENCRYPTION = { encryption: false, unsignedDevices: "refuse", identities: {} };

test("a homeserver is enough, and then nobody can invite the bot and nothing is encrypted", () => {
  expect(settingsSchema.parse({ homeserver: "https://matrix.example.org/" })).toEqual({
    homeserver: "https://matrix.example.org/",
    invite: { allow: [] },
    ...WITHOUT_ENCRYPTION,
  });
  expect(settingsSchema.parse({ homeserver: "http://localhost:8008/base/", invite: { allow: ["@a:b"] } })).toEqual({
    homeserver: "http://localhost:8008/base/",
    invite: { allow: ["@a:b"] },
    ...WITHOUT_ENCRYPTION,
  });
});

test.each([
  [{}, "homeserver"],
  [{ homeserver: "matrix.example.org" }, "write the homeserver's address"],
  [{ homeserver: "ftp://example.org" }, "write the homeserver's address"],
  [{ homeserver: "https://me:secret@example.org" }, "no user, password"],
  [{ homeserver: "https://example.org/?token=x" }, "no user, password"],
  [{ homeserver: "https://example.org", invite: { allow: ["ada"] } }, "@name:server"],
  [{ homeserver: "https://example.org", invite: { allow: ["@ada:example.org", "*"] } }, "@name:server"],
  [{ homeserver: "https://example.org", token: "x" }, "token"],
  [{ homeserver: "https://example.org", encryption: "yes" }, "encryption"],
  [{ homeserver: "https://example.org", unsignedDevices: "ignore" }, "unsignedDevices"],
  [{ homeserver: "https://example.org", identities: { "@ada:example.org": "short" } }, "43 characters"],
  [{ homeserver: "https://example.org", identities: { ada: "A".repeat(43) } }, "@name:server"],
])("%j is refused with a word on what is wrong", (settings, word) => {
  const { error } = settingsSchema.safeParse(settings);
  expect(JSON.stringify(error?.issues)).toContain(word);
});

test("encryption needs one more secret", () => {
  const homeserver = "https://example.org";
  expect(secretsOf(settingsSchema.parse({ homeserver }))).toEqual(["accessToken"]);
  expect(secretsOf(settingsSchema.parse({ homeserver, encryption: true }))).toEqual(["accessToken", "encryptionKey"]);
});
