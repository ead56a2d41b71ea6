/** The one route that makes a file: it names it and says nothing of where it is. */
import { err, ok } from "@skein/core";
import { expect, test } from "vitest";
import { startTestServer, TEST_TOKEN } from "./testing/start-server.ts";

test("a snapshot is answered with its name alone, and its failure with the node's own sentence", async () => {
  const answers = [ok("00112233445566ff"), err({ code: "not-saved" as const, message: "The disk is full." })];
  const server = await startTestServer({ snapshot: () => Promise.resolve(answers.shift() ?? ok("")) });
  const post = async (): Promise<readonly unknown[]> => {
    const headers = { authorization: `Bearer ${TEST_TOKEN}` };
    const response = await fetch(`${server.url}/api/v1/snapshots`, { method: "POST", headers });
    return [response.status, await response.json()];
  };
  expect(await post()).toEqual([200, { snapshot: "00112233445566ff" }]);
  expect(await post()).toEqual([507, { ok: false, error: { code: "not-saved", message: "The disk is full." } }]);
  await server.close();
});
