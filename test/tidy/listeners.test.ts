/** The listeners of the code, and the commands that they take, are those of the tables in docs/trust.md. */
import { COMMANDS, ROLES } from "@skein/core";
import { hookOf, ROUTES, storyOf } from "@skein/http";
import { expect, test } from "vitest";

import { codeOnly, filesBelow, isProduction, read, sources } from "./sources.ts";

const document = read("docs/trust.md");
const rows = [
  ...document.matchAll(
    /^\| (peer address|HTTP address) \| `([^`]+)` \| (handshake|token|program|sign-in|open|signature) \|$/gm,
  ),
].map(([, listener, path = "", access]) => ({ listener, path, access }));

const constant = (path: string, name: string): string =>
  new RegExp(`const ${name}(?:: string)? = "([^"]+)"`).exec(read(path))?.[1] ?? `${name} is not in ${path}`;

test("the HTTP routes in the table are the routes of the server, with their access", () => {
  const shown = rows.filter(({ path }) => path.includes(" ")).map(({ path, access }) => `${path} ${access}`);
  const served = ROUTES.map(({ method, path, access }) => `${method} ${path} ${access}`);
  expect(served.length).toBeGreaterThan(10);
  expect(shown.toSorted()).toEqual(served.toSorted());
});

test("the upgrades in the table are the ones that the code takes", () => {
  const sync = constant("packages/peer-websocket/src/dial.ts", "SYNC_PATH");
  const yjs = constant("packages/http/src/routes.ts", "YJS_PATH") + constant("packages/http/src/routes.ts", "YJS_ROOM");
  const open = rows.filter(({ path, access }) => !path.includes(" ") && access !== "signature");
  const shown = open.filter(({ path }) => !path.includes("ID"));
  expect(shown).toEqual([
    { listener: "peer address", path: sync, access: "handshake" },
    { listener: "HTTP address", path: yjs, access: "token" },
  ]);
  const stories = open.filter(({ path }) => path.includes("ID"));
  expect(stories.map(({ access }) => access)).toEqual(["token", "token"]);
  expect(stories.map(({ path }) => storyOf(path.replace("ID", "0123456789ab"))?.field)).toEqual(["text", "criteria"]);
});

test("webhooks are taken where the table says, and nowhere else without a token", () => {
  const shown = rows.filter(({ access }) => access === "signature");
  expect(shown).toEqual([{ listener: "HTTP address", path: "/hooks/:transport/:account", access: "signature" }]);
  expect(hookOf("/hooks/slack/main")).toEqual({ kind: "slack", account: "main" });
  expect(hookOf("/api/v1/items")).toBeUndefined();
});

test("nothing else in the code listens", () => {
  const opening = /\bcreate(?:Tls)?Server\(|\bnew WebSocketServer\(/;
  const listening = sources().filter((path) => isProduction(path) && opening.test(codeOnly(read(path))));
  expect(listening).toEqual([
    "packages/http/src/listener.ts",
    "packages/http/src/yjs-sockets.ts",
    "packages/peer-websocket/src/listen.ts",
    // On a socket file that one sandbox has, not on a network.
    "packages/sandbox/src/proxy.ts",
  ]);
});

test("every command stands in the table of roles, once", () => {
  const shown = [...document.matchAll(new RegExp(`^\\| (?:${ROLES.join("|")}) \\| (.+) \\|$`, "gm"))].flatMap(
    ([, names = ""]) => names.split(", ").map((name) => name.replaceAll("`", "")),
  );
  expect(shown.toSorted()).toEqual(COMMANDS.map(({ name }) => name as string).toSorted());
});

test("every test file that the table names exists", () => {
  const named = [...document.matchAll(/`([a-z-]+(?:\.property)?\.test\.ts)`/g)].map(([, name]) => name ?? "");
  const known = new Set([...sources(), ...filesBelow("test")].map((path) => path.split("/").at(-1)));
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((name) => !known.has(name))).toEqual([]);
});
