/**
 * The account's own cross-signing identity, under which the devices of all nodes stand, so that people's clients trust every one
 * of them. The first node makes it and leaves its private keys with the homeserver as account data, sealed with a key that the
 * homeserver does not have; the other nodes take them from there.
 */
import {
  UserId,
  type OlmMachine,
  type OwnUserIdentity,
  type OtherUserIdentity,
} from "@matrix-org/matrix-sdk-crypto-wasm";
import type { Answer, CryptographyRequest, Failure } from "@skein/chat-matrix";

import { seal, unseal } from "./key-file.ts";
import type { Outgoing } from "./requests.ts";

export interface SigningDeps {
  readonly machine: OlmMachine;
  readonly outgoing: Outgoing;
  readonly request: CryptographyRequest;
  readonly key: Uint8Array;
  readonly save: () => Promise<void>;
}

export type Signing =
  | { readonly type: "signed" }
  /** The account has an identity, and its private keys are not where a node would have left them. */
  | { readonly type: "foreign" }
  /** The secret is not the one that the other nodes have. */
  | { readonly type: "wrong-secret" }
  | Failure;

interface PrivateKeys {
  readonly master: string;
  readonly selfSigning: string;
  readonly userSigning: string;
}

const ACCOUNT_DATA = "skein.cross_signing";
const TIMEOUT_MS = 20_000;

export async function signDevice(deps: SigningDeps): Promise<Signing> {
  const { machine, outgoing, request, key } = deps;
  const asked = await outgoing.send(machine, machine.queryKeysForUsers([new UserId(request.userId)]));
  if (asked.type !== "ok") return asked;
  const left = await readLeft(deps);
  if (left.type !== "ok") return left;
  const keys = left.value === undefined ? undefined : opened(left.value, key, request.userId);
  if (left.value !== undefined && keys === undefined) return { type: "wrong-secret" };
  if (!(await machine.crossSigningStatus()).hasSelfSigning) {
    if (keys !== undefined) await machine.importCrossSigningKeys(keys.master, keys.selfSigning, keys.userSigning);
    else if ((await machine.getIdentity(new UserId(request.userId))) !== undefined) return { type: "foreign" };
    else {
      const made = await makeIdentity(deps);
      if (made.type !== "ok") return made;
    }
  }
  if (!(await machine.crossSigningStatus()).hasSelfSigning) return { type: "foreign" };
  if (keys === undefined) {
    const kept = await leaveKeys(deps);
    if (kept.type !== "ok") return kept;
  }
  return signedDevice(deps);
}

/** Only the first identity of an account is taken without a password, so of two nodes that try one is refused. */
async function makeIdentity({ machine, outgoing, request, save }: SigningDeps): Promise<Answer<void>> {
  const requests = await machine.bootstrapCrossSigning(true);
  await save();
  const uploaded = await request.http({
    method: "POST",
    path: "/v3/keys/device_signing/upload",
    body: JSON.parse(requests.uploadSigningKeysRequest.body) as unknown,
    timeoutMs: TIMEOUT_MS,
  });
  if (uploaded.type !== "ok") return uploaded;
  return outgoing.send(machine, requests.uploadSignaturesRequest);
}

async function signedDevice({ machine, outgoing, request }: SigningDeps): Promise<Signing> {
  const device = await machine.getDevice(new UserId(request.userId), machine.deviceId);
  if (device === undefined) return { type: "unclear", reason: "the homeserver does not know the keys of this device" };
  if (!device.isCrossSignedByOwner()) {
    const sent = await outgoing.send(machine, await device.verify());
    if (sent.type !== "ok") return sent;
    // The signature counts once it came back.
    const asked = await outgoing.send(machine, machine.queryKeysForUsers([new UserId(request.userId)]));
    if (asked.type !== "ok") return asked;
  }
  return { type: "signed" };
}

// ── private keys, left with the homeserver ──────────────────────────────────────────────────────────────────────────

const pathOf = (userId: string): string => `/v3/user/${encodeURIComponent(userId)}/account_data/${ACCOUNT_DATA}`;

const contextOf = (userId: string): string => `skein cross-signing 1 ${userId}`;

async function readLeft({ request }: SigningDeps): Promise<Answer<string | undefined>> {
  const answer = await request.http({ method: "GET", path: pathOf(request.userId), timeoutMs: TIMEOUT_MS });
  if (answer.type === "refused" && answer.status === 404) return { type: "ok", value: undefined };
  if (answer.type !== "ok") return answer;
  const { value } = answer;
  const sealed = typeof value === "object" && value !== null && "sealed" in value ? value.sealed : undefined;
  return { type: "ok", value: typeof sealed === "string" ? sealed : "" };
}

function opened(sealed: string, key: Uint8Array, userId: string): PrivateKeys | undefined {
  const plain = unseal(key, Buffer.from(sealed, "base64"), contextOf(userId));
  // What opens was written here, so it has the form that is written here.
  return plain === undefined ? undefined : (JSON.parse(plain.toString()) as PrivateKeys);
}

async function leaveKeys({ machine, request, key }: SigningDeps): Promise<Answer<void>> {
  const { masterKey, self_signing_key, userSigningKey } = (await machine.exportCrossSigningKeys()) ?? {};
  if (masterKey === undefined || self_signing_key === undefined || userSigningKey === undefined) {
    return { type: "unclear", reason: "the account's own signing keys are not complete" };
  }
  const keys: PrivateKeys = { master: masterKey, selfSigning: self_signing_key, userSigning: userSigningKey };
  const sealed = seal(key, Buffer.from(JSON.stringify(keys)), contextOf(request.userId)).toString("base64");
  const path = pathOf(request.userId);
  const answer = await request.http({ method: "PUT", path, body: { sealed }, timeoutMs: TIMEOUT_MS });
  return answer.type === "ok" ? { type: "ok", value: undefined } : answer;
}

// ── public keys of people ───────────────────────────────────────────────────────────────────────────────────────────

/** As clients show it and as it stands in the settings; undefined when it is not of that form. */
export function publicKeyOf(identity: OwnUserIdentity | OtherUserIdentity): string | undefined {
  const key: unknown = JSON.parse(identity.masterKey);
  if (typeof key !== "object" || key === null || !("keys" in key)) return undefined;
  if (typeof key.keys !== "object" || key.keys === null) return undefined;
  const [first] = Object.values(key.keys) as readonly unknown[];
  return typeof first === "string" ? first : undefined;
}
