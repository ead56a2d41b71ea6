import { createHash } from "node:crypto";

import * as fc from "fast-check";
import twilio from "twilio";
import { expect, test } from "vitest";

import type { WebhookRequest } from "../transport.ts";
import { createVerifier } from "./create-verifier.ts";

const verifier = createVerifier({ wallMs: () => 0 });

type Params = Readonly<Record<string, string | readonly string[]>>;

interface Posted {
  readonly publicUrl: string;
  /** As received: path and query. */
  readonly url: string;
  readonly body: string | Uint8Array;
  readonly signatures: readonly string[];
}

const request = ({ url, body, signatures }: Posted): WebhookRequest => ({
  method: "POST",
  url,
  headers: { "x-twilio-signature": signatures },
  body: Buffer.from(body),
});

const isGenuine = (posted: Posted, token: string): boolean =>
  verifier.twilio(request(posted), token, posted.publicUrl).ok;

/** Twilio's own signature of a URL and a form. */
const sign = (token: string, url: string, params: Params): string =>
  // The library sorts and hashes what it is given; its types are wider than ours.
  twilio.getExpectedTwilioSignature(token, url, { ...params });

const encode = (params: Params): string => {
  const form = new URLSearchParams();
  for (const [name, values] of Object.entries(params)) for (const value of [values].flat()) form.append(name, value);
  return form.toString();
};

const TOKEN = "12345";
const URL_1 = "https://mycompany.com/myapp.php?foo=1&bar=2";
const CALL: Params = {
  CallSid: "CA1234567890ABCDE",
  Caller: "+12349013030",
  Digits: "1234",
  From: "+12349013030",
  To: "+18005551212",
};
const PUBLISHED = "0/KCTR6DLpKmkAf8muzZqo1nDgQ=";

test("the signature in Twilio's documentation is genuine", () => {
  const posted = { publicUrl: URL_1, url: "/myapp.php?foo=1&bar=2", body: encode(CALL), signatures: [PUBLISHED] };
  expect(isGenuine(posted, TOKEN)).toBe(true);
  expect(isGenuine(posted, "12346")).toBe(false);
});

test("the order of the fields does not matter, their values and names do", () => {
  const reversed = Object.fromEntries(Object.entries(CALL).toReversed());
  const base = { publicUrl: URL_1, url: "/myapp.php?foo=1&bar=2", signatures: [PUBLISHED] };
  expect(isGenuine({ ...base, body: encode(reversed) }, TOKEN)).toBe(true);
  expect(isGenuine({ ...base, body: encode({ ...CALL, Digits: "1235" }) }, TOKEN)).toBe(false);
  expect(isGenuine({ ...base, body: encode({ ...CALL, Extra: "" }) }, TOKEN)).toBe(false);
  expect(isGenuine({ ...base, body: encode({ ...CALL, Digits: ["1234", "5"] }) }, TOKEN)).toBe(false);
});

test("http is not https, and another host, path or query is another URL", () => {
  const base = { url: "/myapp.php?foo=1&bar=2", body: encode(CALL), signatures: [PUBLISHED] };
  for (const publicUrl of [
    "http://mycompany.com/myapp.php",
    "https://mycompany.com/myapp",
    "https://mycompany.org/myapp.php",
  ]) {
    expect(isGenuine({ ...base, publicUrl }, TOKEN)).toBe(false);
  }
  expect(isGenuine({ ...base, publicUrl: URL_1, url: "/myapp.php?bar=2&foo=1" }, TOKEN)).toBe(false);
  expect(isGenuine({ ...base, publicUrl: URL_1, url: "/myapp.php?" }, TOKEN)).toBe(false);
});

test("what Twilio was told counts, not the path at which the request came in behind a proxy", () => {
  const posted = { publicUrl: URL_1, url: "/internal/7?foo=1&bar=2", body: encode(CALL), signatures: [PUBLISHED] };
  expect(isGenuine(posted, TOKEN)).toBe(true);
});

test("a header that is missing or came twice is refused", () => {
  const base = { publicUrl: URL_1, url: "/myapp.php?foo=1&bar=2", body: encode(CALL) };
  expect(isGenuine({ ...base, signatures: [] }, TOKEN)).toBe(false);
  expect(isGenuine({ ...base, signatures: [PUBLISHED, PUBLISHED] }, TOKEN)).toBe(false);
  expect(isGenuine({ ...base, signatures: ["", PUBLISHED] }, TOKEN)).toBe(false);
});

test("a public URL that is none refuses, and throws nothing", () => {
  const base = { url: "/?a=1", body: "", signatures: [PUBLISHED] };
  for (const publicUrl of ["", "mycompany.com", "https://", "https://[", "/myapp.php"]) {
    expect(isGenuine({ ...base, publicUrl }, TOKEN)).toBe(false);
  }
});

test("options for the connection in the fragment are signed or not, as Twilio likes", () => {
  const plain = "https://mycompany.com/hook?a=1";
  const body = encode(CALL);
  const base = { publicUrl: "https://mycompany.com/hook#rc=3&rp=all", url: "/hook?a=1", body };
  expect(isGenuine({ ...base, signatures: [sign(TOKEN, plain, CALL)] }, TOKEN)).toBe(true);
  expect(isGenuine({ ...base, signatures: [sign(TOKEN, `${plain}#rc=3&rp=all`, CALL)] }, TOKEN)).toBe(true);
  expect(isGenuine({ ...base, signatures: [sign(TOKEN, `${plain}#rc=4`, CALL)] }, TOKEN)).toBe(false);
});

test("bytes that a form decoder drops are part of what was signed", () => {
  const base = {
    publicUrl: "https://mycompany.com/hook",
    url: "/hook",
    signatures: [sign(TOKEN, "https://mycompany.com/hook", { a: "1" })],
  };
  expect(isGenuine({ ...base, body: "a=1" }, TOKEN)).toBe(true);
  expect(isGenuine({ ...base, body: Buffer.from([0xef, 0xbb, 0xbf, ...Buffer.from("a=1")]) }, TOKEN)).toBe(false);
});

// ── against the official library ────────────────────────────────────────────────────────────────────────────────────

const scheme = fc.constantFrom("https", "http", "HTTPS");
const user = fc.constantFrom("", "me@", "me:pass@", "m%40e:p'ss@");
const host = fc.constantFrom(
  "example.com",
  "Example.COM",
  "127.0.0.1",
  "[::1]",
  "xn--bcher-kva.example",
  "bücher.example",
);
const port = fc.constantFrom("", ":443", ":80", ":8443", ":0443");
const path = fc
  .array(fc.constantFrom("/", "a", "é", "%27", "'", "%7e", "~", "..", "//", "b c", "(", "日"), { maxLength: 5 })
  .map((parts) => `/${parts.join("")}`);
const queryPiece = fc.constantFrom(
  "a=1",
  "b=",
  "c",
  "a=2",
  "d='x'",
  "e=%27",
  "f=é",
  "g=a+b",
  "h=a%20b",
  "i=?",
  "",
  "j=~!*()",
  "k=%zz",
);
const query = fc.oneof(
  fc.constant(""),
  fc.array(queryPiece, { minLength: 1, maxLength: 4 }).map((pieces) => `?${pieces.join("&")}`),
);
const url = fc.record({ scheme, user, host, port, path, query });

const value = fc.oneof(
  fc.constantFrom("", " ", "  x  ", "\t", "+", "&=", "é", "👍", "Ü\u0308", "a\nb", "%41", "whatsapp:+491711234567"),
  fc.string({ unit: "grapheme", maxLength: 12 }),
);
const name = fc.oneof(
  fc.constantFrom("Body", "From", "body", "MediaUrl0", "MediaUrl10", "MediaUrl2", "", "é", "A", "a b", "1", "10", "2"),
  fc.stringMatching(/^[A-Za-z0-9_.-]{1,10}$/),
);
const params = fc
  .array(fc.tuple(name, fc.oneof(value, fc.array(value, { minLength: 1, maxLength: 3 }))), { maxLength: 8 })
  .map((entries) => Object.fromEntries(entries));

/** What an application hands to the library, after it has decoded the form as it came. */
function decode(body: string): Record<string, string | string[]> {
  const form = new URLSearchParams(body);
  return Object.fromEntries(
    [...new Set(form.keys())].map((key) => {
      const all = form.getAll(key);
      return [key, all.length === 1 ? (all[0] ?? "") : all];
    }),
  );
}

test("any URL and form: what the official library signs and accepts is accepted, and what it refuses is refused", () => {
  fc.assert(
    fc.property(url, params, fc.constantFrom("as written", "no port", "parsed", "other"), (parts, given, kind) => {
      const base = `${parts.scheme}://${parts.user}${parts.host}${parts.port}${parts.path}`;
      const full = base + parts.query;
      const signed = {
        "as written": full,
        "no port": full.replace(parts.port, ""),
        parsed: URL.canParse(full) ? new URL(full).toString() : full,
        other: `${full}x`,
      }[kind];
      const body = encode(given);
      const signature = sign(TOKEN, signed, decode(body));
      const theirs = twilio.validateRequest(TOKEN, signature, full, decode(body));
      const posted = { publicUrl: base, url: `/somewhere${parts.query}`, body, signatures: [signature] };
      expect(isGenuine(posted, TOKEN)).toBe(theirs);
      // Told with its query, Twilio is the same.
      expect(isGenuine({ ...posted, publicUrl: full }, TOKEN)).toBe(theirs);
    }),
    { numRuns: 2_000 },
  );
});

test("any form whose fields were changed, left out, repeated or renamed is judged as the official library judges it", () => {
  const change = fc.constantFrom("none", "value", "name", "drop", "repeat", "twice", "trim");
  fc.assert(
    fc.property(params, name, value, change, (given, key, text, kind) => {
      const before = { ...given, [key]: text };
      const after: Record<string, string | readonly string[]> = { ...before };
      if (kind === "value") after[key] = `${text}!`;
      if (kind === "twice") after[key] = [text, text];
      if (kind === "repeat") after[key] = [text, "other"];
      if (kind === "trim") after[key] = text.trim();
      if (kind === "drop" || kind === "name") delete after[key];
      if (kind === "name") after[`${key}2`] = text;
      const publicUrl = "https://example.com/hook";
      const signature = sign(TOKEN, publicUrl, decode(encode(before)));
      const theirs = twilio.validateRequest(TOKEN, signature, publicUrl, decode(encode(after)));
      const posted = { publicUrl, url: "/hook", body: encode(after), signatures: [signature] };
      expect(isGenuine(posted, TOKEN)).toBe(theirs);
    }),
    { numRuns: 1_000 },
  );
});

test("any body with its hash in the URL is judged as the official library judges it", () => {
  const body = fc.string({ unit: "grapheme", maxLength: 40 });
  const damage = fc.constantFrom("none", "body", "hash", "signature", "case", "empty", "repeated");
  fc.assert(
    fc.property(body, damage, fc.constantFrom("", "a=1&"), (text, kind, before) => {
      const hash = createHash("sha256").update(text).digest("hex");
      const written = {
        none: hash,
        body: hash,
        signature: hash,
        hash: hash.replace(/^./, (digit) => (digit === "0" ? "1" : "0")),
        case: hash.toUpperCase(),
        empty: "",
        repeated: `${hash}&bodySHA256=${"0".repeat(64)}`,
      }[kind];
      const publicUrl = "https://example.com/hook";
      const path = `/hook?${before}bodySHA256=${written}`;
      const full = `https://example.com${path}`;
      const signature = sign(kind === "signature" ? "other" : TOKEN, full, {});
      const received = kind === "body" ? `${text} ` : text;
      const theirs = twilio.validateRequestWithBody(TOKEN, signature, full, received);
      expect(isGenuine({ publicUrl, url: path, body: received, signatures: [signature] }, TOKEN)).toBe(theirs);
    }),
    { numRuns: 500 },
  );
});

test("a hash in the URL does not stand in for the form's signature", () => {
  // Signed was the URL alone; a body of another hash with fields in it is not covered by that.
  const publicUrl = "https://example.com/hook";
  const hash = createHash("sha256").update("{}").digest("hex");
  const path = `/hook?bodySHA256=${hash}`;
  const signature = sign(TOKEN, `https://example.com${path}`, {});
  expect(isGenuine({ publicUrl, url: path, body: "{}", signatures: [signature] }, TOKEN)).toBe(true);
  expect(isGenuine({ publicUrl, url: path, body: "From=x", signatures: [signature] }, TOKEN)).toBe(false);
});
