/** `@skein/client` in a program: the example of its documentation against a real node, and what becomes of it without one. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { connect } from "@skein/client";
import { expect, test } from "vitest";
import { WebSocket } from "ws";

import { NotYet, waitFor } from "../support/wait.ts";
import { useWorld } from "../support/world.ts";

const world = useWorld();

test("the example adds an item, prints what moves, and goes on when its node was restarted", async () => {
  await world.found("alice");
  const alice = await world.start("alice", { slots: 0 });
  const at = new URL(alice.endpoints.http).host;
  const example = join(import.meta.dirname, "../../docs/examples/client-example.mjs");
  const args = [example, `${alice.endpoints.http}/`, join(alice.data, "token"), "From a program"];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  world.atEnd(() => void child.kill("SIGKILL"));
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString("utf8")));
  const prints = (words: string): Promise<true> =>
    waitFor(`the example to print ${words}`, () => {
      if (!output.includes(words)) throw new NotYet(output);
      return true as const;
    });
  await prints("live");
  await prints('Backlog "From a program"');
  expect(output).toContain("ok: true");

  await alice.kill();
  await prints("stale");
  output = "";
  const again = await world.start("alice", { slots: 0, http: at });
  await prints("live");
  await again.api.addItem({ title: "After the restart" });
  await prints('Backlog "After the restart"');
  // What was there before the restart is not told again.
  expect(output).not.toContain("From a program");
});

test("a token that is none is told so, once, and nothing is tried any more", async () => {
  await world.found("bob");
  const bob = await world.start("bob", { slots: 0 });
  // The types of `ws` know its own events only.
  const options = { url: `${bob.endpoints.http}/`, token: "nonsense", WebSocket: WebSocket as never };
  const client = connect(options);
  world.atEnd(() => client.close());
  await waitFor("the client to be told", () => client.status.type === "signed-out");
  expect(client.hasBoard).toBe(false);
  expect(await client.query("api/v1/items")).toMatchObject({ ok: false, error: { code: "unauthorized" } });
});
