// The bytes that docs/protocol.md shows, made by the product's own code from fixed seeds, names and times.
//
//     node docs/examples/protocol-example.mjs            prints every example (the packages must be built)
//     node docs/examples/protocol-example.mjs --write    puts them into docs/protocol.md
//
// test/tidy/protocol-example.test.ts runs this from source and fails when the document shows other bytes.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import {
  createHandshake,
  createReplica,
  encode,
  encodeMessage,
  foundMesh,
  joinProofBytes,
  openFrame,
  printTicket,
  proveRotation,
  sealBeat,
  toHex,
} from "@skein/core";
import { createNodeCrypto, createSigner } from "@skein/node";

import { budgetsTable, httpLimitsTable, limitsTable } from "./limits-tables.mjs";

const WALL_MS = 1_700_000_000_000;
const crypto = createNodeCrypto();
const filled = (byte, length) => new Uint8Array(length).fill(byte);

// ── the cast ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Secret seeds are one byte repeated; a real node draws 32 random bytes. */
const owner = { signer: createSigner(filled(0x11, 32)), incarnation: filled(0xa1, 8) };
const newcomer = createSigner(filled(0x22, 32));
const ticketSeed = filled(0x33, 32);
const ticket = createSigner(ticketSeed);
const nextKey = createSigner(filled(0x44, 32));
const ITEM = "0123456789ab";

const { mesh, frame: genesis } = foundMesh(
  { ...owner, meshName: "demo", nodeName: "alice", wallMs: WALL_MS },
  crypto,
);
const replica = createReplica(mesh, crypto);
must(replica.take(genesis.bytes));
const write = (entity, body) => {
  replica.write([{ entity, body, on: null }], owner, WALL_MS + 1_000);
  const [frame] = replica.seal(owner);
  return must(openFrame(frame.bytes, crypto));
};
const invite = write("mesh", {
  kind: "member.invite",
  ticket: ticket.publicKey,
  role: "agent",
  expires: WALL_MS + 3_600_000,
});
const created = write(ITEM, {
  kind: "item.create",
  title: "Say hello",
  text: "",
  type: "story",
  priority: 5,
  labels: [],
  dependsOn: [],
});

function must(result) {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

// ── showing bytes ───────────────────────────────────────────────────────────────────────────────────────────────────

const LINE_DIGITS = 72;

/** Hex in lines, what it means behind the first one. Everything after `;` is comment. */
function line(bytes, meaning) {
  const hex = toHex(bytes);
  const lines = [];
  for (let at = 0; at < hex.length; at += LINE_DIGITS) lines.push(hex.slice(at, at + LINE_DIGITS));
  const [first = "", ...rest] = lines;
  return [`${first}${" ".repeat(Math.max(1, LINE_DIGITS + 2 - first.length))}; ${meaning}`, ...rest].join("\n");
}

/** An encoded array, field by field. Fails when the fields together are not exactly its bytes. */
function annotated(bytes, fields) {
  const head = encode(fields.map(() => null)).slice(0, -fields.length);
  const parts = fields.map(([value]) => encode(value));
  const joined = [head, ...parts].map(toHex).join("");
  if (joined !== toHex(bytes)) throw new Error("the fields are not the bytes");
  const lines = fields.map(([, meaning], index) => line(parts[index], meaning));
  return [line(head, `array of ${fields.length}`), ...lines].join("\n");
}

const bytesOfMessage = (message, fields) => annotated(encodeMessage(message), [[message.type, "type"], ...fields]);

// ── the examples ────────────────────────────────────────────────────────────────────────────────────────────────────

function cast() {
  const feed = (author, incarnation) => `${toHex(author)} / ${toHex(incarnation)}`;
  return [
    `mesh id             ${toHex(mesh)}`,
    `alice, the founder  ${feed(owner.signer.publicKey, owner.incarnation)}`,
    `bob, who joins      ${toHex(newcomer.publicKey)}`,
    `the ticket's key    ${toHex(ticket.publicKey)}`,
    `alice's next key    ${toHex(nextKey.publicKey)}`,
    `the item's id       ${ITEM}`,
  ].join("\n");
}

function opExample() {
  const { signer, incarnation } = owner;
  const previous = invite.header.opIds[0];
  return annotated(created.ops[0], [
    [1, "op version"],
    [mesh, "mesh id (32 bytes)"],
    [signer.publicKey, "author"],
    [incarnation, "incarnation"],
    [3, "seq"],
    [previous, "prev: id of the author's op 2"],
    [3, "Lamport stamp: 1 + 2, the stamp of prev"],
    [WALL_MS + 1_000, "wall time, Unix ms (float64, above 2^32-1)"],
    [ITEM, "entity: the item's id"],
    ["item.create", "kind"],
    [null, "on: builds on nothing"],
    [null, "after: not needed, prev has the top stamp"],
    [
      { dependsOn: [], labels: [], priority: 5, text: "", title: "Say hello", type: "story" },
      "body: a map, keys in byte order",
    ],
  ]);
}

function headerExample() {
  const { header } = created;
  return annotated(created.headerBytes, [
    ["skein/frame/1", "tag"],
    [header.mesh, "mesh id"],
    [header.author, "author"],
    [header.incarnation, "incarnation"],
    [header.firstSeq, "seq of the first op"],
    [header.prevFrame, "hash of the feed's previous frame"],
    [header.opIds, "ids of the ops"],
  ]);
}

function frameExample() {
  return annotated(created.bytes, [
    [created.headerBytes, "the header's bytes, as above"],
    [created.ops, "the ops' bytes, here one"],
    [created.signature, "author's signature over the header's bytes"],
  ]);
}

function genesisExample() {
  return [
    line(genesis.ops[0], "the genesis op"),
    line(mesh, "its id, which is the mesh id"),
    line(genesis.bytes, "its frame"),
  ].join("\n\n");
}

/** Both state machines of the product, talking to each other; bob joins with the ticket. */
function handshake() {
  const self = (signer, name, nonce, ticketSigner) => ({ mesh, signer, name, nonce, ticket: ticketSigner });
  const bob = createHandshake("initiator", self(newcomer, "bob", filled(0xb0, 32), ticket), crypto);
  const alice = createHandshake("acceptor", self(owner.signer, "alice", filled(0xa0, 32), null), crypto);
  const nobody = createReplica(mesh, crypto).view().membership;
  const ofBob = { membership: nobody, wallMs: WALL_MS };
  const ofAlice = { membership: replica.view().membership, wallMs: WALL_MS + 2_000 };
  const sent = (steps) => {
    const step = steps.find((one) => one.type === "send");
    if (step === undefined) throw new Error(`nothing was sent: ${JSON.stringify(steps)}`);
    return step.message;
  };
  const hello = sent(bob.start());
  const answer = sent(alice.receive(encodeMessage(hello), ofAlice));
  const proof = sent(bob.receive(encodeMessage(answer), ofBob));
  const [admit] = alice.receive(encodeMessage(proof), ofAlice);
  if (admit?.type !== "admit") throw new Error(`the newcomer was not admitted: ${JSON.stringify(admit)}`);
  const acceptance = sent(alice.admitted());
  const [proved] = bob.receive(encodeMessage(acceptance), ofBob);
  if (proved?.type !== "proved") throw new Error("the acceptor was not proved");
  return { hello, answer, proof, acceptance };
}

const helloFields = (hello) => [
  [hello.versions, "protocol versions"],
  [hello.mesh, "mesh id"],
  [hello.key, "public key"],
  [hello.nonce, "nonce"],
  [hello.name, "name"],
  [hello.ticket, hello.ticket === null ? "no ticket" : "the ticket's public key"],
];

const proofFields = (proof) => [
  [proof.signature, "signature over the transcript"],
  [proof.joinProof, proof.joinProof === null ? "no join proof" : "the ticket's signature of the join proof"],
];

/** What both keys sign when alice's key is followed by her next one, and how a hello tells of it. */
function rotationExample() {
  const rotation = proveRotation(mesh, owner.signer, nextKey);
  const statement = encode(["skein/rotate/1", mesh, rotation.from, rotation.to]);
  for (const [key, signature] of [
    [rotation.from, rotation.consent],
    [rotation.to, rotation.proof],
  ]) {
    if (!crypto.verify(key, statement, signature)) throw new Error("the statement is not what the keys sign");
  }
  return [
    annotated(statement, [
      ["skein/rotate/1", "tag"],
      [mesh, "mesh id"],
      [rotation.from, "the old key"],
      [rotation.to, "the new key"],
    ]),
    line(rotation.consent, "consent: the old key's signature over these bytes"),
    line(rotation.proof, "proof: the new key's signature over them"),
  ].join("\n\n");
}

function rotatedHelloExample() {
  const rotations = [proveRotation(mesh, owner.signer, nextKey)];
  const hello = {
    type: "hello",
    versions: [1],
    mesh,
    key: nextKey.publicKey,
    nonce: filled(0xc0, 32),
    name: "alice",
    ticket: null,
    rotations,
  };
  const told = rotations.map(({ from, to, consent, proof }) => [from, to, consent, proof]);
  return bytesOfMessage(hello, [...helloFields(hello), [told, "old key, new key, consent, proof"]]);
}

function beatExample() {
  const about = {
    boot: 1,
    counter: 7,
    version: "0.1.0",
    addresses: ["ws://192.0.2.7:4710"],
    labels: { os: "linux" },
    slots: 1,
    slotsFree: 1,
    load: 80,
    lowDisk: false,
    intervalMs: 1_000,
    activity: {},
    accounts: { "matrix/main": "3 s72594_4483" },
    wallMs: 1_760_000_000_000,
    links: ["0123456789abcdef"],
    page: "https://192.0.2.7:4711",
  };
  const sealed = sealBeat(mesh, about, owner.signer);
  const fields = [
    ["skein/beat/4", "tag"],
    [mesh, "mesh id"],
    [owner.signer.publicKey, "whose beat"],
    [about.boot, "boot"],
    [about.counter, "counter"],
    [about.version, "program version"],
    [about.addresses, "addresses"],
    [about.labels, "labels"],
    [about.slots, "slots"],
    [about.slotsFree, "free slots"],
    [about.load, "load per core, percent"],
    [about.lowDisk, "disk almost full"],
    [about.intervalMs, "interval, ms"],
    [about.activity, "activity by item id"],
    [about.accounts, "chat accounts, with the cursor of one it holds"],
    [about.wallMs, "wall time, for people"],
    [new Uint8Array([0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef]), "whom it is linked to"],
    [about.page, "origin of its page"],
  ];
  const message = bytesOfMessage({ type: "beat", ...sealed }, [
    [sealed.bytes, "the beat's bytes, as above"],
    [sealed.signature, "signature over the beat's bytes"],
  ]);
  return `${annotated(sealed.bytes, fields)}\n\n${message}`;
}

function syncExample() {
  const heads = replica.heads();
  const list = [[owner.signer.publicKey, owner.incarnation, 3, created.hash]];
  const refusal = { type: "refuse", code: "removed", message: "the key of bob was removed from this mesh" };
  return [
    bytesOfMessage({ type: "heads", heads }, [[list, "one tip: author, incarnation, last seq, hash of its last frame"]]),
    bytesOfMessage({ type: "heads-page", heads }, [[list, "a part of a long listing, which goes on"]]),
    bytesOfMessage({ type: "want", heads: new Map(), locators: [] }, [[[], "I hold nothing"], [[], "no locators"]]),
    bytesOfMessage({ type: "frames", frames: [created.bytes], more: false }, [
      [[created.bytes], "one frame, as above"],
      [false, "nothing more for now"],
    ]),
    bytesOfMessage(refusal, [
      [refusal.code, "code"],
      [refusal.message, "one sentence"],
    ]),
  ].join("\n\n");
}

/** Every generated part of docs/protocol.md by its name. */
export function sections() {
  const { hello, answer, proof, acceptance } = handshake();
  const hex = (text) => `\`\`\`text\n${text}\n\`\`\``;
  return new Map([
    ["limits", limitsTable()],
    ["budgets", budgetsTable()],
    ["http-limits", httpLimitsTable()],
    ["cast", hex(cast())],
    ["op", hex(opExample())],
    ["op-id", hex(line(created.header.opIds[0], "the op's id: SHA-256 of the bytes above"))],
    ["frame-header", hex(headerExample())],
    ["frame-hash", hex(line(created.hash, "the frame's hash: SHA-256 of the header"))],
    ["frame", hex(frameExample())],
    ["genesis", hex(genesisExample())],
    [
      "ticket",
      hex(
        printTicket({
          mesh,
          seed: ticketSeed,
          expires: WALL_MS + 3_600_000,
          addresses: ["ws://192.0.2.7:4710"],
        }),
      ),
    ],
    [
      "join-proof",
      hex(
        annotated(joinProofBytes({ mesh, key: newcomer.publicKey, name: "bob" }), [
          ["skein/join/1", "tag"],
          [mesh, "mesh id"],
          [newcomer.publicKey, "the key that joins"],
          ["bob", "its name"],
        ]),
      ),
    ],
    ["rotation", hex(rotationExample())],
    ["hello-rotated", hex(rotatedHelloExample())],
    ["handshake-1", hex(bytesOfMessage(hello, helloFields(hello)))],
    ["handshake-2", hex(bytesOfMessage(answer, helloFields(answer)))],
    ["handshake-3", hex(bytesOfMessage(proof, proofFields(proof)))],
    ["handshake-4", hex(bytesOfMessage(acceptance, proofFields(acceptance)))],
    ["sync", hex(syncExample())],
    ["beat", hex(beatExample())],
  ]);
}

/** The document with every generated part replaced by what the code says now. */
export function withSections(document) {
  let text = document;
  for (const [name, content] of sections()) {
    const pattern = new RegExp(`(<!-- generated: ${name} -->)\\n[\\s\\S]*?(<!-- end: ${name} -->)`);
    if (!pattern.test(text)) throw new Error(`docs/protocol.md has no part "${name}"`);
    text = text.replace(pattern, (_all, begin, end) => `${begin}\n\n${content}\n\n${end}`);
  }
  return text;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const path = fileURLToPath(new URL("../protocol.md", import.meta.url));
  if (process.argv.includes("--write")) writeFileSync(path, withSections(readFileSync(path, "utf8")));
  else for (const [name, content] of sections()) process.stdout.write(`${name}\n\n${content}\n\n`);
}
