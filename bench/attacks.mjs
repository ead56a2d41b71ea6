// What strangers and hostile members do to a node, made of raw sockets and of the parts that a real node is made of.
// test/nightly/hostile-sockets.test.ts looks at what it does to the node, bench/hostile.mjs at what it costs others.
import { randomBytes } from "node:crypto";
import { connect } from "node:net";

import { createHandshake, decodeMessage, encodeMessage, LIMITS, parseTicket, sealFrame, sealOp } from "@skein/core";
import { createNodeCrypto, createSigner } from "@skein/node";
import { WebSocket } from "ws";

const crypto = createNodeCrypto();
const random = (length) => new Uint8Array(randomBytes(length));

// ── strangers ───────────────────────────────────────────────────────────────────────────────────────────────────────

const UPGRADE = [
  "GET /sync HTTP/1.1",
  "Host: x",
  "Upgrade: websocket",
  "Connection: Upgrade",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "",
  "",
].join("\r\n");

/** The header of a masked frame that claims to be so long. */
function frameHeader(opcode, length, fin = true) {
  const header = Buffer.alloc(14);
  header[0] = (fin ? 0x80 : 0) | opcode;
  header[1] = 0x80 | 127;
  header.writeBigUInt64BE(BigInt(length), 2);
  return header;
}

/** Writes `next()` every so often until the other end has had enough. */
function drip(socket, everyMs, next) {
  const timer = setInterval(() => {
    if (socket.destroyed) clearInterval(timer);
    else socket.write(next());
  }, everyMs);
  socket.once("close", () => clearInterval(timer));
}

/** Writes `chunk` as fast as it is read. */
function pour(socket, chunk) {
  const write = () => {
    while (!socket.destroyed && socket.write(chunk));
  };
  socket.on("drain", write);
  write();
}

const whenUpgraded = (socket, then) => {
  socket.write(UPGRADE);
  socket.once("data", then);
};

// Made once: what the attacker spends on it, the pair does not have.
const FRAGMENTS = Buffer.concat(Array.from({ length: 500 }, () => frameHeader(0, 0, false)));
const PINGS = Buffer.concat([frameHeader(9, 0), frameHeader(9, 0)]);
const ZEROS = Buffer.alloc(16 * 1024);

/** What one socket of each kind does once it is connected. */
const CONDUCT = {
  silent: () => {},
  "byte by byte": (socket) => {
    let at = 0;
    drip(socket, 250, () => UPGRADE[at++ % UPGRADE.length]);
  },
  "silent after the upgrade": (socket) => whenUpgraded(socket, () => {}),
  garbage: (socket) => socket.write(randomBytes(4_096)),
  "garbage after the upgrade": (socket) => whenUpgraded(socket, () => drip(socket, 50, () => randomBytes(200))),
  "a frame of 100 MiB": (socket) =>
    whenUpgraded(socket, () => {
      socket.write(frameHeader(2, 100 * 2 ** 20));
      pour(socket, ZEROS);
    }),
  "a message of a mebibyte, slowly": (socket) =>
    whenUpgraded(socket, () => {
      socket.write(frameHeader(2, 2 ** 20));
      drip(socket, 100, () => Buffer.alloc(200));
    }),
  "fragments without end": (socket) =>
    whenUpgraded(socket, () => {
      socket.write(frameHeader(2, 1, false));
      pour(socket, FRAGMENTS);
    }),
  pings: (socket) => whenUpgraded(socket, () => pour(socket, PINGS)),
};

export const STRANGERS = Object.keys(CONDUCT);

export function openStranger(kind, url) {
  const { hostname, port } = new URL(url);
  const openedAt = performance.now();
  let closedAt;
  const socket = connect({ host: hostname, port: Number(port) });
  // Being reset is what it came for.
  socket.on("error", () => {});
  socket.on("connect", () => CONDUCT[kind](socket));
  socket.on("close", () => {
    closedAt = performance.now();
  });
  socket.resume();
  return {
    kind,
    /** How long it was let be, ms; undefined while it is open. */
    livedMs: () => (closedAt === undefined ? undefined : closedAt - openedAt),
    destroy: () => socket.destroy(),
  };
}

// ── members ─────────────────────────────────────────────────────────────────────────────────────────────────────────

export const newIdentity = () => ({ signer: createSigner(random(32)), incarnation: random(8) });

/** Dials as a member, or joins with the ticket. Resolves once it is proved or was turned away. */
export function dialAs({ url, identity, name, mesh, ticket }) {
  const socket = new WebSocket(`${url}/sync`, { perMessageDeflate: false, maxPayload: 2 ** 24 });
  const handshake = createHandshake(
    "initiator",
    { mesh, signer: identity.signer, name, nonce: random(32), ticket: ticket ?? null },
    crypto,
  );
  const nobody = {
    meshName: "",
    members: new Map(),
    keys: new Map(),
    invites: new Map(),
    projects: new Map(),
    rejected: new Map(),
  };
  const state = { proved: false, closed: false, refusal: undefined, frames: [] };
  let settle;
  const ready = new Promise((resolve) => {
    settle = resolve;
  });
  const member = {
    identity,
    mesh,
    isProved: () => state.proved,
    isClosed: () => state.closed,
    /** The code of the node's refusal, if there was one. */
    refusal: () => state.refusal,
    /** Frames the node has sent. */
    frames: () => state.frames,
    send: (message) => socket.readyState === WebSocket.OPEN && socket.send(encodeMessage(message)),
    /** Sends when the node has read most of what was sent before. False when the link is gone. */
    sendInTurn: async (message) => {
      while (!state.closed && socket.bufferedAmount > 2 ** 20) await new Promise((resolve) => setTimeout(resolve, 5));
      member.send(message);
      return !state.closed;
    },
    pause: () => socket.pause(),
    close: () => socket.terminate(),
  };
  const perform = (steps) => {
    for (const step of steps) {
      if (step.type === "send") member.send(step.message);
      if (step.type === "refused") state.refusal = step.code;
      if (step.type === "proved") state.proved = true;
      if (step.type === "proved") settle(member);
    }
  };
  socket.on("open", () => perform(handshake.start()));
  socket.on("message", (data) => {
    const bytes = new Uint8Array(data);
    if (!state.proved) return perform(handshake.receive(bytes, { membership: nobody, wallMs: Date.now() }));
    const { value: message } = decodeMessage(bytes, LIMITS.messageBytes);
    if (message.type === "refuse") state.refusal = message.code;
    if (message.type === "frames") state.frames.push(...message.frames);
    return undefined;
  });
  socket.on("error", () => {});
  socket.on("close", () => {
    state.closed = true;
    settle(member);
  });
  return ready;
}

/** A new member of the mesh that the ticket is for. */
export function joinWith({ url, ticket, name, identity = newIdentity() }) {
  const { mesh, seed } = parseTicket(ticket).value;
  return dialAs({ url, identity, name, mesh, ticket: createSigner(seed) });
}

const BATCH = 100;

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Sends so many frames in messages of `BATCH`, as fast as the node reads them. False when the link ended before. */
async function sendFrames(member, count, make) {
  for (let sent = 0; sent < count; sent += BATCH) {
    const frames = make(Math.min(BATCH, count - sent), sent);
    // Making them takes time, and others in this process have things to do as well.
    await turn();
    if (!(await member.sendInTurn({ type: "frames", frames, more: false }))) return false;
  }
  return true;
}

/** Frames of this member that are whole in every respect but one. */
function makeFrames({ mesh, identity }, count, { firstSeq, prevFrame, signer }) {
  return Array.from({ length: count }, (_, place) => {
    const incarnation = random(8);
    const body = { title: `Flood ${place}`, text: "", type: "story", priority: 5, labels: [], dependsOn: [] };
    const op = { mesh, author: identity.signer.publicKey, incarnation, seq: firstSeq, prev: prevFrame, lamport: 1 };
    const rest = { wall: 1, entity: place.toString(36).padStart(12, "0"), kind: "item.create", on: null, after: null };
    const sealed = sealOp({ ...op, ...rest, body }, crypto);
    const header = { mesh, author: op.author, incarnation, firstSeq, prevFrame, opIds: [crypto.sha256(sealed.bytes)] };
    return sealFrame(header, [sealed.bytes], signer, crypto).bytes;
  });
}

/** What a proved member does with its link. Each resolves when the link is gone, or when it has done its worst. */
export const FLOODS = {
  "junk signatures": async (member, count) => {
    const signer = { publicKey: member.identity.signer.publicKey, sign: () => random(64) };
    await sendFrames(member, count, (some) => makeFrames(member, some, { firstSeq: 1, prevFrame: null, signer }));
  },
  gaps: async (member, count) => {
    const place = { firstSeq: 9, prevFrame: random(32), signer: member.identity.signer };
    await sendFrames(member, count, (some) => makeFrames(member, some, place));
  },
  duplicates: async (member, count) => {
    member.send({ type: "want", heads: new Map(), locators: [] });
    while (member.frames().length === 0 && !member.isClosed()) await new Promise((resolve) => setTimeout(resolve, 10));
    const known = member.frames();
    await sendFrames(member, count, (some, sent) =>
      Array.from({ length: some }, (_, place) => known[(sent + place) % known.length]),
    );
  },
  "wants and no reading": async (member) => {
    member.pause();
    for (let sent = 0; await member.sendInTurn({ type: "want", heads: new Map(), locators: [] }); sent++) {
      if (sent % BATCH === 0) await turn();
    }
  },
};
