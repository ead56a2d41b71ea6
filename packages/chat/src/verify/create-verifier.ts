/** The one verifier of webhooks, on node:crypto. */
import { createHash, createHmac, createPublicKey, timingSafeEqual, verify as verifySignature } from "node:crypto";

import { err, ok } from "@skein/core";
import type { Clock } from "@skein/node";

import type { WebhookRequest } from "../transport.ts";
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
 * Twilio signs the URL that it was told, so the request's own host means nothing behind a proxy. It may or may not have put
 * the port in: both are tried.
 */
function verifyTwilio(request: WebhookRequest, signature: string, authToken: string, publicUrl: string): Verdict {
  const url = new URL(publicUrl);
  const query = request.url.indexOf("?");
  if (query !== -1) url.search = request.url.slice(query);
  const bodyHash = url.searchParams.get("bodySHA256");
  if (bodyHash !== null) {
    const actual = createHash("sha256").update(request.body).digest("hex");
    if (!isEqual(bodyHash, actual)) return err("the body does not fit its hash");
  }
  const fields = bodyHash === null ? formFields(request.body) : "";
  const fits = urlsWithAndWithoutPort(url).map((one) =>
    isEqual(signature, createHmac("sha1", authToken).update(`${one}${fields}`).digest("base64")),
  );
  return judge(fits.includes(true));
}

/** Every field that came, sorted by name; of a repeated one its different values, sorted. */
function formFields(body: Uint8Array): string {
  const form = new URLSearchParams(new TextDecoder().decode(body));
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

const DEFAULT_PORTS: Readonly<Record<string, string>> = { "http:": "80", "https:": "443" };

function urlsWithAndWithoutPort(url: URL): readonly string[] {
  const rest = `${url.pathname}${url.search}`;
  const port = url.port === "" ? DEFAULT_PORTS[url.protocol] : url.port;
  return [`${url.protocol}//${url.hostname}${rest}`, `${url.protocol}//${url.hostname}:${port}${rest}`];
}
