import { expect, test } from "vitest";

import { isOfThisMachine } from "./same-machine.ts";
import { rawRequest } from "./testing/raw-request.ts";
import { startTestServer, TEST_TOKEN } from "./testing/start-server.ts";

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

test.each(["project.look", "project.begin", "project.practice"])(
  "%s is taken from this machine alone, so its disk is named by nobody else",
  async (name) => {
    const server = await startTestServer({ allowedHosts: ["board.example"] });
    const status = async (headers: Readonly<Record<string, string>>): Promise<number> => {
      const sent = { Authorization: `Bearer ${TEST_TOKEN}`, "Content-Type": "application/json", ...headers };
      const body = JSON.stringify({ name, input: {} });
      const target = "/api/v1/commands";
      return (await rawRequest({ url: server.url, target, method: "POST", body, headers: sent })).status;
    };
    expect(await status({})).toBe(200);
    expect(await status({ Host: "board.example" })).toBe(403);
    expect(await status({ "X-Forwarded-For": "192.0.2.7" })).toBe(403);
    expect(server.node.commands).toHaveLength(1);
    await server.close();
  },
);
