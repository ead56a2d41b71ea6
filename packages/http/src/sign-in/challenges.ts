/**
 * What a member's key signs to come in. A challenge carries when it expires and a seal of this process: nothing is kept
 * until a good answer comes, so that whoever asks for a million of them takes none from anybody.
 *
 *     6 bytes  Unix ms at which it expires
 *    10 bytes  random
 *    16 bytes  the first of HMAC-SHA-256 over both, under a key that was drawn when this process began
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

import { isGood } from "./once.ts";

export interface Challenges {
  /** 32 bytes in hex. */
  issue(): string;
  /** When it expires, Unix ms; undefined when this process did not make it, or it has expired. */
  check(challenge: string): number | undefined;
}

const TIME_BYTES = 6;
const RANDOM_BYTES = 10;
const SEAL_BYTES = 16;
const BODY_BYTES = TIME_BYTES + RANDOM_BYTES;
const HEX = /^[0-9a-f]{64}$/;

export function createChallenges({ ms, now }: { readonly ms: number; readonly now: () => number }): Challenges {
  const key = randomBytes(32);
  const sealOf = (body: Buffer): Buffer =>
    createHmac("sha256", key).update("skein/challenge/1").update(body).digest().subarray(0, SEAL_BYTES);
  return {
    issue: () => {
      const time = Buffer.alloc(TIME_BYTES);
      time.writeUIntBE(now() + ms, 0, TIME_BYTES);
      const body = Buffer.concat([time, randomBytes(RANDOM_BYTES)]);
      return Buffer.concat([body, sealOf(body)]).toString("hex");
    },
    check: (challenge) => {
      // One spelling: what was answered is remembered by it.
      if (!HEX.test(challenge)) return undefined;
      const bytes = Buffer.from(challenge, "hex");
      const body = bytes.subarray(0, BODY_BYTES);
      if (!timingSafeEqual(sealOf(body), bytes.subarray(BODY_BYTES))) return undefined;
      const expires = body.readUIntBE(0, TIME_BYTES);
      return isGood(expires, ms, now()) ? expires : undefined;
    },
  };
}
