import { expect, test } from "vitest";

import { createLinkTable } from "./link-table.ts";
import type { PeerLink } from "./peer-link.ts";

const PEER = "bb";

function link(initiated: boolean, closed: string[], name: string): PeerLink {
  return {
    initiated,
    remoteAddress: name,
    peer: () => ({ key: PEER, name: "bob", provisional: false, follows: null }),
    send: () => undefined,
    push: () => undefined,
    announceHeads: () => undefined,
    facts: () => ({ rttMs: undefined, queuedBytes: 0, opsBehind: undefined, upForMs: 0 }),
    confirm: () => undefined,
    close: (code) => closed.push(`${name} ${code}`),
  };
}

function newTable(self: string) {
  const clock = { nowMs: 0, monoMs: () => clock.nowMs };
  const closed: string[] = [];
  return { clock, closed, table: createLinkTable(() => self, clock) };
}

test("of two links that were dialed at once both ends keep the one that the smaller key dialed", () => {
  for (const [self, kept] of [
    ["aa", "own"],
    ["cc", "theirs"],
  ] as const) {
    const { table, closed } = newTable(self);
    table.settle(link(true, closed, "own"));
    table.settle(link(false, closed, "theirs"));
    expect(table.proved.get(PEER)?.remoteAddress).toBe(kept);
    expect(closed).toEqual([`${kept === "own" ? "theirs" : "own"} duplicate-link`]);
  }
});

test("a peer that dials again later has lost the old link, so the new one is kept, whoever dialed the old one", () => {
  for (const self of ["aa", "cc"]) {
    for (const initiated of [true, false]) {
      const { table, closed, clock } = newTable(self);
      table.settle(link(initiated, closed, "half-open"));
      clock.nowMs = 6_000;
      expect(table.settle(link(false, closed, "again"))).toBe(true);
      expect(table.proved.get(PEER)?.remoteAddress).toBe("again");
      expect(closed).toEqual(["half-open duplicate-link"]);
    }
  }
});
