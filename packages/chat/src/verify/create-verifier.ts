/** The one verifier of webhooks, on node:crypto. */
import { createHash, createHmac, createPublicKey, timingSafeEqual, verify as verifySignature } from "node:crypto";

import { err, ok } from "@skein/core";
import type { Clock } from "@skein/node";

import type { WebhookRequest } from "../transport.ts";
import { queryField, signedUrls } from "./signed-urls.ts";
import type { Verdict, Verifier } from "./verifier.ts";

/** Slack's and Discord's timestamps may be this far off, in the past and in the future. */
const TOLERANCE_S = 300;

export function createVerifier(clock: Pick<Clock, "wallMs">): Verifier {
  const isTimely = (seconds: string): boolean =>
    /^[0-9]{1,12}$/.test(seconds) && Math.abs(clock.wallMs() / 1_000 - Number(seconds)) <= TOLERANCE_S;

  return {
    slack: (request, signingSecret) => {
      const timestamp = single(request, "x-slack-request-timestamp");
      const signature = single(request, "x-slack-signature");
      if (timestamp === undefined || signature === undefined) return err("a signature header is missing or repeated");
      if (!isTimely(timestamp)) return err("the timestamp is too far from this node's clock");
      const expected = createHmac("sha256", signingSecret)
        .update(`v0:${timestamp}:`)
        .update(request.body)
        .digest("hex");
      return judge(isEqual(signature, `v0=${expected}`));
    },
    meta: (request, appSecret) => {
      const signature = single(request, "x-hub-signature-256");
      if (signature === undefined) return err("the signature header is missing or repeated");
      const expected = createHmac("sha256", appSecret).update(request.body).digest("hex");
      return judge(isEqual(signature, `sha256=${expected}`));
    },
    twilio: (request, authToken, publicUrl) => {
      const signature = single(request, "x-twilio-signature");
      if (signature === undefined) return err("the signature header is missing or repeated");
      return verifyTwilio(request, signature, authToken, publicUrl);
    },
    discord: (request, publicKey) => {
      const timestamp = single(request, "x-signature-timestamp");
      const signature = single(request, "x-signature-ed25519");
      if (timestamp === undefined || signature === undefined) return err("a signature header is missing or repeated");
      if (!isTimely(timestamp)) return err("the timestamp is too far from this node's clock");
      // `Buffer.from` stops at the first digit that is none, so the form is checked before.
      if (!/^[0-9a-f]{128}$/i.test(signature)) return err("the signature is not 64 bytes in hex");
      const message = Buffer.concat([Buffer.from(timestamp), request.body]);
      return judge(verifySignature(null, message, ed25519Key(publicKey), Buffer.from(signature, "hex")));
    },
  };
}

const judge = (isGenuine: boolean): Verdict => (isGenuine ? ok(undefined) : err("the signature does not fit"));

/** A header that came once. Of two, a proxy and this program may choose different ones. */
function single(request: WebhookRequest, name: string): string | undefined {
  const values = request.headers[name];
  return values?.length === 1 ? values[0] : undefined;
}

/** In constant time for texts of equal length; the length of a signature is no secret. */
function isEqual(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

const ed25519Key = (hex: string): ReturnType<typeof createPublicKey> =>
  createPublicKey({
    format: "jwk",
    key: { kty: "OKP", crv: "Ed25519", x: Buffer.from(hex, "hex").toString("base64url") },
  });

/**
 * Twilio signs the URL as it was told, character for character, so the request's own host means nothing behind a proxy, and
 * nothing is decoded or encoded again before it is hashed. Which of a few spellings was signed cannot be known: all are
 * tried. Each needs a signature of its own, so trying more lets nobody in.
 */
function verifyTwilio(request: WebhookRequest, signature: string, authToken: string, publicUrl: string): Verdict {
  const urls = signedUrls(publicUrl, request.url);
  if (urls === undefined) return err("the public URL of this account is no URL");
  const bodyHash = queryField(urls[0] ?? "", "bodySHA256");
  if (bodyHash !== undefined) {
    const actual = createHash("sha256").update(request.body).digest("hex");
    if (!isEqual(bodyHash, actual)) return err("the body does not fit its hash");
  }
  const fields = bodyHash === undefined ? formFields(request.body) : "";
  const fits = urls.map((url) =>
    isEqual(signature, createHmac("sha1", authToken).update(`${url}${fields}`).digest("base64")),
  );
  return judge(fits.includes(true));
}

/** Every field that came, sorted by name; of a repeated one its different values, sorted. */
function formFields(body: Uint8Array): string {
  // A byte order mark would be part of the first name, and what was signed is all of the body.
  const form = new URLSearchParams(new TextDecoder("utf-8", { ignoreBOM: true }).decode(body));
  const names = [...new Set(form.keys())].toSorted(byCodeUnit);
  return names
    .map((name) =>
      [...new Set(form.getAll(name))]
        .toSorted(byCodeUnit)
        .map((value) => name + value)
        .join(""),
    )
    .join("");
}

const byCodeUnit = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
