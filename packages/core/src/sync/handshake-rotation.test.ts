/** The handshake of a node whose key was replaced, with peers that know of it and peers that were away. */
import { expect, test } from "vitest";

import { toHex } from "../kernel/bytes.ts";
import type { KeyRotation, Membership } from "../member/membership.ts";
import { foldMembership } from "../member/membership-fold.ts";
import { proveRotation } from "../member/rotation-proof.ts";
import type { Signer } from "../op/crypto.ts";
import { testCrypto, testSigner } from "../testing/index.ts";
import { founder as anna, MESH, meshOf, remove, rotate } from "../testing/mesh-ops.ts";
import { createHandshake, type Handshake, type HandshakeStep } from "./handshake.ts";
import { decodeMessage, encodeMessage, type Hello } from "./message.ts";

const { ops, members } = meshOf("operator", "operator");
const [ben = anna, carol = anna] = members;
const anew = testSigner("anna's next key");
const ANEW = proveRotation(MESH, anna, anew);
const BENS = testSigner("ben's next key");

const fold = (more: Parameters<typeof foldMembership>[0]): Membership =>
  foldMembership([...ops, ...more], MESH, testCrypto);
/** Before anybody heard of it, and after. */
const AWAY = fold([]);
const KNOWN = fold([rotate(anna, 20, anew)]);

let nonces = 0;
function start(role: "initiator" | "acceptor", signer: Signer, rotations?: readonly KeyRotation[]): Handshake {
  const self = { mesh: MESH, signer, name: "somebody", nonce: new Uint8Array(32).fill(++nonces), ticket: null };
  return createHandshake(role, rotations === undefined ? self : { ...self, rotations }, testCrypto);
}

const context = (membership: Membership) => ({ membership, wallMs: 1 });

/** The one message of these steps, as it goes over the socket. */
function sent(steps: readonly HandshakeStep[]): Uint8Array {
  const [step] = steps;
  if (step?.type !== "send") throw new Error(`nothing was sent: ${JSON.stringify(steps)}`);
  return encodeMessage(step.message);
}

function helloOf(from: Handshake): Hello {
  const hello = decodeMessage(sent(from.start()), 4_096);
  if (!hello.ok || hello.value.type !== "hello") throw new Error("an initiator begins with its hello");
  return hello.value;
}

const helloBytes = (from: Handshake): Uint8Array => encodeMessage(helloOf(from));

/** Plays the whole handshake; what each side thinks of the other. */
function meet(
  [from, fromKnows]: readonly [Handshake, Membership],
  [to, toKnows]: readonly [Handshake, Membership],
): readonly unknown[] {
  const reply = sent(to.receive(helloBytes(from), context(toKnows)));
  const accepted = to.receive(sent(from.receive(reply, context(fromKnows))), context(toKnows));
  const done = from.receive(sent(accepted), context(fromKnows));
  return [done, accepted].map((steps) => {
    const proved = steps.find((step) => step.type === "proved");
    return proved?.peer;
  });
}

const codeOf = (steps: readonly HandshakeStep[]): string | undefined =>
  steps.flatMap((step) => (step.type === "refuse" ? [step.code] : []))[0];

test("the new key is let in where the rotation is known, and the old one is not", () => {
  const met = meet([start("initiator", anew), KNOWN], [start("acceptor", ben), KNOWN]);
  expect(met).toMatchObject([{ provisional: false }, { key: toHex(anew.publicKey), provisional: false }]);
  const refused = start("acceptor", ben).receive(helloBytes(start("initiator", anna)), context(KNOWN));
  expect(refused).toMatchObject([{ code: "rotated", message: "the key of first was replaced by another one" }]);
});

test("where the rotation is not known yet, a key that proves whom it follows is let in and may have the log", () => {
  const follows = { key: toHex(anew.publicKey), provisional: true, follows: toHex(anna.publicKey) };
  const dialing = meet([start("initiator", anew, [ANEW]), KNOWN], [start("acceptor", ben), AWAY]);
  expect(dialing).toMatchObject([{ provisional: false }, follows]);
  const dialed = meet([start("initiator", ben), AWAY], [start("acceptor", anew, [ANEW]), KNOWN]);
  expect(dialed).toMatchObject([follows, { provisional: false }]);
});

test("two that both rotated while they were apart know each other by their rotations", () => {
  const ofBen = proveRotation(MESH, ben, BENS);
  const knowsBen = fold([rotate(ben, 20, BENS)]);
  const met = meet([start("initiator", anew, [ANEW]), KNOWN], [start("acceptor", BENS, [ofBen]), knowsBen]);
  expect(met).toMatchObject([
    { provisional: true, follows: toHex(ben.publicKey) },
    { provisional: true, follows: toHex(anna.publicKey) },
  ]);
});

test("a peer that knows a key in the middle of the chain needs no more than what came after it", () => {
  const third = testSigner("anna's third key");
  const chain = [ANEW, proveRotation(MESH, anew, third)];
  const met = meet([start("initiator", third, chain), AWAY], [start("acceptor", ben), KNOWN]);
  expect(met[1]).toMatchObject({ provisional: true, follows: toHex(anna.publicKey) });
});

test("rotations that lead from nobody, from a removed member, or to another key open no door", () => {
  const eve = testSigner("eve");
  const unsigned = { ...ANEW, consent: ANEW.proof };
  const cases: readonly (readonly KeyRotation[])[] = [
    [],
    [proveRotation(MESH, eve, anew)],
    [proveRotation(new Uint8Array(32), anna, anew)],
    [proveRotation(MESH, anna, eve)],
    [unsigned],
    [ANEW, proveRotation(MESH, anna, eve)],
  ];
  for (const rotations of cases) {
    const hello = helloBytes(start("initiator", anew, rotations));
    expect(codeOf(start("acceptor", ben).receive(hello, context(AWAY)))).toBe("not-a-member");
  }
  const removed = fold([remove(anna, 20, carol, 0)]);
  const next = testSigner("carol's next key");
  const hello = helloBytes(start("initiator", next, [proveRotation(MESH, carol, next)]));
  expect(codeOf(start("acceptor", ben).receive(hello, context(AWAY)))).toBeUndefined();
  expect(codeOf(start("acceptor", ben).receive(hello, context(removed)))).toBe("not-a-member");
});

test("a proof does not fit when the rotations of a hello were taken away", () => {
  const [from, to] = [start("initiator", anew, [ANEW]), start("acceptor", ben)];
  const { rotations: _taken, ...bare } = helloOf(from);
  const reply = sent(to.receive(encodeMessage(bare), context(KNOWN)));
  expect(codeOf(to.receive(sent(from.receive(reply, context(KNOWN))), context(KNOWN)))).toBe("bad-proof");
});

test("a hello with more rotations than a hello may tell is no message", () => {
  const signer = testSigner("nobody");
  const many = Array.from({ length: 5 }, () => proveRotation(MESH, signer, signer));
  const { type, ...rest } = helloOf(start("initiator", anew, [ANEW]));
  const decoded = decodeMessage(encodeMessage({ type, ...rest, rotations: many }), 4_096);
  expect(decoded).toEqual({ ok: false, error: "malformed hello" });
});
