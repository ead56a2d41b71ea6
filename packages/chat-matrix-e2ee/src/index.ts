/** End-to-end encryption for accounts on Matrix. */
import { initAsync } from "@matrix-org/matrix-sdk-crypto-wasm";
import type { CryptographyRequest, OpenCryptography, OpenedCryptography } from "@skein/chat-matrix";

import { createCryptography } from "./cryptography.ts";
import { signDevice, type Signing } from "./identity.ts";
import { createKeyFile, deriveKeys, type IdentitySeeds } from "./key-file.ts";
import { openMachine, type KeptMachine } from "./machine.ts";
import { createOutgoing, type Outgoing } from "./requests.ts";

const TIMEOUT_MS = 20_000;
/** Everybody sees a public key that is made from it, and may try secrets until one fits. */
const SECRET_MIN = 32;

/** `directory`: where the keys are kept. */
export function createCryptographyOpener(directory: string): OpenCryptography {
  return async (request) => {
    const { account, userId, deviceId } = request;
    if (request.secret.length < SECRET_MIN) return { type: "unusable", reason: shortSecret(account) };
    await initAsync();
    const { file: key, seeds } = await deriveKeys(request.secret, userId);
    const file = createKeyFile(directory, `${userId} ${deviceId}`, key);
    const state = await file.read();
    if (state === "sealed") return { type: "unusable", reason: wrongSecret(account, file.path) };
    if (state === undefined) {
      const known = await isKnownDevice(request);
      if (known.type !== "ok") return known;
      if (known.value) return { type: "unusable", reason: lostKeys(account, deviceId, file.path) };
    }
    const kept = await openMachine(request, file, state);
    const outgoing = createOutgoing(request.http);
    const signing = await signed(kept, outgoing, request, seeds);
    if (signing.type === "signed") return { type: "ok", value: createCryptography(kept, outgoing, request) };
    kept.close();
    return signing.type === "foreign" ? { type: "unusable", reason: foreignIdentity(account) } : signing;
  };
}

async function signed(
  kept: KeptMachine,
  outgoing: Outgoing,
  request: CryptographyRequest,
  seeds: IdentitySeeds,
): Promise<Signing> {
  const { machine, save } = kept;
  try {
    const flushed = await outgoing.flush(machine, save);
    const signing = flushed.type === "ok" ? await signDevice({ machine, outgoing, request, seeds }) : flushed;
    await save();
    return signing;
  } catch (cause) {
    kept.close();
    throw cause;
  }
}

/** Keys that the homeserver has of this device when there are none here are keys that were lost, or are another node's. */
async function isKnownDevice({ http, userId, deviceId }: CryptographyRequest): Promise<Known> {
  const answer = await http({
    method: "POST",
    path: "/v3/keys/query",
    body: { device_keys: { [userId]: [deviceId] } },
    timeoutMs: TIMEOUT_MS,
  });
  if (answer.type !== "ok") return answer;
  const all = record(record(answer.value)["device_keys"]);
  return { type: "ok", value: record(all[userId])[deviceId] !== undefined };
}

type Known = Exclude<OpenedCryptography, { readonly type: "ok" }> | { readonly type: "ok"; readonly value: boolean };

const record = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};

const wrongSecret = (account: string, path: string): string =>
  `The Matrix account ${account} cannot open its keys in ${path}: the secret encryptionKey is another one than before, or the file is damaged. Put the secret right; if the file is lost, remove it and log in anew.`;

const shortSecret = (account: string): string =>
  `The secret encryptionKey of the Matrix account ${account} is shorter than ${SECRET_MIN} characters. Make one with \`openssl rand -base64 32\`, and give all nodes the same.`;

const foreignIdentity = (account: string): string =>
  `The Matrix account ${account} has an identity for encryption that was not made with this secret encryptionKey. Give all nodes the same secret; if encryption was set up for the account in a client, use another account.`;

const lostKeys = (account: string, device: string, path: string): string =>
  `The Matrix account ${account} uses the device ${device}, whose keys are not here in ${path}: they were lost, or another node uses the same access token. Log in anew, once for each node, and put the new access token into the secret accessToken.`;
