import { expect, test } from "vitest";

import { settingsSchema } from "./settings.ts";

test("a homeserver is enough, and then nobody can invite the bot", () => {
  expect(settingsSchema.parse({ homeserver: "https://matrix.example.org/" })).toEqual({
    homeserver: "https://matrix.example.org/",
    invite: { allow: [] },
  });
  expect(settingsSchema.parse({ homeserver: "http://localhost:8008/base/", invite: { allow: ["@a:b"] } })).toEqual({
    homeserver: "http://localhost:8008/base/",
    invite: { allow: ["@a:b"] },
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
])("%j is refused with a word on what is wrong", (settings, word) => {
  const { error } = settingsSchema.safeParse(settings);
  expect(JSON.stringify(error?.issues)).toContain(word);
});
