/** The room of a story over a real socket: what the client is told, what of its words arrives, how a session ends. */
import { err, ok } from "@skein/core";
import type { Cursor, StorySeat } from "@skein/node";
import { createDecoder, readVarString, readVarUint, readVarUint8Array } from "lib0/decoding";
import { expect, onTestFinished, test, vi } from "vitest";
import { WebSocket } from "ws";

import { storyOf } from "./routes.ts";
import { storyRoom } from "./story-room.ts";
import { openReader, serveYjs } from "./testing/yjs-stand.ts";
import { encodeAwareness, encodeUpdate, MESSAGE_SESSION } from "./yjs-message.ts";

const CLIENT = 77;

interface Stand {
  readonly socket: WebSocket;
  readonly seat: StorySeat;
  readonly edits: Uint8Array[];
  readonly moves: Cursor["selection"][];
  readonly heard: (readonly [type: string, what: unknown])[];
  readonly closed: () => number | undefined;
  readonly left: () => boolean;
}

async function stand(mayEdit: boolean = true, isAllowed = () => true): Promise<Stand> {
  const edits: Uint8Array[] = [];
  const moves: Cursor["selection"][] = [];
  const seats: StorySeat[] = [];
  let left = false;
  const enter = storyRoom(
    {
      stories: {
        open: (_item, _name, seat) => {
          seats.push(seat);
          const state = (): Uint8Array => new Uint8Array([0, 0]);
          const edit = (update: Uint8Array): void => void edits.push(update);
          const move = (selection: Cursor["selection"]): void => void moves.push(selection);
          return ok({ client: CLIENT, mayEdit, state, edit, move, close: () => (left = true) });
        },
      },
    },
    { item: "0123456789ab", field: "text" },
    { name: "ann", member: undefined, mayEdit: isAllowed },
  );
  const { url } = await serveYjs({}, enter);
  const heard: (readonly [string, unknown])[] = [];
  let closed: number | undefined;
  // Listening from the beginning: the first word comes with the answer to the upgrade.
  const socket = new WebSocket(url);
  onTestFinished(() => socket.terminate());
  socket.on("message", (data: Buffer) => heard.push(read(new Uint8Array(data))));
  socket.on("close", (code) => (closed = code));
  await new Promise((resolve) => socket.once("open", resolve));
  await vi.waitFor(() => expect(seats).toHaveLength(1));
  const [seat] = seats;
  if (seat === undefined) throw new Error("nobody sits there");
  return { socket, seat, edits, moves, heard, closed: () => closed, left: () => left };
}

function read(message: Uint8Array): readonly [string, unknown] {
  const decoder = createDecoder(message);
  const type = readVarUint(decoder);
  if (type === MESSAGE_SESSION) return ["session", JSON.parse(readVarString(decoder))];
  if (type === 0) return [`sync ${readVarUint(decoder)}`, [...readVarUint8Array(decoder)]];
  const inner = createDecoder(readVarUint8Array(decoder));
  const clients = readVarUint(inner);
  if (clients === 0) return ["nobody", undefined];
  const client = readVarUint(inner);
  readVarUint(inner);
  return [`presence of ${client}`, JSON.parse(readVarString(inner))];
}

test("the session is named first, then the state, updates and what is saved", async () => {
  const { socket, seat, heard, edits } = await stand();
  socket.send(new Uint8Array([0, 0, 1, 0]));
  await vi.waitFor(() => expect(heard).toHaveLength(2));
  expect(heard).toEqual([
    ["session", { type: "session", client: CLIENT, mayEdit: true }],
    ["sync 1", [0, 0]],
  ]);
  socket.send(encodeUpdate(new Uint8Array([1, 2, 3])));
  await vi.waitFor(() => expect(edits.map((one) => [...one])).toEqual([[1, 2, 3]]));
  seat.update(new Uint8Array([9]));
  seat.saved(1);
  await vi.waitFor(() => expect(heard).toHaveLength(4));
  expect(heard.slice(2)).toEqual([
    ["sync 2", [9]],
    ["session", { type: "saved", edits: 1 }],
  ]);
});

test("who may look and not write is told so, and loses the socket with the first edit", async () => {
  const { socket, edits, heard, closed } = await stand(true, () => false);
  await vi.waitFor(() => expect(heard).toEqual([["session", { type: "session", client: CLIENT, mayEdit: false }]]));
  socket.send(encodeUpdate(new Uint8Array([1, 2, 3])));
  await vi.waitFor(() => expect(closed()).toBe(4_403));
  expect(edits).toEqual([]);
});

test("of what a browser says about itself only the two places are taken", async () => {
  const { socket, moves } = await stand();
  const at = { type: null, tname: "text", item: { client: 5, clock: 6 }, assoc: -7 };
  const state = {
    user: { name: "<b>the owner</b>", color: "red;}" },
    cursor: { anchor: at, head: { item: null } },
    more: 1,
  };
  socket.send(encodeAwareness(CLIENT, 1, state));
  socket.send(encodeAwareness(CLIENT, 2, { cursor: { anchor: { item: { client: "x", clock: 1 } }, head: at } }));
  socket.send(encodeAwareness(CLIENT + 1, 3, state));
  socket.send(encodeAwareness(CLIENT, 4, null));
  await vi.waitFor(() => expect(moves).toHaveLength(3));
  expect(moves).toEqual([
    { anchor: { item: { client: 5, clock: 6 }, assoc: -1 }, head: { item: null, assoc: 0 } },
    null,
    null,
  ]);
});

test("presence that is too long ends the socket, and a reader's is nobody's business", async () => {
  const reading = await stand(false);
  reading.socket.send(encodeAwareness(CLIENT, 1, { cursor: null }));
  reading.socket.send(encodeUpdate(new Uint8Array([1])));
  await vi.waitFor(() => expect(reading.edits).toHaveLength(1));
  expect(reading.moves).toEqual([]);
  const { socket, closed, left } = await stand();
  socket.send(encodeAwareness(CLIENT, 1, { user: "x".repeat(2_000) }));
  await vi.waitFor(() => expect(closed()).toBe(4_400));
  await vi.waitFor(() => expect(left()).toBe(true));
});

test("others' cursors come with the name that the node gives them", async () => {
  const { seat, heard } = await stand();
  const selection = { anchor: { item: null, assoc: 0 }, head: { item: { client: 1, clock: 2 }, assoc: 0 } };
  seat.cursors(new Map([[5, { client: 5, name: "bob", selection }]]));
  seat.cursors(new Map([[5, undefined]]));
  await vi.waitFor(() => expect(heard).toHaveLength(3));
  const place = { type: null, tname: "text", assoc: 0 };
  expect(heard.slice(1)).toEqual([
    [
      "presence of 5",
      {
        user: { name: "bob" },
        cursor: { anchor: { ...place, item: null }, head: { ...place, item: { client: 1, clock: 2 } } },
      },
    ],
    ["presence of 5", null],
  ]);
});

test.each([
  ["again", 4_001],
  ["not-saved", 4_002],
  ["refused", 4_403],
  ["gone", 4_404],
] as const)("a session that ends as %s closes its socket with %i and a reason that fits", async (type, code) => {
  const { seat, socket, closed } = await stand();
  const reason = new Promise<string>((resolve) => socket.once("close", (_code, why) => resolve(String(why))));
  seat.end({ type, message: "ä".repeat(200) });
  expect(await reason).toMatch(/^ä+…$/u);
  expect(closed()).toBe(code);
});

test("an item that is not there closes the socket at once", async () => {
  const open = (): ReturnType<Parameters<typeof storyRoom>[0]["stories"]["open"]> =>
    err({ code: "not-found", message: "There is no such item." });
  const { url } = await serveYjs(
    {},
    storyRoom(
      { stories: { open } },
      { item: "0123456789ab", field: "text" },
      { name: "ann", member: undefined, mayEdit: () => true },
    ),
  );
  const socket = await openReader(url);
  expect(await new Promise((resolve) => socket.once("close", resolve))).toBe(4_404);
});

test("the room's path is taken with the slash as it is or encoded, and nothing else", () => {
  expect(storyOf("/yjs/item/0123456789ab")).toEqual({ item: "0123456789ab", field: "text" });
  expect(storyOf("/yjs/item%2F0123456789ab")).toEqual({ item: "0123456789ab", field: "text" });
  for (const path of ["/yjs/item/0123456789ab/criteria", "/yjs/item%2F0123456789ab%2Fcriteria"]) {
    expect(storyOf(path)).toEqual({ item: "0123456789ab", field: "criteria" });
  }
  expect(storyOf("/yjs/item%2f0123456789ab")).toEqual({ item: "0123456789ab", field: "text" });
  for (const other of [
    "/yjs/item/",
    "/yjs/item/0123",
    "/yjs/item/../0123456789ab",
    "/yjs/item%252F0123456789ab",
    "/yjs/item/0123456789AB",
    "/yjs/item/0123456789ab/",
    "/yjs/item/0123456789ab/text",
    "/yjs/item/0123456789ab/criteria/criteria",
    "/yjs/board/item/0123456789ab",
  ]) {
    expect(storyOf(other)).toBeUndefined();
  }
});
