/** Answers as a person reads them at a terminal. */
import { expect, test } from "vitest";

import { present } from "./present.ts";

const account = (name: string, trouble: string): Readonly<Record<string, string>> => ({
  account: name,
  state: "stopped",
  holder: "",
  trouble,
});

test("what is wrong with a chat account is told to its end, with what to do", () => {
  const long = `slack/main does not start: ${"because ".repeat(20)}so do this.`;
  const page = present("transports", [
    account("slack/main", long),
    account("node.yaml", "1:1: no."),
    account("a/b", ""),
  ]);
  expect(page.trimEnd().split("\n")).toEqual([
    "ACCOUNT     THIS NODE  SPEAKER",
    "slack/main  stopped",
    "node.yaml   stopped",
    "a/b         stopped",
    "",
    long,
    "",
    "node.yaml: 1:1: no.",
  ]);
});

test("a clock that is elsewhere, a link that somebody else tells of and an alarm are told of the mesh", () => {
  const node = { role: "agent", version: "0.1.0", slots: 2, slotsFree: 1, incarnationCount: 1, standby: "" };
  const page = present("mesh", {
    mesh: "3f".repeat(32),
    name: "loom",
    nodes: [
      { ...node, id: "a", name: "alder", self: true, reach: "self", alive: true, heardAgoMs: 0, skewMs: 0 },
      { ...node, id: "b", name: "birch", reach: "relayed", alive: true, heardAgoMs: 900, skewMs: 3_600_000 },
      { ...node, id: "c", name: "cedar", reach: "none", alive: false, heardAgoMs: null, skewMs: null },
    ],
    links: [{ a: "b", b: "c", own: false, rttMs: null, queuedBytes: null, opsBehind: null }],
    alarms: [{ type: "fork", message: "birch wrote two\u001b[2J histories." }],
    invites: [],
  });
  expect(page.trimEnd().split("\n").slice(2)).toEqual([
    "NODE   ROLE   REACH      HEARD       CLOCK         SLOTS  VERSION  LOGS  STATE",
    "alder  agent  this node                            1/2    0.1.0    1",
    "birch  agent  relayed    900 ms ago  60 min ahead  1/2    0.1.0    1",
    "cedar  agent  none       never                     1/2    0.1.0    1     silent",
    "",
    "LINK   TO     WHOSE  ROUND TRIP  OPS BEHIND  QUEUED",
    "birch  cedar  told",
    "",
    expect.not.stringContaining("\u001b"),
  ]);
});

test("money that nobody knows is never told as none, and a page that has another one says how to get it", () => {
  const flow = { range: "7d", from: 0, landed: 1, unclear: 1, lead: null, cycle: null, steps: [], failures: [] };
  const day = { day: "2026-11-21", microUsd: 0, reserved: 0, attempts: 1, unknown: 1, cap: null };
  expect(present("flow", { ...flow, days: [day] })).toContain("2026-11-21  unknown  $0.00      none");
  const span = { epoch: 2, startedAt: 0, endedAt: null, nodeName: "birch", outcome: "running", tookOverFrom: "alder" };
  const row = { item: "0123456789ab", title: "A story", spans: [span] };
  const page = present("timeline", { range: "7d", rows: [row], next: "5-0123456789ab" });
  expect(page).toContain("from alder");
  expect(page).toContain("skein timeline --range 7d --after 5-0123456789ab");
});

test("without accounts it says that perhaps no node runs", () => {
  expect(present("transports", [])).toContain("or no node runs there");
});

test("a ticket for people is used by what gives them a page, and one for an agent by what only works", () => {
  const lineFor = (role: string): string =>
    present("member.invite", { ticket: "skein1.x", role, expires: 0, addresses: ["ws://192.0.2.7:4710"] });
  const used = "--rendezvous ws://192.0.2.7:4710 --ticket skein1.x";
  for (const role of ["observer", "operator", "owner"]) expect(lineFor(role)).toContain(`npx skein up ${used}\n`);
  expect(lineFor("agent")).toContain(`npx skein agent ${used}\n`);
});
