import { expect, test } from "vitest";

import { isOfThisMachine } from "./same-machine.ts";

const asked = (remoteAddress: string | undefined, headers: Readonly<Record<string, string>>): boolean =>
  isOfThisMachine({ headers, socket: { remoteAddress } });

test.each([
  ["127.0.0.1", "127.0.0.1:4711"],
  ["::ffff:127.0.0.1", "localhost:4711"],
  ["::1", "[::1]:4711"],
  ["127.0.0.1", "LocalHost"],
])("%s asking %s is of this machine", (address, host) => {
  expect(asked(address, { host })).toBe(true);
});

test.each([
  ["192.0.2.7", { host: "127.0.0.1:4711" }],
  ["::ffff:192.0.2.7", { host: "127.0.0.1:4711" }],
  ["127.0.0.1.example", { host: "127.0.0.1" }],
  [undefined, { host: "localhost" }],
  ["127.0.0.1", {}],
  ["127.0.0.1", { host: "board.example" }],
  ["127.0.0.1", { host: "localhost.example:4711" }],
  ["127.0.0.1", { host: "127.0.0.1.example" }],
  ["127.0.0.1", { host: "localhost", "x-forwarded-for": "192.0.2.7" }],
  ["127.0.0.1", { host: "localhost", forwarded: "for=192.0.2.7" }],
  ["127.0.0.1", { host: "localhost", via: "1.1 proxy" }],
])("%s with %j is not", (address, headers) => {
  expect(asked(address, headers)).toBe(false);
});
