/**
 * The account's own cross-signing identity, under which the devices of all nodes stand, so that people's clients trust every one
 * of them. Its private keys are derived from the account's secret: each node comes to the same identity by itself, nothing
 * has to be handed over, and nodes that start at once cannot make two. A homeserver would take both.
 */
import { createPrivateKey, createPublicKey, sign, type KeyObject } from "node:crypto";

import {
  UserId,
  type OlmMachine,
  type OwnUserIdentity,
  type OtherUserIdentity,
} from "@matrix-org/matrix-sdk-crypto-wasm";
import type { Answer, CryptographyRequest, Failure } from "@skein/chat-matrix";

import type { IdentitySeeds } from "./key-file.ts";
import type { Outgoing } from "./requests.ts";

export interface SigningDeps {
  readonly machine: OlmMachine;
  readonly outgoing: Outgoing;
  readonly request: CryptographyRequest;
  readonly seeds: IdentitySeeds;
}

export type Signing =
  | { readonly type: "signed" }
  /** The account has another identity: of another secret, or made in a client. */
  | { readonly type: "foreign" }
  | Failure;

const TIMEOUT_MS = 20_000;

export async function signDevice(deps: SigningDeps): Promise<Signing> {
  const { machine, seeds } = deps;
  const asked = await askOwn(deps);
  if (asked.type !== "ok") return asked;
  const body = uploadBody(deps.request.userId, seeds);
  const before = await machine.getIdentity(machine.userId);
  if (before === undefined) {
    const made = await makeIdentity(deps, body);
    if (made.type !== "ok") return made;
  }
  const identity = before ?? (await machine.getIdentity(machine.userId));
  if (identity === undefined)
    return { type: "unclear", reason: "the homeserver does not give the identity it was given" };
  if (publicKeyOf(identity) !== body.publicKey) return { type: "foreign" };
  await machine.importCrossSigningKeys(base64(seeds.master), base64(seeds.selfSigning), base64(seeds.userSigning));
  return signedDevice(deps);
}

/** The first identity of an account is taken without a password. */
async function makeIdentity(deps: SigningDeps, { json }: UploadBody): Promise<Answer<void>> {
  const path = "/v3/keys/device_signing/upload";
  const uploaded = await deps.request.http({ method: "POST", path, body: json, timeoutMs: TIMEOUT_MS });
  return uploaded.type === "ok" ? askOwn(deps) : uploaded;
}

const askOwn = ({ machine, outgoing, request }: SigningDeps): Promise<Answer<void>> =>
  outgoing.send(machine, machine.queryKeysForUsers([new UserId(request.userId)]));

async function signedDevice(deps: SigningDeps): Promise<Signing> {
  const { machine, outgoing } = deps;
  if (await isSigned(machine)) return { type: "signed" };
  const device = await machine.getDevice(machine.userId, machine.deviceId);
  if (device === undefined) return { type: "unclear", reason: "the homeserver does not know the keys of this device" };
  const sent = await outgoing.send(machine, await device.verify());
  if (sent.type !== "ok") return sent;
  // The signature counts once it came back.
  const asked = await askOwn(deps);
  if (asked.type !== "ok") return asked;
  if (await isSigned(machine)) return { type: "signed" };
  return { type: "unclear", reason: "the homeserver does not give the signature it was given" };
}

const isSigned = async (machine: OlmMachine): Promise<boolean> =>
  (await machine.getDevice(machine.userId, machine.deviceId))?.isCrossSignedByOwner() === true;

// ── the public part ─────────────────────────────────────────────────────────────────────────────────────────────────

interface UploadBody {
  readonly json: unknown;
  /** Of the master key. */
  readonly publicKey: string;
}

/** The three public keys as the homeserver takes them, the second and third signed with the first. */
function uploadBody(userId: string, seeds: IdentitySeeds): UploadBody {
  const master = privateKey(seeds.master);
  const publicKey = publicOf(master);
  const keyOf = (usage: string, key: KeyObject): object => {
    const text = publicOf(key);
    // In the order of its names and without spaces, which is the form that is signed.
    const unsigned = { keys: { [`ed25519:${text}`]: text }, usage: [usage], user_id: userId };
    if (key === master) return unsigned;
    const signature = sign(null, Buffer.from(JSON.stringify(unsigned)), master);
    return { ...unsigned, signatures: { [userId]: { [`ed25519:${publicKey}`]: base64(signature) } } };
  };
  return {
    json: {
      master_key: keyOf("master", master),
      self_signing_key: keyOf("self_signing", privateKey(seeds.selfSigning)),
      user_signing_key: keyOf("user_signing", privateKey(seeds.userSigning)),
    },
    publicKey,
  };
}

/** What stands before the 32 bytes of an Ed25519 key in PKCS #8. */
const PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");

const privateKey = (seed: Uint8Array): KeyObject =>
  createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: "der", type: "pkcs8" });

const publicOf = (key: KeyObject): string =>
  base64(Buffer.from(createPublicKey(key).export({ format: "jwk" }).x ?? "", "base64url"));

/** Matrix leaves out the padding. */
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64").replace(/=+$/, "");

/** As clients show it and as it stands in the settings; undefined when it is not of that form. */
export function publicKeyOf(identity: OwnUserIdentity | OtherUserIdentity): string | undefined {
  const key: unknown = JSON.parse(identity.masterKey);
  if (typeof key !== "object" || key === null || !("keys" in key)) return undefined;
  if (typeof key.keys !== "object" || key.keys === null) return undefined;
  const [first] = Object.values(key.keys) as readonly unknown[];
  return typeof first === "string" ? first : undefined;
}
