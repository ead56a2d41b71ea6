/**
 * Makes test/vectors/ed25519.json: keys and signatures that Ed25519 implementations are known to judge differently, with
 * what the rule in op/crypto.ts says of each.
 *
 * What is said is known from how a vector was made (with a secret scalar, and a torsion point of known order added), or
 * printed at its source; no verifier of this repository was asked. Published ones are from RFC 8032 section 7.1 and from
 * ed25519-speccheck (Chalkias, Garillot, Nikolaenko: Taming the many EdDSAs, 2020); the cross of all spellings of
 * small-order points is that of ZIP-215, the kinds of malleability those of Wycheproof.
 */
import { createHash } from "node:crypto";

import { Point } from "@noble/ed25519";

import { concatBytes, fromHex, toHex } from "../kernel/bytes.ts";

export interface Vector {
  readonly about: string;
  readonly publicKey: string;
  readonly message: string;
  readonly signature: string;
  /** Is the signature good? */
  readonly verifies: boolean;
}

export interface Vectors {
  readonly about: string;
  /** Every spelling of every small-order point. With any key and any R of these, any S, any message: no signature. */
  readonly smallOrder: readonly string[];
  /** Keys by whether they may enter the mesh. */
  readonly keys: readonly { readonly about: string; readonly publicKey: string; readonly acceptable: boolean }[];
  readonly signatures: readonly Vector[];
}

const L = Point.CURVE().n;
const P = Point.CURVE().p;
const TORSION = Point.fromHex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a");

const bytes = (hex: string): Uint8Array => fromHex(hex) ?? new Uint8Array();
const sha512 = (...parts: readonly Uint8Array[]): Uint8Array =>
  new Uint8Array(
    createHash("sha512")
      .update(concatBytes(...parts))
      .digest(),
  );
const number = (le: Uint8Array): bigint => BigInt(`0x${toHex(le.toReversed())}`);
const little = (value: bigint): Uint8Array => bytes(value.toString(16).padStart(64, "0")).toReversed();
const scalar = (name: string): bigint => number(sha512(new TextEncoder().encode(name))) % L;
const messageOf = (name: string): Uint8Array => new TextEncoder().encode(name);

// ── points ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Eight canonical encodings, and six that are not. */
function smallOrderSpellings(): readonly string[] {
  const canonical = Array.from({ length: 8 }, (_, times) => TORSION.multiplyUnsafe(BigInt(times)).toHex());
  const spelled = (y: bigint, sign: number): string => {
    const encoded = little(y);
    encoded[31] = (encoded[31] ?? 0) | sign;
    return toHex(encoded);
  };
  const other = [
    spelled(1n, 0x80),
    spelled(P - 1n, 0x80),
    spelled(P, 0),
    spelled(P, 0x80),
    spelled(P + 1n, 0),
    spelled(P + 1n, 0x80),
  ];
  return [...canonical, ...other];
}

function keyVectors(): Vectors["keys"] {
  const keys: { about: string; publicKey: string; acceptable: boolean }[] = [];
  const add = (about: string, publicKey: string, acceptable: boolean): number =>
    keys.push({ about, publicKey, acceptable });
  for (let at = 0; at < 4; at++) add("an honest key", Point.BASE.multiply(scalar(`key ${at}`)).toHex(), true);
  for (const spelling of smallOrderSpellings()) add("a small-order point", spelling, false);
  for (let times = 1n; times < 8n; times++) {
    const mixed = Point.BASE.multiply(scalar("mixed key")).add(TORSION.multiplyUnsafe(times));
    add(`an honest key plus ${times} times the point of order 8`, mixed.toHex(), false);
  }
  for (let above = 2n; above < 19n; above++) {
    add(`y = p + ${above}, a spelling of y = ${above}`, toHex(little(P + above)), false);
  }
  const honest = Point.BASE.multiply(scalar("key 0")).toHex();
  add("a byte too short", honest.slice(2), false);
  add("a byte too long", `${honest}00`, false);
  return keys;
}

// ── signatures ──────────────────────────────────────────────────────────────────────────────────────────────────────

interface Making {
  /** Secret scalar of the key, and of R. */
  readonly a: bigint;
  readonly r: bigint;
  /** How often the point of order 8 is added to the key, and to R. */
  readonly keyTorsion?: bigint;
  readonly rTorsion?: bigint;
  /** Another spelling of R than the canonical one. */
  readonly spelledR?: Uint8Array;
  readonly message: Uint8Array;
}

interface Made {
  readonly key: Uint8Array;
  readonly message: Uint8Array;
  readonly r: Uint8Array;
  readonly s: bigint;
  /** The factor of the key in the equation. */
  readonly k: bigint;
}

/** S = r + k·a: S·B = R + k·A holds up to torsion points, as R and A may have some in them. */
function make({ a, r, keyTorsion = 0n, rTorsion = 0n, spelledR, message }: Making): Made {
  const key = Point.BASE.multiplyUnsafe(a).add(TORSION.multiplyUnsafe(keyTorsion)).toBytes();
  const encodedR = spelledR ?? Point.BASE.multiplyUnsafe(r).add(TORSION.multiplyUnsafe(rTorsion)).toBytes();
  const k = number(sha512(encodedR, key, message)) % L;
  return { key, message, r: encodedR, s: (r + k * a) % L, k };
}

const vector = (about: string, { key, message, r, s }: Made, verifies: boolean): Vector => ({
  about,
  publicKey: toHex(key),
  message: toHex(message),
  signature: toHex(concatBytes(r, little(s))),
  verifies,
});

const honest = (at: number): Made =>
  make({ a: scalar(`key ${at}`), r: scalar(`nonce ${at}`), message: messageOf("x".repeat(at * 37)) });

function torsionVectors(): readonly Vector[] {
  const vectors: Vector[] = [];
  for (let t = 1n; t < 8n; t++) {
    // R and S are honest for the key without its torsion part; what is left over is k·t times the point of order 8.
    const tries = Array.from({ length: 64 }, (_, at) =>
      make({ a: scalar("mixed key"), r: scalar(`mixed nonce ${at}`), keyTorsion: t, message: messageOf(`mixed ${t}`) }),
    );
    const holds = tries.find(({ k }) => (k * t) % 8n === 0n);
    const cofactoredOnly = tries.find(({ k }) => (k * t) % 8n !== 0n);
    if (holds === undefined || cofactoredOnly === undefined) throw new Error("64 draws were not enough");
    vectors.push(vector(`key with torsion ${t}, the equation holds`, holds, true));
    vectors.push(vector(`key with torsion ${t}, the equation holds only with the cofactor`, cofactoredOnly, false));
    const mixedR = make({ a: scalar("key 1"), r: scalar("nonce 1"), rTorsion: t, message: messageOf("mixed R") });
    vectors.push(vector(`R with torsion ${t}, the equation holds only with the cofactor`, mixedR, false));
  }
  return vectors;
}

function malleableVectors(): readonly Vector[] {
  const made = honest(2);
  const good = vector("", made, true);
  const changed = (hex: string, at: number): string => {
    const flipped = bytes(hex);
    flipped[at] = (flipped[at] ?? 0) ^ 1;
    return toHex(flipped);
  };
  return [
    ...[1n, 2n, 7n].map((times) => vector(`S + ${times} L`, { ...made, s: made.s + times * L }, false)),
    vector("S = L", { ...made, s: L }, false),
    vector("S = 0", { ...made, s: 0n }, false),
    vector("S = 2^256 - 1", { ...made, s: 2n ** 256n - 1n }, false),
    vector("S negated", { ...made, s: L - made.s }, false),
    { ...good, about: "a bit of the message changed", message: changed(good.message, 3), verifies: false },
    { ...good, about: "a bit of the key changed", publicKey: changed(good.publicKey, 5), verifies: false },
    { ...good, about: "a bit of R changed", signature: changed(good.signature, 7), verifies: false },
    { ...good, about: "a bit of S changed", signature: changed(good.signature, 40), verifies: false },
    { ...good, about: "a byte too short", signature: good.signature.slice(0, -2), verifies: false },
    { ...good, about: "a byte too long", signature: `${good.signature}00`, verifies: false },
    { ...good, about: "no signature", signature: "", verifies: false },
    { ...good, about: "no key", publicKey: "", verifies: false },
  ];
}

function identityVectors(): readonly Vector[] {
  const message = messageOf("identity");
  const a = scalar("key 3");
  return [
    vector("R is the identity, the equation holds", make({ a, r: 0n, message }), false),
    vector("R is the identity, spelled with y = p + 1", make({ a, r: 0n, spelledR: little(P + 1n), message }), false),
    vector(
      "R is the identity, spelled with a sign",
      make({ a, r: 0n, spelledR: bytes(`01${"00".repeat(30)}80`), message }),
      false,
    ),
  ];
}

// ── published ones ──────────────────────────────────────────────────────────────────────────────────────────────────

type Published = readonly [about: string, publicKey: string, message: string, signature: string, verifies: boolean];

const RFC_8032: readonly Published[] = [
  [
    "RFC 8032, test 1",
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    "",
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    true,
  ],
  [
    "RFC 8032, test 2",
    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
    "72",
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    true,
  ],
  [
    "RFC 8032, test 3",
    "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
    "af82",
    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    true,
  ],
];

/** The source says which equation holds; the rule here refuses weak keys (0, 1, 10, 11) and wants the one without cofactor. */
const SPECCHECK: readonly Published[] = [
  [
    "speccheck 0: small-order key and R",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "8c93255d71dcab10e8f379c26200f3c7bd5f09d9bc3068d3ef4edeb4853022b6",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a0000000000000000000000000000000000000000000000000000000000000000",
    false,
  ],
  [
    "speccheck 1: small-order key, mixed R",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "9bd9f44f4dcc75bd531b56b2cd280b0bb38fc1cd6d1230e14861d861de092e79",
    "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43a5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04",
    false,
  ],
  [
    "speccheck 2: mixed key, small-order R",
    "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43",
    "aebf3f2601a0c8c5d39cc7d8911642f740b78168218da8471772b35f9d35b9ab",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa8c4bd45aecaca5b24fb97bc10ac27ac8751a7dfe1baff8b953ec9f5833ca260e",
    true,
  ],
  [
    "speccheck 3: mixed key and R, both equations hold",
    "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d",
    "9bd9f44f4dcc75bd531b56b2cd280b0bb38fc1cd6d1230e14861d861de092e79",
    "9046a64750444938de19f227bb80485e92b83fdb4b6506c160484c016cc1852f87909e14428a7a1d62e9f22f3d3ad7802db02eb2e688b6c52fcd6648a98bd009",
    true,
  ],
  [
    "speccheck 4: mixed key and R, only the cofactored equation holds",
    "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d",
    "e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec4011eaccd55b53f56c",
    "160a1cb0dc9c0258cd0a7d23e94d8fa878bcb1925f2c64246b2dee1796bed5125ec6bc982a269b723e0668e540911a9a6a58921d6925e434ab10aa7940551a09",
    false,
  ],
  [
    "speccheck 5: only with 8 times the hash reduced after the product",
    "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d",
    "e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec4011eaccd55b53f56c",
    "21122a84e0b5fca4052f5b1235c80a537878b38f3142356b2c2384ebad4668b7e40bc836dac0f71076f9abe3a53f9c03c1ceeeddb658d0030494ace586687405",
    false,
  ],
  [
    "speccheck 6: S above L",
    "442aad9f089ad9e14647b1ef9099a1ff4798d78589e66f28eca69c11f582a623",
    "85e241a07d148b41e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec40",
    "e96f66be976d82e60150baecff9906684aebb1ef181f67a7189ac78ea23b6c0e547f7690a0e2ddcd04d87dbc3490dc19b3b3052f7ff0538cb68afb369ba3a514",
    false,
  ],
  [
    "speccheck 7: S far above L",
    "442aad9f089ad9e14647b1ef9099a1ff4798d78589e66f28eca69c11f582a623",
    "85e241a07d148b41e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec40",
    "8ce5b96c8f26d0ab6c47958c9e68b937104cd36e13c33566acd2fe8d38aa19427e71f98a473474f2f13f06f97c20d58cc3f54b8bd0d272f42b695dd7e89a8c22",
    false,
  ],
  [
    "speccheck 8: non-canonical R, reduced for the hash",
    "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43",
    "9bedc267423725d473888631ebf45988bad3db83851ee85c85e241a07d148b41",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff03be9678ac102edcd92b0210bb34d7428d12ffc5df5f37e359941266a4e35f0f",
    false,
  ],
  [
    "speccheck 9: non-canonical R",
    "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43",
    "9bedc267423725d473888631ebf45988bad3db83851ee85c85e241a07d148b41",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffca8c5b64cd208982aa38d4936621a4775aa233aa0505711d8fdcfdaa943d4908",
    false,
  ],
  [
    "speccheck 10: non-canonical small-order key, reduced for the hash",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "e96b7021eb39c1a163b6da4e3093dcd3f21387da4cc4572be588fafae23c155b",
    "a9d55260f765261eb9b84e106f665e00b867287a761990d7135963ee0a7d59dca5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04",
    false,
  ],
  [
    "speccheck 11: non-canonical small-order key",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "39a591f5321bbe07fd5a23dc2f39d025d74526615746727ceefd6e82ae65c06f",
    "a9d55260f765261eb9b84e106f665e00b867287a761990d7135963ee0a7d59dca5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04",
    false,
  ],
];

const published = (vectors: readonly Published[]): readonly Vector[] =>
  vectors.map(([about, publicKey, message, signature, verifies]) => ({
    about,
    publicKey,
    message,
    signature,
    verifies,
  }));

export const makeVectors = (): Vectors => ({
  about:
    "Ed25519 keys and signatures with what Skein's rule says of each. Sources and making: packages/core/src/testing/ed25519-vectors.ts.",
  smallOrder: smallOrderSpellings(),
  keys: keyVectors(),
  signatures: [
    ...published(RFC_8032),
    ...published(SPECCHECK),
    ...Array.from({ length: 6 }, (_, at) => vector("an honest signature", honest(at), true)),
    ...malleableVectors(),
    ...identityVectors(),
    ...torsionVectors(),
  ],
});
