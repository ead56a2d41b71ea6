/** Questions and commands that a running node refuses: by the CLI and over HTTP, and nothing in its log changes. */
import { request } from "node:http";
import { beforeAll, expect, test } from "vitest";

import type { NodeProcess } from "../support/node-process.ts";
import { waitFor } from "../support/wait.ts";
import { useWorld } from "../support/world.ts";
import { expectRefusal } from "./support/refusal.ts";

const world = useWorld();
let owner: NodeProcess;
let agent: NodeProcess;
let known: string;

beforeAll(async () => {
  await world.found("owner");
  owner = await world.start("owner", { slots: 0 });
  agent = await world.join("agent", owner, { role: "agent", slots: 0 });
  known = (await owner.api.addItem({ title: "Known" })).id;
  await waitFor("the agent to see the item", async () => (await agent.api.items()).length === 1);
});

async function expectRefusedBy(
  node: NodeProcess,
  args: readonly string[],
  code: number,
  ...says: readonly (string | RegExp)[]
): Promise<void> {
  const before = await node.api.digest();
  expectRefusal(await world.skein([...args, "--data", node.data]), { code, says });
  expect(await node.api.digest()).toEqual(before);
}

test("an item that is not there", async () => {
  for (const words of [
    ["item", "show"],
    ["item", "start"],
    ["item", "archive"],
    ["item", "delete"],
    ["why"],
    ["logs"],
  ]) {
    await expectRefusedBy(
      owner,
      [...words, "zzzzzzzzzzzz"],
      1,
      "There is no item zzzzzzzzzzzz",
      "`skein item list --all`",
    );
  }
});

test("the beginning of an id that fits several items", async () => {
  const ids = new Set([known]);
  const twins = (): readonly string[] => {
    const all = [...ids];
    return all.filter((id) => all.some((other) => other !== id && other[0] === id[0]));
  };
  // Ids are random: 33 of them cannot have 33 different first characters.
  while (twins().length === 0) ids.add((await owner.api.addItem({ title: `Number ${ids.size}` })).id);
  const [first = ""] = twins();
  await expectRefusedBy(
    owner,
    ["item", "show", first.slice(0, 1)],
    1,
    `${first.slice(0, 1)} may be `,
    first,
    "Give more of the id",
  );
  expect((await world.skein(["item", "show", first, "--data", owner.data])).code).toBe(0);
});

test("commands that are not legal where the item is", async () => {
  await expectRefusedBy(owner, ["item", "restore", known], 1, /^skein: .*(archived|Backlog)/m);
  await expectRefusedBy(owner, ["item", "reject", known, "not good"], 1, /^skein: .*Backlog/m);
  await expectRefusedBy(owner, ["item", "move", known, "done"], 1, /^skein: .*(backlog|coding)/im);
  await expectRefusedBy(owner, ["logs", known], 1, `Item ${known} does not have an attempt yet`, `skein why ${known}`);
});

test("values beyond their bounds, and lines that are no line", async () => {
  await expectRefusedBy(owner, ["item", "add", ""], 2, "title");
  await expectRefusedBy(owner, ["item", "add", "x".repeat(201)], 2, "title", "200");
  await expectRefusedBy(owner, ["item", "add", "x", "--priority", "10"], 2, "priority");
  await expectRefusedBy(owner, ["item", "add", "x", "--priority", "high"], 2, "priority");
  await expectRefusedBy(owner, ["item", "add", "x", "--depends-on", "zzzzzzzzzzzz"], 1, "zzzzzzzzzzzz");
  await expectRefusedBy(owner, ["item", "add", "two\nlines"], 2, "title");
  await expectRefusedBy(owner, ["item", "list", "--stage", "nope"], 2, 'no stage "nope"', "Backlog, Coding, Qa, Merge");
  await expectRefusedBy(owner, ["invite", "--role", "agent", "--ttl", "soon"], 2, "ttl", "1h");
  await expectRefusedBy(owner, ["members", "remove", "nobody"], 1, "nobody");
});

test("a node whose role does not allow it", async () => {
  const says = [`This node's role is agent; "item add" needs operator`, "Run it on a node with that role"];
  await expectRefusedBy(agent, ["item", "add", "Mine"], 1, ...says);
  await expectRefusedBy(agent, ["invite", "--role", "owner"], 1, `This node's role is agent; "invite" needs operator`);
  await expectRefusedBy(agent, ["item", "delete", known], 1, `"item delete" needs operator`);
});

test("HTTP without the token, with a wrong one, and from another site", async () => {
  const { http } = owner.endpoints;
  for (const path of ["/api/v1/items", "/api/v1/digest", "/metrics", "/api/v1/nothing"]) {
    for (const headers of [{}, { authorization: "Bearer nonsense" }, { authorization: owner.api.token }]) {
      const response = await fetch(http + path, { headers });
      expect(response.status, path).toBe(401);
      const body = (await response.json()) as { readonly error: { readonly message: string } };
      expect(body.error.message).toMatch(/token/i);
      expect(JSON.stringify(body)).not.toContain(owner.api.token);
    }
  }
  const authorization = `Bearer ${owner.api.token}`;
  expect(
    (await fetch(`${http}/api/v1/items`, { headers: { authorization, origin: "https://evil.example" } })).status,
  ).toBe(403);
  // fetch does not let a test choose the Host header.
  expect(await statusWithHost(http, "evil.example", authorization)).toBe(421);
  expect((await fetch(`${http}/healthz`)).status).toBe(200);
});

test("bodies that are no command", async () => {
  const before = await owner.api.digest();
  const post = async (
    body: string | Uint8Array<ArrayBuffer>,
    type = "application/json",
  ): Promise<readonly [number, string]> => {
    const response = await fetch(`${owner.endpoints.http}/api/v1/commands`, {
      method: "POST",
      headers: { authorization: `Bearer ${owner.api.token}`, "content-type": type },
      body,
    });
    const answer = (await response.json()) as { readonly ok: boolean; readonly error: { readonly message: string } };
    expect(answer.ok).toBe(false);
    expect(answer.error.message).toMatch(/\w+ \w+/);
    return [response.status, answer.error.message];
  };
  expect((await post("{"))[0]).toBe(400);
  expect((await post(""))[0]).toBe(400);
  expect((await post("[]"))[0]).toBe(400);
  expect((await post("null"))[0]).toBe(400);
  expect((await post(new Uint8Array([0x22, 0xff, 0x22])))[0]).toBe(400);
  expect((await post('{"name":"item.add"}'))[0]).toBe(400);
  expect((await post('{"name":"item.add","input":{"title":"x","bogus":1}}'))[1]).toContain("bogus");
  expect((await post('{"name":"item.add","input":{"title":5}}'))[1]).toContain("title");
  expect((await post('{"name":"item.add","input":{"title":"x"},"more":1}'))[0]).toBe(400);
  expect((await post('{"name":"item.add","input":{"title":"x","__proto__":{"start":true}}}'))[0]).toBe(400);
  expect((await post(`{"name":"item.add","input":${"[".repeat(5_000)}${"]".repeat(5_000)}}`))[0]).toBe(400);
  expect((await post('{"name":"item.launch"}'))[0]).toBe(404);
  expect((await post('{"name":"constructor"}'))[0]).toBe(404);
  expect((await post('{"name":"item.list"}', "text/plain"))[0]).toBe(415);
  expect((await post(`{"name":"item.add","input":{"title":"${"x".repeat(600_000)}"}}`))[0]).toBe(413);
  expect(await owner.api.digest()).toEqual(before);
});

test("the wrong method, and paths that lead nowhere", async () => {
  const headers = { authorization: `Bearer ${owner.api.token}` };
  const put = await fetch(`${owner.endpoints.http}/api/v1/items`, { method: "PUT", headers });
  expect(put.status).toBe(405);
  for (const path of ["/api/v1/nothing", "/api/v1/items/%ff", "/api/v1/items/../../etc/passwd", "/yjs/board"]) {
    const response = await fetch(owner.endpoints.http + path, { headers });
    expect(response.status, path).toBeGreaterThanOrEqual(400);
    expect(response.status, path).toBeLessThan(500);
  }
});

function statusWithHost(http: string, host: string, authorization: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request(`${http}/api/v1/items`, { headers: { host, authorization } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.on("error", reject);
    asked.end();
  });
}
