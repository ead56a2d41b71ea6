/** Which bodies are read, and which are kept unread. */
import { expect, test } from "vitest";

import { CHAT_SAMPLES } from "../testing/chat-samples.ts";
import { type OpBody, readBody, writeBody } from "./bodies.ts";
import { decode, encode, type Value } from "./codec.ts";
import { LIMITS } from "./limits.ts";

const OID = "a".repeat(40);
const evidence = {
  tree: OID,
  runs: [{ argv: ["npm", "test"], exitCode: 0, durationMs: 12, outputDigest: "b".repeat(64) }],
};

/** One body of every kind; the record makes a new kind a build error until it is here. */
const SAMPLES: { readonly [K in OpBody["kind"]]: Extract<OpBody, { kind: K }> } = {
  "mesh.genesis": { kind: "mesh.genesis", name: "loom", owner: "first" },
  "member.invite": { kind: "member.invite", ticket: new Uint8Array(32), role: "agent", expires: 1 },
  "member.join": {
    kind: "member.join",
    key: new Uint8Array(32),
    name: "second",
    ticket: new Uint8Array(32),
    proof: new Uint8Array(64),
  },
  "member.rotate": {
    kind: "member.rotate",
    key: new Uint8Array(32),
    cut: new Map([["0123456789abcdef", 7]]),
    consent: new Uint8Array(64),
    proof: new Uint8Array(64),
  },
  "member.remove": {
    kind: "member.remove",
    key: new Uint8Array(32),
    cut: new Map([["0123456789abcdef", 7]]),
    note: "lost laptop",
  },
  "project.set": { kind: "project.set", name: "demo", remote: "/srv/demo.git", base: "main", config: "a: 1\n" },
  "queue.set": { kind: "queue.set", name: "demo", mode: "draining", note: "the release is built" },
  "work.set": { kind: "work.set", member: "5".repeat(64), mode: "leaving", note: "a new disk" },
  "budget.set": {
    kind: "budget.set",
    from: "2026-11-21",
    microUsd: [20_000_000],
    shares: new Map([["ab".repeat(32), 2]]),
  },
  "budget.transfer": { kind: "budget.transfer", day: "2026-11-21", to: new Uint8Array(32), microUsd: 7 },
  "mesh.checkpoint": {
    kind: "mesh.checkpoint",
    tips: [{ author: new Uint8Array(32), incarnation: new Uint8Array(8), seq: 3, frame: new Uint8Array(32) }],
    ops: 4,
  },
  "item.create": {
    kind: "item.create",
    title: "Größe",
    text: "two\nlines",
    type: "bug",
    priority: 9,
    labels: ["os=linux"],
    dependsOn: ["0123456789ab"],
  },
  "item.start": { kind: "item.start" },
  "item.shelve": { kind: "item.shelve", note: "" },
  "item.claim": { kind: "item.claim", ttl: 60_000 },
  "item.release": { kind: "item.release", note: "going down" },
  "item.submit": {
    kind: "item.submit",
    feature: { featureBranch: "skein/0123456789ab/1", tip: OID, tree: OID, commitsAhead: 1 },
  },
  "item.pass": { kind: "item.pass", evidence },
  "item.sendBack": { kind: "item.sendBack", reason: "gate-failed", note: "", progress: true, evidence: [evidence] },
  "item.land": { kind: "item.land", commit: OID, at: 5 },
  "item.archive": { kind: "item.archive", reason: "Blocked", note: "" },
  "item.restore": { kind: "item.restore", note: "" },
  "item.set": { kind: "item.set", field: "hold", value: "wait" },
  "item.write": { kind: "item.write", sessions: [7], update: new Uint8Array([0, 0]) },
  "item.delete": { kind: "item.delete", note: "" },
  "item.note": { kind: "item.note", note: "0123456789abcdef", text: "see the log", by: "matrix:@ada:example.org" },
  "item.comment": {
    kind: "item.comment",
    comment: "0123456789abcdef",
    text: "Say why.",
    by: "",
    epoch: 2,
    commit: OID,
    path: "src/größe.ts",
    line: 12,
  },
  "item.ask": { kind: "item.ask", question: "q001", text: "Which port?", options: ["80", "443"] },
  "item.answer": { kind: "item.answer", question: "q001", text: "443", by: "" },
  "item.attest": { kind: "item.attest", tip: OID, base: OID, evidence },
  "item.artifact": {
    kind: "item.artifact",
    project: "demo",
    epoch: 3,
    commit: OID,
    copies: 2,
    files: [{ sort: "log", name: "log", digest: "ab".repeat(32), size: 5 }],
  },
  "item.approve": { kind: "item.approve", tip: OID, tree: OID, note: "Good.", by: "matrix:@ada:example.org" },
  "item.spend": {
    kind: "item.spend",
    day: "2026-11-21",
    agent: "acp claude-code",
    models: new Map([
      [
        "big-one",
        new Map([
          ["input", 1_200],
          ["microUsd", 250_000],
        ]),
      ],
    ]),
    reserved: 1_750_000,
  },
  "item.unask": { kind: "item.unask", question: "q001", note: "Nobody answered." },
  ...CHAT_SAMPLES,
};

const throughBytes = (body: { readonly [key: string]: Value }): { readonly [key: string]: Value } => {
  const decoded = decode(encode(body), LIMITS.opBytes);
  if (!decoded.ok) throw new Error(decoded.error.message);
  // A map was encoded.
  return decoded.value as { readonly [key: string]: Value };
};

test("an edit names the text that it writes only when that is not the story itself", () => {
  const body: OpBody = { kind: "item.write", field: "criteria", sessions: [7], update: new Uint8Array([0, 0]) };
  expect(readBody({ kind: body.kind, body: throughBytes(writeBody(body)) })).toEqual(body);
  for (const field of ["text", "title", 7]) {
    expect(readBody({ kind: body.kind, body: { ...writeBody(body), field } })).toBeUndefined();
  }
});

test("an edit names who wrote it by members alone, and no more of them than it has sessions", () => {
  const by = (count: number): readonly string[] => Array.from({ length: count }, () => `mesh:${"ab".repeat(32)}`);
  const body: OpBody = {
    kind: "item.write",
    sessions: [7],
    update: new Uint8Array([0, 0]),
    by: by(LIMITS.storySessions),
  };
  expect(readBody({ kind: body.kind, body: throughBytes(writeBody(body)) })).toEqual(body);
  for (const other of [
    by(LIMITS.storySessions + 1),
    ["slack:T1/U1"],
    ["mesh:ab"],
    [""],
    [7],
    "mesh",
    [`${by(1)[0]}\n`],
  ]) {
    expect(readBody({ kind: body.kind, body: { ...writeBody(body), by: other } })).toBeUndefined();
  }
});

test.each(Object.values(SAMPLES))("a body of $kind is read back from its bytes", (body) => {
  expect(readBody({ kind: body.kind, body: throughBytes(writeBody(body)) })).toEqual(body);
});

test.each(Object.values(SAMPLES))(
  "a body of $kind with a field too many, too few or of another type is unreadable",
  (body) => {
    const { kind } = body;
    const written = writeBody(body);
    expect(readBody({ kind, body: { ...written, extra: 1 } })).toBeUndefined();
    for (const name of Object.keys(written)) {
      const { [name]: _left, ...rest } = written;
      expect(readBody({ kind, body: rest })).toBeUndefined();
      expect(readBody({ kind, body: { ...rest, other: 1 } })).toBeUndefined();
      expect(readBody({ kind, body: { ...rest, [name]: null } })).toBeUndefined();
    }
  },
);

test("what may be left out of a body is read back where it is there, and checked like the rest", () => {
  const { feature } = SAMPLES["item.submit"];
  const [back, release] = [SAMPLES["item.sendBack"], SAMPLES["item.release"]];
  const touched = ["a.ts", "src/**", "**"];
  const bodies: readonly OpBody[] = [
    { kind: "item.submit", feature: { ...feature, touched } },
    { ...back, left: feature },
    { ...release, left: { ...feature, touched } },
  ];
  for (const body of bodies) {
    expect(readBody({ kind: body.kind, body: throughBytes(writeBody(body)) })).toEqual(body);
  }
  for (const wrong of ["a*", "?/b", "**/a", "a**", "a\nb", "x".repeat(LIMITS.touchLength + 1)]) {
    const body = throughBytes(writeBody({ kind: "item.submit", feature: { ...feature, touched: [wrong] } }));
    expect([wrong, readBody({ kind: "item.submit", body })]).toEqual([wrong, undefined]);
  }
  const left = throughBytes(writeBody({ ...release, left: { ...feature, tip: "HEAD" } }));
  expect(readBody({ kind: "item.release", body: left })).toBeUndefined();
});

test.each<[string, { readonly [key: string]: Value }]>([
  ["item.unknown", {}],
  ["toString", {}],
  ["__proto__", {}],
  ["item.set", { field: "stage", value: "Done" }],
  ["item.set", { field: "toString", value: "x" }],
  ["item.set", { field: "title", value: "" }],
  ["item.set", { field: "title", value: "   " }],
  ["item.set", { field: "title", value: "two\nlines" }],
  ["item.set", { field: "title", value: "x".repeat(LIMITS.titleLength + 1) }],
  ["item.set", { field: "title", value: "bell\u0007" }],
  ["item.set", { field: "title", value: "line\u2028separator" }],
  ["item.set", { field: "text", value: "nul\0" }],
  ["item.set", { field: "priority", value: 10 }],
  ["item.set", { field: "labels", value: [""] }],
  ["item.set", { field: "labels", value: Array.from({ length: LIMITS.labels + 1 }, () => "x") }],
  ["item.set", { field: "dependsOn", value: ["../../etc"] }],
  ["item.set", { field: "dependsOn", value: ["0123456789AB"] }],
  ["item.claim", { ttl: 99 }],
  ["item.claim", { ttl: 7 * 24 * 3_600_000 + 1 }],
  ["item.land", { commit: "abc", at: 5 }],
  ["item.land", { commit: "A".repeat(40), at: 5 }],
  ["item.land", { commit: "--upload-pack=x".padEnd(40, "0"), at: 5 }],
  ["item.archive", { reason: "Bored", note: "" }],
  ["item.submit", { feature: { featureBranch: "main", tip: OID, tree: OID, commitsAhead: 1 } }],
  ["item.submit", { feature: { featureBranch: "skein/0123456789ab/01", tip: OID, tree: OID, commitsAhead: 1 } }],
  ["item.submit", { feature: { featureBranch: "skein/0123456789ab/1\n", tip: OID, tree: OID, commitsAhead: 1 } }],
  ["item.submit", { feature: { featureBranch: "skein/0123456789ab/1", tip: OID, tree: OID, commitsAhead: 0 } }],
  ["item.spend", { day: "today", agent: "", models: {}, reserved: 0 }],
  ["item.spend", { day: "2026-11-21", agent: "", models: { x: { euro: 1 } }, reserved: 0 }],
  ["item.spend", { day: "2026-11-21", agent: "", models: { "two\nlines": {} }, reserved: 0 }],
  ["item.spend", { day: "2026-11-21", agent: "", models: { x: { microUsd: 2 ** 48 + 1 } }, reserved: 0 }],
  ["member.invite", { ticket: new Uint8Array(32), role: "king", expires: 1 }],
  ["member.remove", { key: new Uint8Array(32), cut: { xyz: 1 }, note: "" }],
  ["member.remove", { key: new Uint8Array(32), cut: { "0123456789abcdef": 0 }, note: "" }],
  ["project.set", { name: "../x", remote: "r", base: "b", config: "" }],
  ["project.set", { name: "x", remote: "r\u001b[2J", base: "b", config: "" }],
])("%s with %o is unreadable", (kind, body) => {
  expect(readBody({ kind, body })).toBeUndefined();
});

test("text that has no encoding is made storable when a body is written", () => {
  const body = writeBody({ kind: "item.release", note: "\ufeffcut in the mid\ud83ele of a pair\0" });
  expect(body).toEqual({ note: "cut in the mid\ufffdle of a pair\ufffd" });
  expect(readBody({ kind: "item.release", body: throughBytes(body) })).toBeDefined();
});

test("the largest item that the limits allow fits into one op", () => {
  const body = writeBody({
    kind: "item.create",
    title: "\u0800".repeat(LIMITS.titleLength),
    text: "\u0800".repeat(LIMITS.textBytes),
    type: "story",
    priority: 9,
    labels: Array.from({ length: LIMITS.labels }, () => "\u0800".repeat(LIMITS.labelLength)),
    dependsOn: Array.from({ length: LIMITS.dependsOn }, () => "0123456789ab"),
  });
  expect(readBody({ kind: "item.create", body })).toBeDefined();
  expect(encode(body).length).toBeLessThan(LIMITS.opBytes - 500);
});
