/**
 * Comes in at a node of the mesh on another machine with this machine's member key. The key signs the node's challenge
 * together with the mesh, that node and the address as the person wrote it: whoever passes the challenge on from another
 * address gets a signature that opens nothing.
 */
import { existsSync, readFileSync } from "node:fs";

import { fromHex, signInBytes, toHex } from "@skein/core";
import { createSigner } from "@skein/node";

import { Failure } from "./failure.ts";
import { readIdentity } from "./identity-file.ts";
import { keyFile } from "./key-files.ts";
import { parseKey } from "./key-text.ts";
import { askStranger, notANode } from "./strange-answer.ts";

/** The link that signs in at the node at `at`, once and soon. */
export async function memberLink(directory: string, at: string): Promise<string> {
  const origin = originOf(at);
  const { mesh, seed } = identityIn(directory);
  const signer = createSigner(seed);
  const asked = await askStranger(origin, "/api/v1/challenges", {});
  const { challenge, node, mesh: theirs } = asked;
  if (theirs !== toHex(mesh)) throw new Failure(`The node at ${origin} belongs to another mesh than ${directory}.`);
  const [challengeBytes, nodeBytes] = [bytesIn(challenge), bytesIn(node)];
  if (challengeBytes === undefined || nodeBytes === undefined) throw notANode(origin);
  const key = signer.publicKey;
  const statement = { mesh, node: nodeBytes, origin, challenge: challengeBytes, key };
  const signature = toHex(signer.sign(signInBytes(statement)));
  const answer = await askStranger(origin, "/api/v1/challenges/answer", {
    origin,
    challenge,
    key: toHex(key),
    signature,
  });
  const { fragment = "" } = answer;
  if (!/^#\/login\?code=[\w-]{20,100}$/.test(fragment)) throw notANode(origin);
  return `${origin}/${fragment}`;
}

function originOf(at: string): string {
  const url = URL.canParse(at) ? new URL(at) : undefined;
  const isPlain = url !== undefined && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "";
  if (!isPlain)
    throw new Failure(`--at takes a node's address like https://board.example:4711; "${at}" is not one.`, 2);
  return url.origin;
}

function identityIn(directory: string): { readonly mesh: Uint8Array; readonly seed: Uint8Array } {
  const path = keyFile(directory);
  const identity = readIdentity(directory);
  const seed = existsSync(path) ? parseKey(readFileSync(path, "utf8")) : undefined;
  if (identity === undefined || seed === undefined) {
    throw new Failure(
      `${directory} holds no member's key. Join the mesh there first, or name the directory with --data.`,
    );
  }
  return { mesh: identity.mesh, seed };
}

const bytesIn = (hex: string | undefined): Uint8Array | undefined => {
  const bytes = fromHex(hex ?? "");
  return bytes?.length === 32 ? bytes : undefined;
};
