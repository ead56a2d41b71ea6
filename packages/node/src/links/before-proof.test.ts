/** Before its proof a peer moves nothing: whatever it says, the log, the disk and the journal are not touched. */
import {
  createHandshake,
  encodeMessage,
  type HandshakeStep,
  LIMITS,
  type Membership,
  type Message,
  toHex,
  PROTOCOL_VERSION,
} from "@skein/core";
import { testCrypto, testSigner } from "@skein/core/testing";
import * as fc from "fast-check";
import { expect, test } from "vitest";

import type { LinkHandlers } from "../ports.ts";
import { createManualClock, createRecordedLink, type ManualClock, type RecordedLink } from "../testing/link-stand.ts";
import { createPeerLink, type PeerLinkDeps } from "./peer-link.ts";

const MESH = new Uint8Array(32).fill(7);
const [us, friend] = [testSigner("us"), testSigner("friend")];
const members = new Map(
  [us, friend].map((signer) => {
    const key = toHex(signer.publicKey);
    return [key, { id: key, key, name: key.slice(0, 4), role: "operator" as const, cut: null, joinedAt: 0 }];
  }),
);
const membership: Membership = {
  meshName: "test",
  members,
  keys: new Map([...members.keys()].map((key) => [key, { member: key, cut: null, rotation: null }])),
  invites: new Map(),
  projects: new Map(),
  queues: new Map(),
  work: new Map(),
  budgets: new Map(),
  transfers: new Map(),
  checkpoints: [],
  rejected: new Map(),
};

/** Reading so much as a property of it fails the test. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller says what it stands in for
const untouchable = <T extends object>(name: string): T =>
  // A proxy is every object there is; what stands in for it is never looked at.
  new Proxy({} as T, {
    get: (_target, property) => {
      throw new Error(`${name}.${String(property)} was touched before the proof`);
    },
  });

interface Stand {
  readonly clock: ManualClock;
  readonly link: RecordedLink;
  readonly handlers: LinkHandlers;
  readonly told: string[];
}

function open(initiated: boolean, nonce = 9): Stand {
  const clock = createManualClock();
  const link = createRecordedLink();
  const told: string[] = [];
  const self = { mesh: MESH, signer: us, name: "us", nonce: new Uint8Array(32).fill(nonce), ticket: null };
  const deps: PeerLinkDeps = {
    clock,
    crypto: testCrypto,
    journal: untouchable("journal"),
    replica: untouchable("replica"),
    store: untouchable("store"),
    membership: () => membership,
    createHandshake: () => createHandshake(initiated ? "initiator" : "acceptor", self, testCrypto),
    admit: () => Promise.reject(new Error("nobody is admitted before the proof")),
    onProved: () => told.push("proved"),
    onMessage: () => told.push("message"),
    heldBack: () => undefined,
    onTold: () => told.push("told"),
    onCaughtUp: () => told.push("caught up"),
    onClosed: (_one, reason) => told.push(`closed: ${reason}`),
    onRefusal: () => undefined,
    accountOf: () => untouchable("account"),
  };
  const { handlers } = createPeerLink(link, initiated, deps);
  return { clock, link, handlers, told };
}

const hello = (changes: Partial<Extract<Message, { type: "hello" }>> = {}): Message => ({
  type: "hello",
  versions: [PROTOCOL_VERSION],
  mesh: MESH,
  key: friend.publicKey,
  nonce: new Uint8Array(32).fill(3),
  name: "friend",
  ticket: null,
  ...changes,
});

const bytesOf = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });

/** Every type of message by its own arbitrary, so that a new type does not go without. */
const messages: { readonly [T in Message["type"]]: fc.Arbitrary<Message> } = {
  hello: fc.oneof(
    fc.constant(hello()),
    bytesOf(32).map((mesh) => hello({ mesh })),
    bytesOf(32).map((key) => hello({ key })),
    bytesOf(32).map((ticket) => hello({ ticket })),
    fc.array(fc.nat(), { maxLength: 20 }).map((versions) => hello({ versions })),
  ),
  proof: fc
    .tuple(bytesOf(64), fc.option(bytesOf(64)))
    .map(([signature, joinProof]) => ({ type: "proof", signature, joinProof })),
  heads: fc.constant({ type: "heads", heads: new Map() }),
  "heads-page": fc.constant({ type: "heads-page", heads: new Map() }),
  want: fc.constant({ type: "want", locators: [], heads: new Map() }),
  frames: fc
    .tuple(fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 10 }), fc.boolean())
    .map(([frames, more]) => ({ type: "frames", frames, more })),
  beat: fc.tuple(fc.uint8Array(), bytesOf(64)).map(([bytes, signature]) => ({ type: "beat", bytes, signature })),
  "log-read": fc.nat().map((id) => ({ type: "log-read", id, item: "0123456789ab", epoch: 1, offset: 0 })),
  "log-data": fc.nat().map((id) => ({ type: "log-data", id, epoch: 1, bytes: new Uint8Array(5), end: 5, ended: true })),
  refuse: fc.constant({ type: "refuse", code: "self", message: "you are me" }),
};

const anything: fc.Arbitrary<Uint8Array> = fc.oneof(
  ...Object.values(messages).map((arbitrary) => arbitrary.map(encodeMessage)),
  fc.uint8Array({ maxLength: 200 }),
  fc.constant(new Uint8Array(LIMITS.messageBytesBeforeProof + 1)),
);

test.each([
  ["an acceptor", false],
  ["an initiator", true],
])("%s that hears any messages at all without a proof says hello and refuses, and moves nothing", (_, initiated) => {
  fc.assert(
    fc.property(fc.array(anything, { minLength: 1, maxLength: 8 }), (sequence) => {
      const { link, handlers, told, clock } = open(initiated);
      for (const bytes of sequence) handlers.onMessage(bytes);
      clock.advance(LIMITS.handshakeMs + 1_000);
      expect(told).toHaveLength(1);
      expect(told[0]).toMatch(/^closed: /);
      expect(link.closed()).toBeDefined();
      // Hello, an initiator's proof, a refusal: nothing that was not this node's own to say.
      expect(link.sent.map(({ type }) => type).join()).toMatch(/^(hello(,proof)?)?(,?refuse)?$/);
    }),
    { numRuns: 1_000 },
  );
});

test.each(Object.entries(messages))("%s at a wrong time closes the link at once", (type, arbitrary) => {
  const [message] = fc.sample(arbitrary, 1);
  if (message === undefined) throw new Error("there is one");
  const { link, handlers, told } = open(false);
  handlers.onMessage(encodeMessage(hello()));
  expect(link.sent.map((one) => one.type)).toEqual(["hello"]);
  handlers.onMessage(encodeMessage(message));
  expect(told).toHaveLength(1);
  expect(link.closed()).toBe(type === "refuse" ? "refused" : type === "proof" ? "bad-proof" : "bad-message");
});

test("a recorded handshake is worth nothing on another connection", () => {
  const first = open(false);
  first.handlers.onMessage(encodeMessage(hello()));
  const [answer] = first.link.sent;
  if (answer === undefined) throw new Error("it answers");
  const theirs = createHandshake(
    "initiator",
    { mesh: MESH, signer: friend, name: "friend", nonce: new Uint8Array(32).fill(3), ticket: null },
    testCrypto,
  );
  theirs.start();
  const steps = theirs.receive(encodeMessage(answer), { membership, wallMs: 0 });
  const recorded = encodeMessage(sentBy(steps));
  const later = open(false, 10);
  later.handlers.onMessage(encodeMessage(hello()));
  later.handlers.onMessage(recorded);
  expect(later.link.closed()).toBe("bad-proof");
  expect(later.told).toEqual(["closed: bad-proof"]);
});

function sentBy(steps: readonly HandshakeStep[]): Message {
  for (const step of steps) if (step.type === "send") return step.message;
  throw new Error("nothing was sent");
}
