import { createHmac } from "node:crypto";

import * as fc from "fast-check";
import { expect, test } from "vitest";

import type { WebhookRequest } from "../transport.ts";
import { createVerifier } from "./create-verifier.ts";

const verifier = createVerifier({ wallMs: () => 0 });

const request = (body: Uint8Array | string, signatures: readonly string[] | undefined): WebhookRequest => ({
  method: "POST",
  url: "/chat/whatsapp",
  headers: signatures === undefined ? {} : { "x-hub-signature-256": signatures },
  body: typeof body === "string" ? Buffer.from(body) : body,
});

const sign = (body: Uint8Array | string, secret: string): string =>
  `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;

// RFC 4231, test case 2: an HMAC-SHA256 that nobody here computed.
const JEFE = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
// GitHub signs the same header in the same way, and publishes this one.
const HELLO = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

test("published signatures are genuine", () => {
  expect(verifier.meta(request("what do ya want for nothing?", [JEFE]), "Jefe").ok).toBe(true);
  expect(verifier.meta(request("Hello, World!", [HELLO]), "It's a Secret to Everybody").ok).toBe(true);
});

test("the bytes as they came are signed, so escaped and plain characters are different bodies", () => {
  const escaped = String.raw`{"text":{"body":"\u00e9\ud83d\udc4d"}}`;
  const plain = JSON.stringify(JSON.parse(escaped));
  expect(plain).not.toBe(escaped);
  expect(verifier.meta(request(escaped, [sign(escaped, "secret")]), "secret").ok).toBe(true);
  expect(verifier.meta(request(plain, [sign(escaped, "secret")]), "secret").ok).toBe(false);
});

test("any body and secret: its signature is genuine, and no other body's, secret's or byte's is", () => {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 300 });
  fc.assert(
    fc.property(
      bytes,
      fc.string({ minLength: 1 }),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      (body, key, at, flip) => {
        const signature = sign(body, key);
        expect(verifier.meta(request(body, [signature]), key).ok).toBe(true);
        expect(verifier.meta(request(body, [signature]), `${key}x`).ok).toBe(false);
        const tampered = body.map((byte, index) => (index === at % body.length ? byte ^ flip : byte));
        expect(verifier.meta(request(tampered, [signature]), key).ok).toBe(false);
        expect(verifier.meta(request(body.slice(1), [signature]), key).ok).toBe(false);
      },
    ),
    { numRuns: 300 },
  );
});

test("any text that is not the signature is refused, whatever its length and characters", () => {
  const genuine = sign("body", "secret");
  const nearly = fc.constantFrom(
    genuine.slice(0, -1),
    `${genuine}0`,
    ` ${genuine}`,
    `${genuine}\n`,
    genuine.toUpperCase(),
    genuine.replace("sha256=", ""),
    genuine.replace("sha256=", "sha1="),
    genuine.replace("sha256=", "sha256=="),
    `${genuine},${genuine}`,
    "",
    "sha256=",
  );
  fc.assert(
    fc.property(fc.oneof(nearly, fc.string(), fc.string({ unit: "binary" })), (signature) => {
      expect(verifier.meta(request("body", [signature]), "secret").ok).toBe(false);
    }),
    { numRuns: 500 },
  );
});

test("a header that is missing or came twice is refused, even if each value is right", () => {
  const genuine = sign("body", "secret");
  expect(verifier.meta(request("body", undefined), "secret").ok).toBe(false);
  expect(verifier.meta(request("body", []), "secret").ok).toBe(false);
  expect(verifier.meta(request("body", [genuine, genuine]), "secret").ok).toBe(false);
  expect(verifier.meta(request("body", ["sha256=0", genuine]), "secret").ok).toBe(false);
});

test("the reason repeats neither the signature nor the secret", () => {
  const verdict = verifier.meta(request("body", ["sha256=given"]), "the-secret");
  expect(verdict).toEqual({ ok: false, error: "the signature does not fit" });
});
