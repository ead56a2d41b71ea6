// The bytes that docs/protocol.md shows, made by the product's own code from fixed seeds, names and times.
//
//     node docs/examples/protocol-example.mjs            prints every example (the packages must be built)
//     node docs/examples/protocol-example.mjs --write    puts them into docs/protocol.md
//
// test/tidy/protocol-example.test.ts runs this from source and fails when the document shows other bytes.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import {
  BUDGETS,
  createHandshake,
  createReplica,
  encode,
  encodeMessage,
  foundMesh,
  joinProofBytes,
  LIMITS,
  openFrame,
  printTicket,
  RELAYED_BEATS,
  sealBeat,
  toHex,
} from "@skein/core";
import { HTTP_LIMITS, YJS_LIMITS } from "@skein/http";
import { createNodeCrypto, createSigner } from "@skein/node";

const WALL_MS = 1_700_000_000_000;
const crypto = createNodeCrypto();
const filled = (byte, length) => new Uint8Array(length).fill(byte);

// ── the cast ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Secret seeds are one byte repeated; a real node draws 32 random bytes. */
const owner = { signer: createSigner(filled(0x11, 32)), incarnation: filled(0xa1, 8) };
const newcomer = createSigner(filled(0x22, 32));
const ticketSeed = filled(0x33, 32);
const ticket = createSigner(ticketSeed);
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

function beatExample() {
  const about = {
    boot: 1,
    counter: 7,
    version: "0.1.0",
    addresses: ["ws://192.0.2.7:4710"],
    labels: { os: "linux" },
    slots: 1,
    slotsFree: 1,
    intervalMs: 1_000,
    activity: {},
  };
  const sealed = sealBeat(mesh, about, owner.signer);
  const fields = [
    ["skein/beat/1", "tag"],
    [mesh, "mesh id"],
    [owner.signer.publicKey, "whose beat"],
    [about.boot, "boot"],
    [about.counter, "counter"],
    [about.version, "program version"],
    [about.addresses, "addresses"],
    [about.labels, "labels"],
    [about.slots, "slots"],
    [about.slotsFree, "free slots"],
    [about.intervalMs, "interval, ms"],
    [about.activity, "activity by item id"],
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

const NOTES = {
  opBytes: "one op's encoded bytes",
  frameOps: "ops in one frame",
  frameBytes: "one frame's encoded bytes",
  packBytes: "one pack's bytes",
  packOps: "frames in one pack, and ops",
  checkpointTips: "feeds and branches that one checkpoint names",
  chunkBytes: "frames of one `frames` message together",
  messageBytesBeforeProof: "one message before the peer has proved its key",
  messageBytes: "one message after that",
  strangerBytes: "all bytes of a connection before the proof, framing and pings included",
  messageFragments: "fragments of one WebSocket message",
  messageChunks: "chunks off the wire that one unfinished message is in",
  upgradeHeaderBytes: "all headers of an upgrade request",
  upgradeHeaders: "headers of an upgrade request",
  depth: "nesting of a decoded value, the outermost being 0",
  elements: "array elements plus map entries of one decoded value",
  feeds: "tips in one `heads`, `heads-page` or `want`",
  locators: "locators in one `want`",
  locatorFrames: "places in one locator",
  outboxBytes: "bytes waiting for one peer before it is cut",
  inboxBytes: "bytes of one peer's frames that wait to become durable; nothing more is read from it meanwhile",
  barrenAnswers: "answers and refused frames in a row that brought nothing before the link ends",
  handshakeMs: "from the connection to a proved peer",
  idleMs: "silence before a link counts as dead",
  pauseMs: "the longest time that a link over its budget is not read at one time",
  links: "links open at once, proved or not",
  linksPerAddress: "of these from one IPv4 address or one IPv6 network of 64 bits; loopback and trusted proxies are exempt",
  dialTargets: "addresses a node keeps dialing",
  dialsUnderWay: "connections being opened at once",
  helloVersions: "protocol versions in a hello",
  refusalLength: "a refusal's sentence",
  beatBytes: "one beat's encoded bytes",
  beatAddresses: "addresses in a beat",
  beatTextLength: "one address, label or activity in a beat",
  logBytes: "the piece of output in one `log-data`",
  counter: "greatest Lamport stamp, seq and wall time",
  titleLength: "title, reason of a hold",
  textBytes: "text of an item",
  nameLength: "names, entity, kind, refusal code, version in a beat",
  labels: "labels of an item",
  labelLength: "one label",
  dependsOn: "dependencies of an item",
  noteLength: "note",
  gateRuns: "runs in one evidence",
  configBytes: "configuration text in `project.set`",
};

/** The table of LIMITS; a limit without a note, or a note without a limit, is an error. */
function limitsTable() {
  const names = Object.keys(LIMITS);
  const unknown = Object.keys(NOTES).filter((name) => !names.includes(name));
  if (unknown.length > 0) throw new Error(`there is no limit ${unknown.join(", ")}`);
  const rows = names.map((name) => {
    if (NOTES[name] === undefined) throw new Error(`the limit ${name} has no note`);
    return `| \`${name}\` | ${LIMITS[name]} | ${NOTES[name]} |`;
  });
  return ["| name | value | of what |", "|---|---|---|", ...rows].join("\n");
}

const BUDGET_NOTES = {
  links: "links that a member opened and proved",
  bytes: "bytes of messages",
  messages: "messages",
  frames: "frames that were pushed",
  duplicates: "frames that were here already, beyond what others brought since they were asked for",
  misfits: "frames that came before what they build on",
  junk: "unreadable messages and frames that no honest node sends; each ends its link besides",
  beats: "beats, its own and passed on",
  heads: "`heads` and `heads-page`",
  wants: "`want`",
  logReads: "`log-read`",
};

/** The table of BUDGETS, with the last row for what is passed on of one node's beats. */
function budgetsTable() {
  const rows = Object.entries(BUDGETS).map(([name, { perSecond, burst, patienceMs }]) => {
    const patience = patienceMs === null ? "slowed down, never cut" : `cut after ${patienceMs / 1_000} s`;
    return `| ${name} | ${perSecond} | ${burst} | ${patience} | ${BUDGET_NOTES[name]} |`;
  });
  const relayed = `| (relayed) | ${RELAYED_BEATS.perSecond} | ${RELAYED_BEATS.burst} | not passed on | beats of one node, passed on by another |`;
  return ["| name | a second | at once | over it | of what |", "|---|---|---|---|---|", ...rows, relayed].join("\n");
}

const HTTP_NOTES = {
  bodyBytes: "body of a request",
  bodyDepth: "nesting of a body",
  bodyValues: "values in a body",
  targetLength: "path and query",
  parameterLength: "one parameter of a path",
  headerBytes: "all headers of a request",
  headerCount: "headers of a request",
  connections: "connections open at once",
  headersTimeoutMs: "until the headers are there",
  requestTimeoutMs: "until the request is there",
  keepAliveTimeoutMs: "a connection without a request",
  idleTimeoutMs: "a connection on which nothing moves",
  closeGraceMs: "for requests under way when the node stops",
  pageFiles: "files of the board page",
  pageBytes: "files of the board page together",
};

const YJS_NOTES = {
  messageBytes: "one message of a reader",
  bufferedBytes: "bytes waiting for one reader before it is cut",
  sockets: "readers at once",
  keepAliveMs: "between two signs of life; a reader that answers none is cut",
  answers: "answers to a reader within `windowMs`",
  messages: "messages of a reader within `windowMs`",
  windowBytes: "bytes of a reader within `windowMs`",
  windowMs: "the window of the three above",
  closeGraceMs: "for a reader to answer a close",
};

const limitRows = (limits, notes) =>
  Object.entries(limits).map(([name, value]) => {
    if (notes[name] === undefined) throw new Error(`the limit ${name} has no note`);
    return `| ${name} | ${value} | ${notes[name]} |`;
  });

/** What the HTTP server and the sockets of the board document hold programs and readers to. */
function httpLimitsTable() {
  const head = ["| name | value | of what |", "|---|---|---|"];
  const tables = [
    [...head, ...limitRows(HTTP_LIMITS, HTTP_NOTES)],
    [...head, ...limitRows(YJS_LIMITS, YJS_NOTES)],
  ];
  return tables.map((rows) => rows.join("\n")).join("\n\nReaders of the board document:\n\n");
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
