/**
 * Who may come in at this node's page: members by their keys, and by other members' word. Judged against the membership of
 * this moment; wall clocks only bound how long a pass is good for.
 */
import {
  type Crypto,
  err,
  fromHex,
  keyStatus,
  leastRole,
  memberOf,
  type Membership,
  ok,
  openPass,
  type Result,
  type Role,
  roleAtLeast,
  sealPass,
  type Signer,
  signInBytes,
  toHex,
} from "@skein/core";

import type { Admission, OpenedPass, SignInProof, Standing } from "./api.ts";
import type { Clock, Random } from "./ports.ts";
import type { PageBook } from "./page-book.ts";

export interface AdmissionDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly crypto: Crypto;
  readonly mesh: Uint8Array;
  readonly name: string;
  readonly signer: () => Signer;
  /** This node's member id. */
  readonly self: () => string;
  readonly role: () => Role | undefined;
  readonly membership: () => Membership;
  readonly pageOf: PageBook;
}

/** A page that is open asks for a new pass long before. */
const PASS_MS = 10 * 60_000;
/** Clocks of two machines differ by less, or people see worse than a pass that does not count. */
const SKEW_MS = 2 * 60_000;
const NONCE_BYTES = 16;

const NONE = new Uint8Array();
const bytesOf = (hex: string): Uint8Array => fromHex(hex) ?? NONE;

export function createAdmission(deps: AdmissionDeps): Admission {
  return {
    standing: (member) => standing(deps, member),
    prove: (proof) => prove(deps, proof),
    issuePass: ({ to, actor, origin }) => {
      const { membership, self, clock } = deps;
      const member = membership().members.get(to);
      const from = standing(deps, actor.member);
      if (member === undefined || member.cut !== null || to === self()) {
        return err("There is no other member with that id to go on with.");
      }
      if (from === undefined) return err("You are no member any more, so no node takes you in.");
      const role = leastRole(from.role, actor.role);
      // Whoever runs a page sees and says what is done there: nobody is sent to a node that may do less than they.
      if (!roleAtLeast(member.role, role))
        return err(`${member.name} may do less than you, so its page is none for you.`);
      const expires = clock.wallMs() + PASS_MS;
      const nonce = toHex(deps.random.bytes(NONCE_BYTES));
      return ok(toHex(sealPass(deps.mesh, { to, member: actor.member, role, origin, expires, nonce }, deps.signer())));
    },
    readPass: (text) => readPass(deps, text),
    pages: () => pages(deps),
  };
}

function standing({ membership, self, role, name }: AdmissionDeps, id: string): Standing | undefined {
  const member = memberOf(membership(), id);
  // Before it has joined, and after it was removed, whoever has this machine still reads what is on it.
  if (id === self()) return { id, name: member?.name ?? name, role: role() ?? "observer" };
  if (member === undefined || member.cut !== null) return undefined;
  return { id: member.id, name: member.name, role: leastRole(member.role, role() ?? "observer") };
}

function prove(deps: AdmissionDeps, { origin, challenge, key, signature }: SignInProof): Result<Standing, string> {
  const { mesh, crypto, membership, self } = deps;
  const status = keyStatus(membership(), key);
  const member = memberOf(membership(), key);
  if (status === "removed") return err("That key's member was removed from the mesh, so it opens nothing.");
  if (status === "rotated") return err("That key was replaced by another one. Sign in with the one the node has now.");
  if (member === undefined) return err("That key is no member's of this mesh, as far as this node has heard.");
  const signed = signInBytes({
    mesh,
    node: bytesOf(self()),
    origin,
    challenge: bytesOf(challenge),
    key: bytesOf(key),
  });
  if (!crypto.verify(bytesOf(key), signed, bytesOf(signature))) {
    return err("The signature does not fit this challenge, this node and this address. Ask for a new one.");
  }
  const found = standing(deps, member.id);
  return found === undefined ? err("That key is no member's of this mesh.") : ok(found);
}

function readPass(deps: AdmissionDeps, text: string): Result<OpenedPass, string> {
  const { mesh, crypto, membership, self, clock } = deps;
  const pass = openPass(bytesOf(text), mesh, crypto);
  if (pass === undefined) return err("This is no pass of a node of this mesh.");
  const { to, issuer, member, origin, nonce, expires } = pass;
  if (to !== self()) return err("The pass is for another node.");
  const left = expires - clock.wallMs();
  if (left < -SKEW_MS || left > PASS_MS + SKEW_MS) return err("The pass has expired, or clocks differ too much.");
  const vouching = memberOf(membership(), issuer);
  if (vouching === undefined || keyStatus(membership(), issuer) !== "current") {
    return err("Whoever signed the pass is no member of this mesh any more.");
  }
  // Nobody vouches for more than they have themselves. It is taken for as long as clocks may differ after it has expired.
  const role = leastRole(pass.role, vouching.role);
  return ok({ member, role, origin, nonce, expires: expires + SKEW_MS, issuer: vouching.id });
}

function pages({ membership, pageOf, self }: AdmissionDeps): ReturnType<Admission["pages"]> {
  const found = new Map<string, { readonly origin: string; readonly role: Role }>();
  for (const { id, role, cut } of membership().members.values()) {
    const origin = id === self() || cut !== null ? "" : pageOf(id);
    if (origin !== "") found.set(id, { origin, role });
  }
  return found;
}
