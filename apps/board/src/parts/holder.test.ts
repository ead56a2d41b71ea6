import type { BoardNode } from "@skein/core";
import { expect, test } from "vitest";
import { nodeOf } from "../testing/boards.ts";
import { holderState } from "./holder.ts";

const node = (fields: Partial<BoardNode>): ReadonlyMap<string, BoardNode> => new Map([["n1", nodeOf(fields)]]);

const CLAIM = { node: "n1", expired: false };

test("a holder is alive while its node beats, and not for as long as its lease is good", () => {
  expect(holderState({ nodes: node({}), isLive: true }, CLAIM)).toBe("alive");
  expect(holderState({ nodes: node({ alive: false }), isLive: true }, CLAIM)).toBe("silent");
  expect(holderState({ nodes: new Map(), isLive: true }, CLAIM)).toBe("silent");
  expect(holderState({ nodes: node({ alive: false }), isLive: true }, { ...CLAIM, expired: true })).toBe("expired");
});

test("a page that hears of nobody knows of no holder, whatever it heard last", () => {
  expect(holderState({ nodes: node({}), isLive: false }, CLAIM)).toBe("unknown");
  expect(holderState({ nodes: node({}), isLive: false }, { ...CLAIM, expired: true })).toBe("unknown");
});
