/** The handshake as both ends and somebody in between play it. */
import { expect, test } from "vitest";

import { toHex } from "../kernel/bytes.ts";
import { joinProofBytes } from "../member/join-proof.ts";
import { type Invite, type Member, type Membership, noMembership } from "../member/membership.ts";
import { decode, encode } from "../op/codec.ts";
import type { Crypto, Signer } from "../op/crypto.ts";
import { LIMITS } from "../op/limits.ts";
import { testCrypto, testSigner } from "../testing/index.ts";
import {
  createHandshake,
  type Handshake,
  type HandshakeContext,
  type HandshakeSelf,
  type HandshakeStep,
} from "./handshake.ts";
import { decodeMessage, encodeMessage, type Message, type MessageType, PROTOCOL_VERSION } from "./message.ts";

const MESH = new Uint8Array(32).fill(1);
const [anna, ben, newcomer, eve] = ["anna", "ben", "newcomer", "eve"].map(testSigner) as [
  Signer,
  Signer,
  Signer,
  Signer,
];
const ticket = testSigner("ticket");
const NOW = 1_000_000;
const eveId = toHex(eve.publicKey);

function memberOf(who: Signer, name: string, cut: Member["cut"] = null): [string, Member] {
  const key = toHex(who.publicKey);
  return [key, { id: key, key, name, role: "agent", cut, joinedAt: 0 }];
}

function inviteOf(changes: Partial<Invite> = {}): [string, Invite] {
  const key = toHex(ticket.publicKey);
  return [key, { ticket: key, role: "agent", expires: NOW + 1, by: toHex(ben.publicKey), usedBy: null, ...changes }];
}

const membershipOf = (members: [string, Member][], invites: [string, Invite][] = []): Membership => ({
  ...noMembership,
  members: new Map(members),
  keys: new Map(members.map(([key]) => [key, { member: key, cut: null, rotation: null }])),
  invites: new Map(invites),
});

const US = membershipOf([memberOf(anna, "anna"), memberOf(ben, "ben")], [inviteOf()]);
const context = (membership: Membership = US): HandshakeContext => ({ membership, wallMs: NOW });

let nonces = 0;
const selfOf = (signer: Signer, changes: Partial<HandshakeSelf> = {}): HandshakeSelf => ({
  mesh: MESH,
  signer,
  name: `name of ${toHex(signer.publicKey).slice(0, 6)}`,
  nonce: new Uint8Array(32).fill(++nonces),
  ticket: null,
  ...changes,
});

/** A handshake that hears messages; each is encoded as the other end would. */
interface End extends Omit<Handshake, "receive"> {
  receive(message: Message, context: HandshakeContext): readonly HandshakeStep[];
  receiveBytes: Handshake["receive"];
}

const endOf = (handshake: Handshake): End => ({
  ...handshake,
  receive: (message, given) => handshake.receive(encodeMessage(message), given),
  receiveBytes: (bytes, given) => handshake.receive(bytes, given),
});
const initiator = (signer: Signer, changes: Partial<HandshakeSelf> = {}, crypto: Crypto = testCrypto): End =>
  endOf(createHandshake("initiator", selfOf(signer, changes), crypto));
const acceptor = (signer: Signer, changes: Partial<HandshakeSelf> = {}, crypto: Crypto = testCrypto): End =>
  endOf(createHandshake("acceptor", selfOf(signer, changes), crypto));

/** Through the bytes, as on a socket. */
function wire(message: Message): Message {
  const decoded = decodeMessage(encodeMessage(message), 4_096);
  if (!decoded.ok) throw new Error(decoded.error);
  return decoded.value;
}

const sentBy = (steps: readonly HandshakeStep[]): Message[] =>
  steps.flatMap((step) => (step.type === "send" ? [wire(step.message)] : []));

function onlySent(steps: readonly HandshakeStep[]): Message {
  const [message] = sentBy(steps);
  if (message === undefined) throw new Error(`nothing was sent: ${JSON.stringify(steps)}`);
  return message;
}

const codeOf = (steps: readonly HandshakeStep[]): string | undefined =>
  steps.flatMap((step) => (step.type === "refuse" ? [step.code] : []))[0];

const provedOf = (steps: readonly HandshakeStep[]): unknown => steps.find((step) => step.type === "proved");

/** Both hellos and the initiator's proof, ready to be given to the acceptor. */
function untilProof(
  from: End,
  to: End,
  fromContext: HandshakeContext = context(),
  toContext: HandshakeContext = context(),
): Message {
  const hello = onlySent(from.start());
  const reply = onlySent(to.receive(hello, toContext));
  return onlySent(from.receive(reply, fromContext));
}

// ── the two happy ways ──────────────────────────────────────────────────────────────────────────────────────────────

test("two members prove their keys to each other", () => {
  const [from, to] = [initiator(anna), acceptor(ben)];
  const proof = untilProof(from, to);
  const accepted = to.receive(proof, context());
  expect(accepted.map((step) => step.type)).toEqual(["send", "proved"]);
  expect(provedOf(accepted)).toMatchObject({ peer: { key: toHex(anna.publicKey), provisional: false } });
  const done = from.receive(onlySent(accepted), context());
  expect(done).toMatchObject([{ type: "proved", peer: { key: toHex(ben.publicKey), provisional: false } }]);
});

test("the acceptor says nothing before it is spoken to", () => {
  expect(acceptor(ben).start()).toEqual([]);
});

test("a newcomer with a ticket is admitted, and takes the acceptor on trust until the log is there", () => {
  const name = "new machine";
  const [from, to] = [initiator(newcomer, { ticket, name }), acceptor(ben)];
  const proof = untilProof(from, to, context(noMembership));
  const asked = to.receive(proof, context());
  expect(asked).toHaveLength(1);
  const [step] = asked;
  if (step?.type !== "admit") throw new Error("the joiner is not admitted");
  expect(step.request).toMatchObject({ key: newcomer.publicKey, name, ticket: ticket.publicKey });
  // The proof that goes into the join op is one that every node accepts.
  const proved = joinProofBytes({ mesh: MESH, key: newcomer.publicKey, name });
  expect(testCrypto.verify(ticket.publicKey, proved, step.request.proof)).toBe(true);
  const accepted = to.admitted();
  expect(accepted.map((one) => one.type)).toEqual(["send", "proved"]);
  const done = from.receive(onlySent(accepted), context(noMembership));
  expect(done).toMatchObject([{ type: "proved", peer: { key: toHex(ben.publicKey), provisional: true } }]);
});

test("nothing is said to a newcomer before its join is durable, and admission counts once", () => {
  const [from, to] = [initiator(newcomer, { ticket }), acceptor(ben)];
  expect(to.admitted()).toEqual([]);
  const proof = untilProof(from, to, context(noMembership));
  expect(to.admitted()).toEqual([]);
  expect(sentBy(to.receive(proof, context()))).toEqual([]);
  expect(to.admitted()).toHaveLength(2);
  expect(to.admitted()).toEqual([]);
});

test("a member that still has its ticket is a member", () => {
  const spent = membershipOf([...US.members], [inviteOf({ usedBy: toHex(anna.publicKey) })]);
  const [from, to] = [initiator(anna, { ticket }), acceptor(ben)];
  const accepted = to.receive(untilProof(from, to, context(spent), context(spent)), context(spent));
  expect(provedOf(accepted)).toBeDefined();
});

// ── refusals ────────────────────────────────────────────────────────────────────────────────────────────────────────

const helloOf = (handshake: End): Extract<Message, { type: "hello" }> => {
  const message = onlySent(handshake.start());
  if (message.type !== "hello") throw new Error("the first message is a hello");
  return message;
};

const refusalOfHello = (hello: Message, membership: Membership = US): string | undefined =>
  codeOf(acceptor(ben).receive(hello, context(membership)));

test("each reason to refuse a hello has its code", () => {
  const hello = helloOf(initiator(anna));
  expect(refusalOfHello(hello)).toBeUndefined();
  expect(refusalOfHello({ ...hello, versions: [] })).toBe("version");
  expect(refusalOfHello({ ...hello, versions: [PROTOCOL_VERSION + 1] })).toBe("version");
  expect(refusalOfHello({ ...hello, mesh: new Uint8Array(32) })).toBe("wrong-mesh");
  expect(refusalOfHello({ ...hello, key: ben.publicKey })).toBe("self");
  expect(refusalOfHello({ ...hello, key: eve.publicKey })).toBe("not-a-member");
  const withoutAnna = membershipOf([memberOf(ben, "ben"), memberOf(anna, "anna", new Map([["01", 3]]))]);
  expect(refusalOfHello(hello, withoutAnna)).toBe("removed");
});

test("a removed member is refused even with a fresh ticket", () => {
  const removed = membershipOf([memberOf(ben, "ben"), memberOf(anna, "anna", new Map())], [inviteOf()]);
  expect(refusalOfHello(helloOf(initiator(anna, { ticket })), removed)).toBe("removed");
});

test("each reason to refuse a ticket has its code", () => {
  const hello = helloOf(initiator(newcomer, { ticket }));
  const withInvite = (changes?: Partial<Invite>): Membership =>
    membershipOf([...US.members], changes === undefined ? [] : [inviteOf(changes)]);
  expect(refusalOfHello(hello, withInvite({}))).toBeUndefined();
  expect(refusalOfHello(hello, withInvite())).toBe("unknown-ticket");
  expect(refusalOfHello(hello, withInvite({ usedBy: "aa" }))).toBe("spent-ticket");
  expect(refusalOfHello(hello, withInvite({ expires: NOW - 1 }))).toBe("expired-ticket");
  expect(refusalOfHello(hello, withInvite({ expires: NOW }))).toBeUndefined();
  expect(refusalOfHello(hello, withInvite({ expires: NOW + LIMITS.inviteMs }))).toBeUndefined();
  expect(refusalOfHello(hello, withInvite({ expires: NOW + LIMITS.inviteMs + 1 }))).toBe("dead-ticket");
  const removed = membershipOf([memberOf(ben, "ben"), memberOf(eve, "eve", new Map())], [inviteOf({ by: eveId })]);
  expect(refusalOfHello(hello, removed)).toBe("dead-ticket");
});

test("a key that the gate refuses does not join", () => {
  const to = acceptor(ben, {}, { ...testCrypto, isAcceptableKey: () => false });
  expect(codeOf(to.receive(helloOf(initiator(newcomer, { ticket })), context()))).toBe("bad-proof");
});

test("a member does not talk to an acceptor that is removed", () => {
  const reply = (who: Signer): Message =>
    onlySent(acceptor(who).receive(helloOf(initiator(anna)), context(membershipOf([memberOf(anna, "anna")]))));
  const started = (membership: Membership, who: Signer): string | undefined => {
    const from = initiator(anna);
    from.start();
    return codeOf(from.receive(reply(who), context(membership)));
  };
  expect(started(US, ben)).toBeUndefined();
  expect(started(membershipOf([memberOf(anna, "anna"), memberOf(ben, "ben", new Map())]), ben)).toBe("removed");
});

test("an acceptor that the initiator does not know stays provisional, with a ticket or without", () => {
  for (const hello of [helloOf(initiator(eve)), helloOf(initiator(eve, { ticket }))]) {
    const from = initiator(anna);
    const to = acceptor(eve);
    const first = onlySent(from.start());
    const knowsAnna = context(membershipOf([memberOf(anna, "anna")]));
    const reply = onlySent(to.receive(first, knowsAnna));
    expect(reply.type).toBe(hello.type);
    const proof = onlySent(from.receive(reply, context()));
    const answer = to.receive(proof, knowsAnna).find((step) => step.type === "send");
    if (answer?.type !== "send") throw new Error("the acceptor did not answer");
    const [proved] = from.receive(answer.message, context());
    expect(proved).toMatchObject({ type: "proved", peer: { provisional: true } });
  }
});

test("the peer's refusal is passed on at any time and ends the handshake", () => {
  const refusal: Message = { type: "refuse", code: "shutting-down", message: "bye" };
  const atOnce = acceptor(ben);
  expect(atOnce.receive(refusal, context())).toEqual([{ type: "refused", code: "shutting-down", message: "bye" }]);
  expect(codeOf(atOnce.receive(helloOf(initiator(anna)), context()))).toBe("bad-message");
  const [from, to] = [initiator(anna), acceptor(ben)];
  untilProof(from, to);
  expect(to.receive(refusal, context())[0]?.type).toBe("refused");
});

// ── proofs ──────────────────────────────────────────────────────────────────────────────────────────────────────────

test("a proof signed with another key is refused by either end", () => {
  const forged: Signer = { publicKey: anna.publicKey, sign: (message) => eve.sign(message) };
  const [from, to] = [initiator(forged), acceptor(ben)];
  expect(codeOf(to.receive(untilProof(from, to), context()))).toBe("bad-proof");
  const forgedBen: Signer = { publicKey: ben.publicKey, sign: (message) => eve.sign(message) };
  const [from2, to2] = [initiator(anna), acceptor(forgedBen)];
  const accepted = to2.receive(untilProof(from2, to2), context());
  expect(codeOf(from2.receive(onlySent(accepted), context()))).toBe("bad-proof");
});

test("a proof from an earlier handshake is refused in a later one, with the very same hello too", () => {
  const [from, to] = [initiator(anna), acceptor(ben)];
  const hello = helloOf(from);
  const reply = onlySent(to.receive(hello, context()));
  const proof = onlySent(from.receive(reply, context()));
  expect(provedOf(to.receive(proof, context()))).toBeDefined();
  const later = acceptor(ben);
  later.receive(hello, context());
  expect(codeOf(later.receive(proof, context()))).toBe("bad-proof");
});

test("an acceptor's proof sent back to it, and an initiator's, prove nothing", () => {
  // Eve answers Anna's call as if she were Ben, and reflects Anna's own proof.
  const from = initiator(anna);
  const hello = helloOf(from);
  const asBen = { ...helloOf(initiator(ben)), nonce: hello.nonce };
  const proof = onlySent(from.receive(asBen, context()));
  expect(codeOf(from.receive(proof, context()))).toBe("bad-proof");
  // Eve calls Ben with Ben's own hello.
  expect(codeOf(acceptor(ben).receive(helloOf(initiator(ben)), context()))).toBe("self");
});

test("a proof made for one peer is refused by another", () => {
  const carol = testSigner("carol");
  const all = membershipOf([...US.members, memberOf(carol, "carol")]);
  // Eve is a member in the middle: Anna calls her, and she hands everything on to Carol.
  const eveToo = membershipOf([...all.members, memberOf(eve, "eve")]);
  const from = initiator(anna);
  const hello = helloOf(from);
  const eves = onlySent(acceptor(eve).receive(hello, context(eveToo)));
  const proof = onlySent(from.receive(eves, context(eveToo)));
  const to = acceptor(carol);
  to.receive(hello, context(eveToo));
  expect(codeOf(to.receive(proof, context(eveToo)))).toBe("bad-proof");
});

test("a proof does not fit when any field of either hello was changed on the way", () => {
  const changes: readonly Partial<Extract<Message, { type: "hello" }>>[] = [
    { nonce: new Uint8Array(32).fill(250) },
    { name: "somebody else" },
    { versions: [PROTOCOL_VERSION, 99] },
    { ticket: ticket.publicKey },
  ];
  for (const change of changes) {
    const [from, to] = [initiator(anna), acceptor(ben)];
    const reply = onlySent(to.receive({ ...helloOf(from), ...change }, context()));
    expect(codeOf(to.receive(onlySent(from.receive(reply, context())), context()))).toBe("bad-proof");
    const [from2, to2] = [initiator(anna), acceptor(ben)];
    const reply2 = onlySent(to2.receive(helloOf(from2), context()));
    if (reply2.type !== "hello") throw new Error("the acceptor answers with a hello");
    const proof2 = onlySent(from2.receive({ ...reply2, ...change }, context()));
    expect(codeOf(to2.receive(proof2, context()))).toBe("bad-proof");
  }
});

test("fields behind the known ones are let through and are signed like the rest", () => {
  const withMore = (message: Message, more: string): Uint8Array => {
    const decoded = decode(encodeMessage(message), 4_096);
    if (!decoded.ok || !Array.isArray(decoded.value)) throw new Error("a message is an array");
    return encode([...decoded.value, null, more]);
  };
  const talk = (sent: string, arrived: string): readonly HandshakeStep[] => {
    // Anna's end is written by hand: the program of a later version, with one field more.
    const to = acceptor(ben);
    const hello = helloOf(initiator(anna));
    const reply = onlySent(to.receiveBytes(withMore(hello, arrived), context()));
    const signed = encode(["skein/handshake/1", "initiator", withMore(hello, sent), encodeMessage(reply)]);
    return to.receive({ type: "proof", signature: anna.sign(signed), joinProof: null }, context());
  };
  expect(provedOf(talk("more", "more"))).toBeDefined();
  expect(codeOf(talk("more", "changed on the way"))).toBe("bad-proof");
});

test("a member goes by the name it joined with, whatever it calls itself", () => {
  const [from, to] = [initiator(anna, { name: "ben" }), acceptor(ben)];
  const accepted = to.receive(untilProof(from, to), context());
  expect(provedOf(accepted)).toMatchObject({ peer: { name: "anna" } });
});

test.each([
  ["nothing", new Uint8Array()],
  ["garbage", new Uint8Array(100).fill(0xc1)],
  ["more than a stranger may send", encode([new Uint8Array(5_000)])],
])("%s instead of a message is refused and ends the handshake", (_, bytes) => {
  const to = acceptor(ben);
  expect(codeOf(to.receiveBytes(bytes, context()))).toBe("bad-message");
  expect(codeOf(to.receive(helloOf(initiator(anna)), context()))).toBe("bad-message");
});

test("swapped hellos are refused: nobody proves to the role it plays itself", () => {
  // Two initiators that were connected to each other.
  const [one, two] = [initiator(anna), initiator(ben)];
  const [hello1, hello2] = [helloOf(one), helloOf(two)];
  const proof1 = onlySent(one.receive(hello2, context()));
  const proof2 = onlySent(two.receive(hello1, context()));
  expect(codeOf(two.receive(proof1, context()))).toBe("bad-proof");
  expect(codeOf(one.receive(proof2, context()))).toBe("bad-proof");
});

test("what is signed is the speaker's role and both hellos byte by byte", () => {
  const answered = (speaker: string): readonly HandshakeStep[] => {
    const [from, to] = [initiator(anna), acceptor(ben)];
    const hello = helloOf(from);
    const reply = onlySent(to.receive(hello, context()));
    from.receive(reply, context());
    const signed = encode(["skein/handshake/1", speaker, encodeMessage(hello), encodeMessage(reply)]);
    return from.receive({ type: "proof", signature: ben.sign(signed), joinProof: null }, context());
  };
  expect(provedOf(answered("acceptor"))).toBeDefined();
  expect(codeOf(answered("initiator"))).toBe("bad-proof");
});

test("a ticket that did not sign for this key and name lets nobody in", () => {
  const [from, to] = [initiator(newcomer, { ticket }), acceptor(ben)];
  const proof = untilProof(from, to, context(noMembership));
  if (proof.type !== "proof") throw new Error("the second message is a proof");
  const wrong = ticket.sign(joinProofBytes({ mesh: MESH, key: eve.publicKey, name: "eve" }));
  for (const joinProof of [null, wrong, new Uint8Array(64)]) {
    const other = acceptor(ben);
    const again = initiator(newcomer, { ticket });
    const fresh = untilProof(again, other, context(noMembership));
    if (fresh.type !== "proof") throw new Error("the second message is a proof");
    expect(codeOf(other.receive({ ...fresh, joinProof }, context()))).toBe("bad-proof");
  }
});

test("who was removed, or whose ticket was spent, between hello and proof is refused", () => {
  const [from, to] = [initiator(anna), acceptor(ben)];
  const removed = membershipOf([memberOf(ben, "ben"), memberOf(anna, "anna", new Map())]);
  expect(codeOf(to.receive(untilProof(from, to), context(removed)))).toBe("removed");
  const [joiner, host] = [initiator(newcomer, { ticket }), acceptor(ben)];
  const spent = membershipOf([...US.members], [inviteOf({ usedBy: toHex(eve.publicKey) })]);
  expect(codeOf(host.receive(untilProof(joiner, host, context(noMembership)), context(spent)))).toBe("spent-ticket");
});

// ── order ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/** One message of every type but `refuse`, which is always in place. */
const samples = (): { readonly [T in Exclude<MessageType, "refuse">]: Message } => ({
  hello: helloOf(initiator(anna)),
  proof: { type: "proof", signature: new Uint8Array(64), joinProof: null },
  heads: { type: "heads", heads: new Map() },
  "heads-page": { type: "heads-page", heads: new Map() },
  want: { type: "want", heads: new Map(), locators: [] },
  frames: { type: "frames", frames: [], more: false },
  beat: { type: "beat", bytes: new Uint8Array(), signature: new Uint8Array(64) },
  "log-read": { type: "log-read", id: 1, item: "x", epoch: 1, offset: 0 },
  "log-data": { type: "log-data", id: 1, epoch: 1, bytes: new Uint8Array(), end: 0, ended: true },
});

interface Situation {
  readonly handshake: End;
  readonly expects: MessageType | undefined;
}

const situations: Record<string, () => Situation> = {
  "an acceptor at the start": () => ({ handshake: acceptor(ben), expects: "hello" }),
  "an initiator at the start": () => {
    const handshake = initiator(ben);
    handshake.start();
    return { handshake, expects: "hello" };
  },
  "an acceptor that waits for the proof": () => {
    const handshake = acceptor(ben);
    handshake.receive(helloOf(initiator(anna)), context());
    return { handshake, expects: "proof" };
  },
  "an initiator that waits for the proof": () => {
    const handshake = initiator(ben);
    handshake.start();
    handshake.receive(helloOf(initiator(anna)), context());
    return { handshake, expects: "proof" };
  },
  "an acceptor that waits for the admission": () => {
    const handshake = acceptor(ben);
    handshake.receive(untilProof(initiator(newcomer, { ticket }), handshake, context(noMembership)), context());
    return { handshake, expects: undefined };
  },
  "an acceptor that has finished": () => {
    const handshake = acceptor(ben);
    handshake.receive(untilProof(initiator(anna), handshake), context());
    return { handshake, expects: undefined };
  },
};

test.each(Object.entries(situations))(
  "%s refuses every message out of order and then says no more",
  (_name, situation) => {
    for (const [type, message] of Object.entries(samples())) {
      const { handshake, expects } = situation();
      if (type === expects) continue;
      expect([type, codeOf(handshake.receive(message, context()))]).toEqual([type, "bad-message"]);
      expect(codeOf(handshake.receive(helloOf(initiator(anna)), context()))).toBe("bad-message");
      expect(handshake.admitted()).toEqual([]);
    }
  },
);

test("after a refusal the right message comes too late", () => {
  const to = acceptor(ben);
  const from = initiator(anna);
  const proof = untilProof(from, to);
  to.receive({ type: "proof", signature: new Uint8Array(64), joinProof: null }, context());
  expect(provedOf(to.receive(proof, context()))).toBeUndefined();
});
