/** Cursors over the mesh: what was sealed is what is opened, and nothing else is. */
import * as fc from "fast-check";
import { expect, test } from "vitest";

import { encode } from "../op/codec.ts";
import { testCrypto, testSigner } from "../testing/test-crypto.ts";
import { type CursorSaid, openCursor, sealCursor } from "./cursor.ts";

const MESH = new Uint8Array(32).fill(9);
const signer = testSigner("ann");
const said: Omit<CursorSaid, "node"> = {
  boot: 2,
  counter: 3,
  item: "0123456789ab",
  field: "text",
  client: 2 ** 52 - 1,
  name: "ann",
  selection: { anchor: { item: { client: 7, clock: 8 }, assoc: -1 }, head: { item: null, assoc: 0 } },
};
const always = (): boolean => true;

test("a cursor is opened as it was sealed, one that is gone too", () => {
  for (const selection of [said.selection, null]) {
    const opened = openCursor(sealCursor(MESH, { ...said, selection }, signer), MESH, always, testCrypto);
    expect(opened).toMatchObject({ ...said, selection });
  }
});

test("one in the criteria says so, and which other text it is in is not for it to say", () => {
  const opened = openCursor(sealCursor(MESH, { ...said, field: "criteria" }, signer), MESH, always, testCrypto);
  expect(opened).toMatchObject({ ...said, field: "criteria" });
  for (const named of [["text"], ["title"], [7], ["criteria", "criteria"]]) {
    const bytes = encode(["skein/cursor/1", MESH, signer.publicKey, 1, 1, said.item, 1, "ann", null, ...named]);
    expect(openCursor({ bytes, signature: signer.sign(bytes) }, MESH, always, testCrypto)).toBeUndefined();
  }
});

test("of another mesh, not newer, or under another signature it is none", () => {
  const sealed = sealCursor(MESH, said, signer);
  expect(openCursor(sealed, new Uint8Array(32), always, testCrypto)).toBeUndefined();
  expect(openCursor(sealed, MESH, () => false, testCrypto)).toBeUndefined();
  expect(openCursor({ ...sealed, signature: new Uint8Array(64) }, MESH, always, testCrypto)).toBeUndefined();
});

test.each([
  ["another item", { item: "../../etc" }],
  ["a long name", { name: "x".repeat(65) }],
])("%s is refused", (_what, change) => {
  expect(openCursor(sealCursor(MESH, { ...said, ...change }, signer), MESH, always, testCrypto)).toBeUndefined();
});

test("bytes of any kind are judged, not thrown at", () => {
  const accept = { verify: always };
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(openCursor({ bytes, signature: new Uint8Array(64) }, MESH, always, accept)).toBeUndefined();
    }),
  );
  const odd = encode(["skein/cursor/1", MESH, signer.publicKey, 1, 1, said.item, 1, "ann", [[true, 1], [true]]]);
  expect(openCursor({ bytes: odd, signature: new Uint8Array(64) }, MESH, always, accept)).toBeUndefined();
});
