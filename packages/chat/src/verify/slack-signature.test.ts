import { createHmac } from "node:crypto";

import { verifySlackRequest } from "@slack/bolt";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import type { WebhookRequest } from "../transport.ts";
import { createVerifier } from "./create-verifier.ts";

/** The example of https://api.slack.com/docs/verifying-requests-from-slack */
const VECTOR = {
  secret: "8f742231b10e8888abcd99yyyzzz85a5",
  seconds: 1_531_420_618,
  body:
    "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar" +
    "&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=" +
    "https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN" +
    "&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c",
  signature: "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
};

const verifierAt = (seconds: number): ReturnType<typeof createVerifier> =>
  createVerifier({ wallMs: () => seconds * 1_000 });

function request(body: string | Uint8Array, headers: WebhookRequest["headers"]): WebhookRequest {
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  return { method: "POST", url: "/", headers, body: bytes };
}

const vector = (headers: WebhookRequest["headers"] = {}): WebhookRequest =>
  request(VECTOR.body, {
    "x-slack-request-timestamp": [String(VECTOR.seconds)],
    "x-slack-signature": [VECTOR.signature],
    ...headers,
  });

const hmac = (secret: string, seconds: number | string, body: string | Uint8Array): string =>
  createHmac("sha256", secret).update(`v0:${seconds}:`).update(body).digest("hex");

test("the published example is genuine", () => {
  expect(verifierAt(VECTOR.seconds).slack(vector(), VECTOR.secret)).toEqual({ ok: true, value: undefined });
});

describe("is not genuine:", () => {
  test.each<[string, WebhookRequest]>([
    ["another body", { ...vector(), body: new TextEncoder().encode(`${VECTOR.body}&`) }],
    ["a body in another encoding", { ...vector(), body: Buffer.from(VECTOR.body, "utf16le") }],
    ["no signature", vector({ "x-slack-signature": [] })],
    ["no timestamp", vector({ "x-slack-request-timestamp": [] })],
    ["two signatures, one of them right", vector({ "x-slack-signature": [VECTOR.signature, "v0=00"] })],
    ["the same signature twice", vector({ "x-slack-signature": [VECTOR.signature, VECTOR.signature] })],
    ["two timestamps", vector({ "x-slack-request-timestamp": ["1531420618", "1531420618"] })],
    ["a joined header", vector({ "x-slack-signature": [`${VECTOR.signature}, ${VECTOR.signature}`] })],
    ["a signature in capitals", vector({ "x-slack-signature": [`v0=${VECTOR.signature.slice(3).toUpperCase()}`] })],
    ["a signature of another version", vector({ "x-slack-signature": [VECTOR.signature.replace("v0", "v1")] })],
    ["a signature without its version", vector({ "x-slack-signature": [VECTOR.signature.slice(3)] })],
    ["a signature that is cut", vector({ "x-slack-signature": [VECTOR.signature.slice(0, -1)] })],
    ["a signature with something behind it", vector({ "x-slack-signature": [`${VECTOR.signature}=`] })],
    ["an empty signature", vector({ "x-slack-signature": [""] })],
    ["a timestamp with a sign", vector({ "x-slack-request-timestamp": ["+1531420618"] })],
    ["a timestamp with a fraction", vector({ "x-slack-request-timestamp": ["1531420618.0"] })],
    ["a timestamp in another notation", vector({ "x-slack-request-timestamp": ["1.531420618e9"] })],
    ["another timestamp", vector({ "x-slack-request-timestamp": ["1531420619"] })],
  ])("%s", (_, forged) => {
    expect(verifierAt(VECTOR.seconds).slack(forged, VECTOR.secret).ok).toBe(false);
  });

  test("the right signature under another secret", () => {
    expect(verifierAt(VECTOR.seconds).slack(vector(), `${VECTOR.secret} `).ok).toBe(false);
  });
});

test.each([
  [-301, false],
  [-300, true],
  [0, true],
  [300, true],
  [301, false],
  [3_600, false],
])("a timestamp that is %i s off this node's clock is timely: %s", (off, isTimely) => {
  expect(verifierAt(VECTOR.seconds - off).slack(vector(), VECTOR.secret).ok).toBe(isTimely);
});

test("bytes that are no text are signed as they are", () => {
  const bytes = Uint8Array.of(0xff, 0x00, 0xc3, 0x28);
  const signature = `v0=${hmac("s", VECTOR.seconds, bytes)}`;
  const forged = request(bytes, {
    "x-slack-request-timestamp": [String(VECTOR.seconds)],
    "x-slack-signature": [signature],
  });
  expect(verifierAt(VECTOR.seconds).slack(forged, "s").ok).toBe(true);
  // As text, this is what the bytes above would look like too.
  const asText = new TextEncoder().encode(new TextDecoder().decode(bytes));
  expect(verifierAt(VECTOR.seconds).slack({ ...forged, body: asText }, "s").ok).toBe(false);
});

/** How a request is spoiled on its way. */
const spoiling = fc.constantFrom("nothing", "body", "secret", "signature", "case", "version", "timestamp", "cut");

test("it agrees with Slack's own framework on every request, but for timestamps of the future, which only we refuse", () => {
  const outcomes = new Set<string>();
  fc.assert(
    fc.property(
      fc.string({ unit: "binary", maxLength: 200 }),
      fc.string({ minLength: 1, maxLength: 64 }),
      fc.oneof(fc.integer({ min: -400, max: 400 }), fc.constantFrom(-301, -300, 0, 300, 301)),
      spoiling,
      fc.nat(),
      (body, secret, off, how, salt) => {
        const sentAt = VECTOR.seconds + off;
        const genuine = hmac(secret, sentAt, body);
        const digit = salt % genuine.length;
        const flipped = genuine[digit] === "0" ? "1" : "0";
        const spoiled = {
          body: how === "body" ? `${body}x` : body,
          secret: how === "secret" ? `${secret}x` : secret,
          timestamp: how === "timestamp" ? sentAt + 1 : sentAt,
          signature:
            {
              signature: `v0=${genuine.slice(0, digit)}${flipped}${genuine.slice(digit + 1)}`,
              case: `v0=${genuine.toUpperCase()}`,
              version: `v1=${genuine}`,
              cut: `v0=${genuine.slice(0, digit)}`,
            }[how as string] ?? `v0=${genuine}`,
        };
        const ours = verifierAt(VECTOR.seconds).slack(
          request(spoiled.body, {
            "x-slack-request-timestamp": [String(spoiled.timestamp)],
            "x-slack-signature": [spoiled.signature],
          }),
          spoiled.secret,
        ).ok;
        const theirs = accepts(() =>
          verifySlackRequest({
            signingSecret: spoiled.secret,
            body: spoiled.body,
            headers: {
              "x-slack-signature": spoiled.signature,
              "x-slack-request-timestamp": spoiled.timestamp,
            },
            nowMilliseconds: VECTOR.seconds * 1_000,
          }),
        );
        const isOfTheFuture = spoiled.timestamp - VECTOR.seconds > 300;
        outcomes.add(`${theirs} ${isOfTheFuture}`);
        expect(ours).toBe(theirs && !isOfTheFuture);
      },
    ),
    { numRuns: 2_000 },
  );
  expect(outcomes).toEqual(new Set(["true true", "true false", "false true", "false false"]));
});

function accepts(verify: () => void): boolean {
  try {
    verify();
    return true;
  } catch {
    return false;
  }
}
