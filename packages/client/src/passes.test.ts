/** With which nodes a page keeps a pass for the day when its own is gone, and where it would send it. */
import type { Board, BoardNode } from "@skein/core";
import { expect, test } from "vitest";

import { createPasses } from "./passes.ts";

const NODE: BoardNode = {
  id: "n",
  name: "n",
  role: "owner",
  removed: false,
  self: false,
  alive: true,
  lastHeardAt: 0,
  version: "1",
  labels: {},
  slots: 0,
  slotsFree: 0,
  address: "",
  linked: true,
};

const boardOf = (nodes: readonly Partial<BoardNode>[]): Board => ({
  items: new Map(),
  nodes: new Map(nodes.map((node, at) => [`n${at}`, { ...NODE, id: `n${at}`, ...node }])),
  attempts: new Map(),
  queue: new Map(),
});

/** The nodes for which a page at `home` asks a pass. */
async function asked(home: string, nodes: readonly Partial<BoardNode>[]): Promise<readonly string[]> {
  const wanted: string[] = [];
  const fetch = async (_url: string, { body }: RequestInit): Promise<Response> => {
    const { to } = JSON.parse(typeof body === "string" ? body : "") as { readonly to: string };
    wanted.push(to);
    return Response.json({ pass: "p" });
  };
  // A program's place, so that no page has to be there.
  const place = { url: `${home}/`, secret: { type: "token", text: "t" }, isHome: true } as const;
  const passes = createPasses({ fetch, home: `${home}/`, now: () => 0 });
  expect(await passes.refresh(place, boardOf(nodes), "operator")).toBe(wanted.length);
  return wanted;
}

const PAGES = [
  { page: "http://127.0.0.1:4712" },
  { page: "https://[::1]:4712" },
  { page: "http://192.0.2.7:4711" },
  { page: "https://board.example" },
];

test("a page of this machine alone goes on with nodes of this machine, and with those that tell where they are", async () => {
  expect(await asked("http://127.0.0.1:4711", PAGES.slice(0, 3))).toEqual(["n0", "n1", "n2"]);
  expect(await asked("http://localhost:4711", PAGES.slice(1))).toEqual(["n0", "n1", "n2"]);
});

test("a page that was reached by a name or over a network never goes to this machine's own addresses", async () => {
  expect(await asked("http://192.0.2.9:4711", PAGES)).toEqual(["n2", "n3"]);
  expect(await asked("http://127.0.0.1.evil.example", PAGES)).toEqual(["n2", "n3"]);
  expect(await asked("https://elsewhere.example", PAGES)).toEqual(["n3"]);
});

test("none is asked for at the page itself, a node that is silent, was removed, may do less, or tells no page", async () => {
  const page = "https://board.example";
  const nodes = [
    { page, self: true },
    { page, alive: false },
    { page, removed: true },
    { page, role: "agent" as const },
    {},
    { page: "https://home.example" },
  ];
  expect(await asked("https://home.example", nodes)).toEqual([]);
});
