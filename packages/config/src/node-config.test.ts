/** node.yaml: what it may say, and what is refused with a place and a sentence. */
import { expect, test } from "vitest";

import { NO_NODE_CONFIG, parseNodeConfig } from "./node-config.ts";

const NO_HTTP = { insecure: false, hosts: [] };

const problemOf = (text: string): string => {
  const parsed = parseNodeConfig(text, "node.yaml");
  return parsed.ok ? "none" : parsed.error.message;
};

test("an account gets the defaults that keep strangers out", () => {
  const parsed = parseNodeConfig("transports: [{ kind: matrix, rooms: [{ id: '!a:b' }] }]", "node.yaml");
  expect(parsed.ok && parsed.value.transports).toEqual([
    {
      kind: "matrix",
      name: "main",
      enabled: true,
      pin: "",
      prefixes: ["!skein"],
      rooms: [{ id: "!a:b", role: "operator", guests: "none", notices: "stages" }],
      roles: {},
      fourEyes: [],
      settings: {},
      secrets: {},
    },
  ]);
});

test("an empty file has no accounts, and gives sandboxes nothing", () => {
  expect(parseNodeConfig("", "node.yaml")).toEqual({
    ok: true,
    value: { transports: [], lease: { ttlMs: 30_000 }, http: NO_HTTP, sandbox: { read: [], caches: [] } },
  });
  expect(NO_NODE_CONFIG).toEqual({
    transports: [],
    lease: { ttlMs: 30_000 },
    http: NO_HTTP,
    sandbox: { read: [], caches: [] },
  });
});

test("what the machine gives to sandboxes is read", () => {
  const text = "sandbox: { read: [/opt/java], caches: [/home/ada/.npm], network: { allow: ['localhost:4873'] } }";
  const parsed = parseNodeConfig(text, "node.yaml");
  expect(parsed.ok && parsed.value.sandbox).toEqual({
    read: ["/opt/java"],
    caches: ["/home/ada/.npm"],
    network: { allow: ["localhost:4873"] },
  });
});

test.each(["opt/java", "/", "/opt/../home", "/opt//java", "/opt/java/", "~/.npm", ""])(
  "the path %j is not one to give",
  (path) => {
    expect(problemOf(`sandbox: { read: [${JSON.stringify(path)}] }`)).toContain("must be an absolute path");
  },
);

test("a secret is named by a variable or a file, whatever the key is called", () => {
  const text = "transports: [{ kind: slack, secrets: { botToken: { env: SLACK }, signingSecret: { file: s.txt } } }]";
  const parsed = parseNodeConfig(text, "node.yaml");
  expect(parsed.ok && parsed.value.transports[0]?.secrets).toEqual({
    botToken: { env: "SLACK" },
    signingSecret: { file: "s.txt" },
  });
});

test.each([
  ["a secret itself", "transports: [{ kind: slack, secrets: { botToken: xoxb-1234567890-abcdefghij } }]"],
  ["a secret among the settings", "transports: [{ kind: slack, settings: { x: xoxb-1234567890-abcdefghij } }]"],
])("%s is refused and not repeated", (_what, text) => {
  const problem = problemOf(text);
  expect(problem).toContain("node.yaml:1:");
  expect(problem).not.toContain("xoxb");
});

test.each([
  ["transports: [{ kind: MATRIX }]", "must be a kind like matrix"],
  ["transports: [{ kind: matrix, nmae: x }]", "nmae"],
  ["transports: [{ kind: matrix }, { kind: matrix }]", "is there twice"],
  ["transports: [{ kind: matrix, rooms: [{ id: a, role: king }] }]", "rooms[0].role"],
  ["transports: 7", "transports"],
  ["- a", "node.yaml:1:"],
  ["transports: [{ kind: matrix, secrets: { t: { env: 'A B' } } }]", "secrets"],
])("%s is refused at its place", (text, words) => {
  expect(problemOf(text)).toContain(words);
});

test.each([
  ["tranports: []", 'node.yaml:1:1: "tranports" is not a known key; did you mean transports?'],
  ["transports: [{ kind: matrix, setings: {} }]", "did you mean settings?"],
  ["transports: [{ kind: matrix, room: [] }]", "did you mean rooms?"],
  ["transports: [{ kind: matrix, rooms: [{ id: a, notice: nothing }] }]", "did you mean notices?"],
  ["transports: [{ kind: matrix, rooms: [{ id: a, colour: red }] }]", "the keys here are id, role, guests, notices"],
  [
    "transports: [{ kind: matrix, secrets: { accessToken: tok } }]",
    "write { env: NAME_OF_A_VARIABLE } or { file: PATH }",
  ],
])("%s is told what was probably meant", (text, words) => {
  expect(problemOf(text)).toContain(words);
});

test.each([
  ["transports: [{ kind: matrix, fourEyes: [archvie] }]", "fourEyes[0]: names no verb; write archive"],
  ["transports: [{ kind: matrix, fourEyes: [abandon] }]", "fourEyes[0]: names no verb; write archive"],
  ["transports: [{ kind: matrix, fourEyes: [purge-all] }]", "`help` in a room lists them"],
  ["transports: [{ kind: matrix, roles: { delte: owner } }]", "delte names no verb; write delete"],
])("a rule about a verb that is not there is refused, because it would protect nothing: %s", (text, words) => {
  expect(problemOf(text)).toContain(words);
});

test("rules about verbs are taken", () => {
  const parsed = parseNodeConfig(
    "transports: [{ kind: matrix, roles: { delete: owner }, fourEyes: [archive] }]",
    "node.yaml",
  );
  expect(parsed.ok && parsed.value.transports[0]).toMatchObject({ roles: { delete: "owner" }, fourEyes: ["archive"] });
});

const leaseOf = (text: string): unknown => {
  const parsed = parseNodeConfig(text, "node.yaml");
  return parsed.ok ? parsed.value.lease : parsed.error.message;
};

test("a node that says nothing of leases waits half a minute for a silent speaker", () => {
  expect(leaseOf("transports: []\n")).toEqual({ ttlMs: 30_000 });
  expect(leaseOf("lease: {}\n")).toEqual({ ttlMs: 30_000 });
  expect(NO_NODE_CONFIG.lease).toEqual({ ttlMs: 30_000 });
});

test("a node says how long a speaker may be silent", () => {
  expect(leaseOf("lease: { ttl: 5s }\n")).toEqual({ ttlMs: 5_000 });
});

test("a lease that a hiccup would end, one without a unit and one of another key are refused with a sentence", () => {
  expect(leaseOf("lease: { ttl: 2s }\n")).toContain("must be from 3s to 10m, not 2s");
  expect(leaseOf("lease: { ttl: 30 }\n")).toContain("write 30s for seconds");
  expect(leaseOf("lease: { tll: 30s }\n")).toContain("tll");
});

test("how the page is reached from other machines is read", () => {
  const text =
    "http: { tls: { cert: page.pem, key: /etc/page.key }, hosts: [board.example], advertise: 'https://board.example' }";
  const parsed = parseNodeConfig(text, "node.yaml");
  expect(parsed.ok && parsed.value.http).toEqual({
    tls: { cert: "page.pem", key: "/etc/page.key" },
    insecure: false,
    hosts: ["board.example"],
    advertise: "https://board.example",
  });
});

test.each([
  ["http: { tls: { cert: page.pem } }", "http.tls.key"],
  ["http: { tls: { cert: page.pem, key: a, kye: b } }", "did you mean key?"],
  ["http: { insecure: 'yes' }", "http.insecure"],
  ["http: { insecur: true }", "did you mean insecure?"],
  ["http: { hosts: ['https://board.example'] }", "must be a host's name in lower case"],
  ["http: { advertise: 'https://board.example/page' }", "must be an address without a path"],
  ["http: { advertise: 'javascript:alert(1)' }", "must be an address without a path"],
])("%s is told what is wrong with it", (text, words) => {
  expect(problemOf(text)).toContain(words);
});
