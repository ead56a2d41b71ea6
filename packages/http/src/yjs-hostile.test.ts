/**
 * What a client of the board document may try: the updates that change a Yjs document which takes them, and floods. The
 * first test shows that each of them is one, on a document that takes it; the server's own never does.
 */
import {
  createEncoder,
  StringEncoder,
  toUint8Array,
  UintOptRleEncoder,
  writeUint8,
  writeVarInt,
  writeVarString,
  writeVarUint,
  writeVarUint8Array,
} from "lib0/encoding";
import { expect, test, vi } from "vitest";
import type { WebSocket } from "ws";
import * as Y from "yjs";
import { openReader, serveYjs, type YjsStand } from "./testing/yjs-stand.ts";

const VICTIM = 4_242;

function write(writer: (encoder: ReturnType<typeof createEncoder>) => void): Uint8Array {
  const encoder = createEncoder();
  writer(encoder);
  return toUint8Array(encoder);
}

/** An update of another document under a client number of the attacker's choice. */
function updateAs(clientId: number, change: (doc: Y.Doc) => void): Uint8Array {
  const doc = new Y.Doc();
  doc.clientID = clientId;
  change(doc);
  return Y.encodeStateAsUpdate(doc);
}

/** Structs of one client: their number, then whatever `body` writes, then an empty delete set. */
const structs = (
  client: number,
  count: number,
  body: (encoder: ReturnType<typeof createEncoder>) => void,
): Uint8Array =>
  write((encoder) => {
    for (const number of [1, count, client, 0]) writeVarUint(encoder, number);
    body(encoder);
    writeVarUint(encoder, 0);
  });

const deleteSet = (client: number, clock: number, length: number): Uint8Array =>
  write((encoder) => {
    for (const number of [0, 1, client, 1, clock, length]) writeVarUint(encoder, number);
  });

/** By what it does to a document that takes it. */
const ATTACKS: ReadonlyMap<string, Uint8Array> = new Map([
  ["squats the author's first clocks", updateAs(VICTIM, (doc) => doc.getMap("items").set("a", "squatted"))],
  [
    "hides the author's future behind one collected struct",
    structs(VICTIM, 1, (encoder) => {
      writeUint8(encoder, 0);
      writeVarUint(encoder, 2 ** 31);
    }),
  ],
  ["deletes everything", deleteSet(VICTIM, 0, 10_000)],
  ["deletes what is yet to be written", deleteSet(VICTIM, 1_000, 1_000_000)],
  [
    "wins every conflict by the greatest client number",
    updateAs(0xff_ff_ff_ff, (doc) => doc.getMap("items").set("a", "mine")),
  ],
  ["names the prototype", updateAs(7, (doc) => doc.getMap("items").set("__proto__", { polluted: 1 }))],
  ["makes the items a text", updateAs(7, (doc) => doc.getText("items").insert(0, "text"))],
  [
    "leaves a gap to be waited for",
    structs(7, 1, (encoder) => {
      writeUint8(encoder, 4 | 0x80);
      writeVarUint(encoder, 9);
      writeVarUint(encoder, 100);
      writeVarUint(encoder, 1);
      writeVarString(encoder, "x");
    }),
  ],
  ["announces a billion structs", structs(7, 2 ** 30, () => {})],
]);

const SYNC = 0;
const AWARENESS = 1;

const syncMessage = (step: number, payload: Uint8Array): Uint8Array =>
  write((encoder) => {
    writeVarUint(encoder, SYNC);
    writeVarUint(encoder, step);
    writeVarUint8Array(encoder, payload);
  });

const STEP_1 = syncMessage(0, new Uint8Array([0]));

/** A few bytes that a decoder of the second format turns into so many structs: its columns are run lengths. */
function bombOfStructs(count: number): Uint8Array {
  const client = new UintOptRleEncoder();
  client.write(7);
  const run = write((encoder) => {
    // A negative value announces a run; the number of repetitions follows.
    writeVarInt(encoder, -1);
    writeVarUint(encoder, count - 2);
  });
  const none = new Uint8Array();
  const [keyClock, leftClock, rightClock, parentInfo, typeRef] = [none, none, none, none, none];
  const info = new Uint8Array([0]);
  const text = new StringEncoder().toUint8Array();
  return write((encoder) => {
    writeVarUint(encoder, 0);
    const columns = [keyClock, client.toUint8Array(), leftClock, rightClock, info, text, parentInfo, typeRef, run];
    for (const column of columns) writeVarUint8Array(encoder, column);
    for (const number of [1, count, 0, 0]) writeVarUint(encoder, number);
  });
}

test("the bomb of the second format is real: a few bytes are a hundred thousand structs", () => {
  const bomb = bombOfStructs(100_000);
  expect(bomb.length).toBeLessThan(32);
  const doc = new Y.Doc();
  Y.applyUpdateV2(doc, bomb);
  expect(doc.store.clients.get(7)?.length).toBeGreaterThan(0);
  expect(Y.getState(doc.store, 7)).toBe(100_000);
});

test("the attacks are real: a document that takes them is another one, or waits, or fails", () => {
  for (const [name, update] of ATTACKS) {
    const doc = new Y.Doc();
    doc.clientID = VICTIM;
    doc.getMap("items").set("a", "first");
    doc.getMap("items").set("b", "second");
    const before = [JSON.stringify(doc.toJSON()), doc.clientID, doc.store.pendingStructs, doc.store.pendingDs];
    let failed = false;
    try {
      Y.applyUpdate(doc, update);
      doc.getText("items");
    } catch {
      failed = true;
    }
    const changed = [JSON.stringify(doc.toJSON()), doc.clientID, doc.store.pendingStructs, doc.store.pendingDs];
    const laterIsSeen = ((): boolean => {
      const reader = new Y.Doc();
      if (failed) return false;
      Y.applyUpdate(reader, update);
      Y.applyUpdate(
        reader,
        updateAs(VICTIM, (one) => one.getMap("items").set("a", "later")),
      );
      return reader.getMap("items").get("a") === "later";
    })();
    expect([name, failed || !laterIsSeen || JSON.stringify(before) !== JSON.stringify(changed)]).toEqual([name, true]);
  }
});

interface Board extends YjsStand {
  readonly expectUntouched: () => void;
  readonly healthy: WebSocket;
  readonly heard: Uint8Array[];
}

/** A board with two items and a reader that has them. */
async function board(limits?: Parameters<typeof serveYjs>[0]): Promise<Board> {
  const stand = await serveYjs(limits);
  stand.doc.clientID = VICTIM;
  stand.doc.getMap("items").set("a", "first");
  stand.doc.getMap("items").set("b", "second");
  const before = Y.encodeStateAsUpdate(stand.doc);
  const healthy = await openReader(stand.url);
  const heard: Uint8Array[] = [];
  healthy.on("message", (data: Buffer) => heard.push(new Uint8Array(data)));
  healthy.send(STEP_1);
  await vi.waitFor(() => expect(heard.length).toBe(1));
  return {
    ...stand,
    healthy,
    heard,
    expectUntouched: () => {
      expect(Y.encodeStateAsUpdate(stand.doc)).toEqual(before);
      expect(stand.doc.clientID).toBe(VICTIM);
      expect([stand.doc.store.pendingStructs, stand.doc.store.pendingDs]).toEqual([null, null]);
      expect([...stand.doc.share.keys()]).toEqual(["items"]);
    },
  };
}

/** Both ways in which a client sends an update, and the bytes by themselves. */
const forms = (update: Uint8Array): readonly Uint8Array[] => [syncMessage(1, update), syncMessage(2, update), update];

test.each([...ATTACKS, ["is a bomb of the second format", bombOfStructs(100_000_000)] as const])(
  "an update that %s changes nothing, is passed on to nobody, and later changes are seen",
  async (_, update) => {
    const { doc, url, expectUntouched, healthy, heard } = await board();
    for (const message of forms(update)) {
      const socket = await openReader(url);
      socket.send(message);
      // An answer, or the end, says that everything before it was looked at.
      const done = new Promise<void>((resolve) => {
        socket.once("message", () => resolve());
        socket.once("close", () => resolve());
      });
      socket.send(STEP_1);
      await done;
      expectUntouched();
    }
    expect(heard).toHaveLength(1);
    doc.getMap("items").set("a", "changed by the node");
    await vi.waitFor(() => expect(heard).toHaveLength(2));
    expect(healthy.readyState).toBe(healthy.OPEN);
  },
);

test.each([
  ["a million entries", write((encoder) => writeVarUint(encoder, 1_000_000))],
  ["entries without end", write((encoder) => writeVarUint(encoder, Number.MAX_SAFE_INTEGER))],
  [
    "thousands of clients",
    write((encoder) => {
      writeVarUint(encoder, 8_000);
      for (let client = 0; client < 8_000; client++) {
        writeVarUint(encoder, 2 ** 31 + client);
        writeVarUint(encoder, 1);
      }
    }),
  ],
])("a state vector of %s is answered or ends the socket, and changes nothing", async (_, stateVector) => {
  const { url, expectUntouched } = await board();
  const socket = await openReader(url);
  const over = new Promise((resolve) => {
    socket.once("message", resolve);
    socket.once("close", resolve);
  });
  socket.send(syncMessage(0, stateVector));
  await over;
  expectUntouched();
});

test("awareness larger than the limit of a message ends the socket", async () => {
  const { url, expectUntouched } = await board();
  const socket = await openReader(url);
  const closed = new Promise<number>((resolve) => socket.once("close", resolve));
  const state = write((encoder) => {
    writeVarUint(encoder, AWARENESS);
    writeVarUint8Array(encoder, new Uint8Array(70_000));
  });
  socket.send(state);
  expect(await closed).toBe(1009);
  expectUntouched();
});

test.each([
  ["awareness", Uint8Array.from([AWARENESS, 1, 0])],
  ["updates", syncMessage(2, new Uint8Array([0, 0]))],
])("a reader that floods with %s is cut, though none of it has an effect", async (_, message) => {
  const { url, yjs, expectUntouched } = await board({ messages: 50 });
  const socket = await openReader(url);
  const closed = new Promise<number>((resolve) => socket.once("close", resolve));
  for (let sent = 0; sent < 60; sent++) socket.send(message);
  expect(await closed).toBe(4429);
  await vi.waitFor(() => expect(yjs.counts()).toMatchObject({ open: 1, flooding: 1 }));
  expectUntouched();
});

test("a reader that sends many bytes in few messages is cut", async () => {
  const { url, yjs } = await board({ windowBytes: 200_000 });
  const socket = await openReader(url);
  const closed = new Promise<number>((resolve) => socket.once("close", resolve));
  const message = write((encoder) => {
    writeVarUint(encoder, AWARENESS);
    writeVarUint8Array(encoder, new Uint8Array(60_000));
  });
  for (let sent = 0; sent < 4; sent++) socket.send(message);
  expect(await closed).toBe(4429);
  await vi.waitFor(() => expect(yjs.counts().flooding).toBe(1));
});
