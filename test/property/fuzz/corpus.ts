/**
 * What the fuzzer begins with: a small mesh with real signatures, the frames it has, frames that would come next, one
 * message of every type, and byte strings that have broken other programs.
 */
import {
  createReplica,
  type Draft,
  encode,
  encodeMessage,
  foundMesh,
  joinProofBytes,
  type Message,
  type Replica,
  sealBeat,
  type Signer,
  PROTOCOL_VERSION,
} from "@skein/core";
import { createNodeCrypto, createSigner } from "@skein/node";

export const crypto: ReturnType<typeof createNodeCrypto> = createNodeCrypto();

const filled = (byte: number, length: number): Uint8Array => new Uint8Array(length).fill(byte);

export const stranger: Signer = createSigner(filled(0x66, 32));

export interface Corpus {
  readonly mesh: Uint8Array;
  readonly member: Signer;
  /** Has taken `taken` and none of `next`. */
  readonly replica: Replica;
  readonly taken: readonly Uint8Array[];
  /** Honest frames that would be taken, unmutated. */
  readonly next: readonly Uint8Array[];
  readonly messages: readonly Uint8Array[];
  readonly beats: readonly { readonly bytes: Uint8Array; readonly signature: Uint8Array }[];
  readonly notorious: readonly Uint8Array[];
}

const WALL_MS = 1_700_000_000_000;

const item = (place: number): Draft => ({
  entity: place.toString(36).padStart(12, "0"),
  on: null,
  body: {
    kind: "item.create",
    title: `Story ${place}`,
    text: "Ünïcode ☃ 𝒳 and some length ".repeat(place % 5),
    type: "story",
    priority: place % 10,
    labels: ["needs:linux", "small"],
    dependsOn: [],
  },
});

export function createCorpus(): Corpus {
  const founder = { signer: createSigner(filled(0x11, 32)), incarnation: filled(0xa1, 8) };
  const member = { signer: createSigner(filled(0x22, 32)), incarnation: filled(0xb2, 8) };
  const ticket = createSigner(filled(0x33, 32));
  const { mesh, frame: genesis } = foundMesh(
    { ...founder, meshName: "fuzz", nodeName: "alice", wallMs: WALL_MS },
    crypto,
  );
  const writer = createReplica(mesh, crypto);
  take(writer, genesis.bytes);
  const write = (who: typeof founder, drafts: readonly Draft[]): Uint8Array => {
    writer.write(drafts, who, WALL_MS);
    const [frame] = writer.seal(who);
    if (frame === undefined) throw new Error("the drafts were to make a frame");
    return frame.bytes;
  };
  const join = { key: member.signer.publicKey, name: "bob", ticket: ticket.publicKey };
  const proof = ticket.sign(joinProofBytes({ mesh, key: join.key, name: join.name }));
  const taken = [
    genesis.bytes,
    write(founder, [
      {
        entity: "mesh",
        on: null,
        body: { kind: "member.invite", ticket: ticket.publicKey, role: "operator", expires: WALL_MS + 1 },
      },
    ]),
    write(founder, [{ entity: "mesh", on: null, body: { kind: "member.join", ...join, proof } }]),
    write(
      founder,
      Array.from({ length: 20 }, (_, place) => item(place)),
    ),
    ...Array.from({ length: 10 }, (_, place) => write(member, [item(100 + place)])),
  ];
  const next = [
    write(founder, [item(200)]),
    write(
      member,
      Array.from({ length: 5 }, (_, place) => item(300 + place)),
    ),
    write({ ...founder, incarnation: filled(0xa2, 8) }, [item(400)]),
  ];
  const replica = createReplica(mesh, crypto);
  for (const bytes of taken) take(replica, bytes);
  const beats = [1, 2].map((counter) =>
    sealBeat(
      mesh,
      {
        boot: 1,
        counter,
        version: "0.1.0",
        addresses: ["ws://192.0.2.7:4710"],
        labels: { os: "linux" },
        slots: 1,
        slotsFree: 1,
        load: 0,
        lowDisk: false,
        page: "",
        intervalMs: 1_000,
        activity: { [item(1).entity]: "coding" },
        accounts: { "matrix/main": "s72594_4483" },
        wallMs: 1_760_000_000_000,
        links: [],
      },
      member.signer,
    ),
  );
  const corpus = { mesh, member: member.signer, replica, taken, next, beats };
  return { ...corpus, messages: messagesOf(corpus).map(encodeMessage), notorious: NOTORIOUS };
}

function take(replica: Replica, bytes: Uint8Array): void {
  const result = replica.take(bytes);
  if (!result.ok) throw new Error(result.error.message);
}

function messagesOf({ mesh, member, replica, taken, next, beats }: Omit<Corpus, "messages" | "notorious">): Message[] {
  const hello = {
    type: "hello" as const,
    versions: [PROTOCOL_VERSION],
    mesh,
    key: member.publicKey,
    nonce: filled(5, 32),
    name: "bob",
  };
  return [
    { ...hello, ticket: null },
    { ...hello, ticket: stranger.publicKey },
    { type: "proof", signature: filled(1, 64), joinProof: null },
    { type: "heads", heads: replica.heads() },
    { type: "heads-page", heads: replica.heads() },
    {
      type: "want",
      heads: replica.heads(),
      locators: [...replica.heads().keys()].flatMap((feed) => replica.locate(feed) ?? []),
    },
    { type: "frames", frames: taken, more: true },
    { type: "frames", frames: next, more: false },
    ...beats.map((sealed) => ({ type: "beat" as const, ...sealed })),
    { type: "log-read", id: 1, item: item(1).entity, epoch: 1, offset: 0 },
    { type: "log-data", id: 1, epoch: 1, bytes: filled(65, 300), end: 300, ended: true },
    { type: "refuse", code: "bad-frame", message: "one sentence" },
  ];
}

const bytes = (...parts: readonly number[]): Uint8Array => Uint8Array.from(parts);

/** Attacks that are known by name: on msgpack, on WebSocket servers of documents, on their readers. */
const NOTORIOUS: readonly Uint8Array[] = [
  // Declared sizes of gigabytes with nothing behind them: bytes, text, array, map.
  bytes(0xc6, 0xff, 0xff, 0xff, 0xff),
  bytes(0xdb, 0x7f, 0xff, 0xff, 0xff),
  bytes(0xdd, 0xff, 0xff, 0xff, 0xff),
  bytes(0xdf, 0xff, 0xff, 0xff, 0xff),
  // Nesting without end.
  filled(0x91, 100_000),
  filled(0x81, 100_000),
  // msgpackr's record extension, other extensions, a date, an error, a set.
  bytes(0xd4, 0x72, 0x40, 0x91, 0xa1, 0x61, 0x01),
  bytes(0xd6, 0xff, 0, 0, 0, 0),
  bytes(0xc7, 0x00, 0x01),
  bytes(0xd4, 0x65, 0x00),
  bytes(0xd4, 0x73, 0x00),
  // The same number in a longer form, not a number, negative zero, a negative one, 2^53.
  bytes(0xcc, 0x01),
  bytes(0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0),
  bytes(0xcb, 0x80, 0, 0, 0, 0, 0, 0, 0),
  bytes(0xff),
  bytes(0xcf, 0x00, 0x20, 0, 0, 0, 0, 0, 0),
  // A map that names the prototype, twice the same key, keys out of order, a key that is no text.
  bytes(0x81, 0xa9, ...new TextEncoder().encode("__proto__"), 0x80),
  bytes(0x82, 0xa1, 0x61, 0x01, 0xa1, 0x61, 0x02),
  bytes(0x82, 0xa1, 0x62, 0x01, 0xa1, 0x61, 0x02),
  bytes(0x81, 0x01, 0x01),
  // Bad UTF-8, a byte order mark, half a pair of surrogates.
  bytes(0xa2, 0xc3, 0x28),
  bytes(0xa3, 0xef, 0xbb, 0xbf),
  bytes(0xa3, 0xed, 0xa0, 0x80),
  // Something behind the value.
  bytes(0x01, 0x01),
  bytes(),
  encode([]),
  encode(["__proto__"]),
  encode(["constructor", 1]),
  encode(["hello"]),
  // y-websocket: an update with a squat, a GC struct of 2^31, a delete set, a state vector, awareness.
  bytes(0, 2, 11, 1, 1, 0x39, 0, 0x28, 1, 1, 0x61, 1, 0x62, 0),
  bytes(0, 2, 11, 1, 1, 1, 0, 0, 0x80, 0x80, 0x80, 0x80, 8, 0),
  bytes(0, 2, 7, 0, 1, 1, 1, 0, 0x90, 0x4e),
  bytes(0, 0, 1, 0),
  bytes(1, 0x80, 0x80, 0x80, 0x80, 0x10),
];
