/** Names have one spelling; what has another one somewhere is no name, and nothing is open that nobody named. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { canonicalHost, type Egress, judge, parseAuthority, parsePlainUrl } from "./egress.ts";

const open = (asked: readonly string[], given?: readonly string[]): Egress => ({ asked, given });
const tunnel = (host: string, port = 443): Parameters<typeof judge>[0] => ({ host, port, isTunnel: true });

describe("what may be reached", () => {
  test.each([
    ["the named host", tunnel("registry.npmjs.org"), open(["registry.npmjs.org"]), true],
    ["a host below a suffix", tunnel("a.b.example.org"), open(["*.example.org"]), true],
    ["the suffix itself", tunnel("example.org"), open(["*.example.org"]), false],
    ["a name that only ends alike", tunnel("evilexample.org"), open(["*.example.org"]), false],
    ["a name that begins alike", tunnel("registry.npmjs.org.evil.test"), open(["registry.npmjs.org"]), false],
    ["another host", tunnel("example.com"), open(["registry.npmjs.org"]), false],
    ["anything when nothing is named", tunnel("registry.npmjs.org"), open([]), false],
    ["plain HTTP on port 80", { host: "deb.debian.org", port: 80, isTunnel: false }, open(["deb.debian.org"]), true],
    ["a tunnel to port 80", tunnel("deb.debian.org", 80), open(["deb.debian.org"]), false],
    ["ssh", tunnel("github.com", 22), open(["github.com"]), false],
    ["mail", tunnel("mail.example.org", 25), open(["mail.example.org:25"]), false],
    [
      "a port that the owner names too",
      tunnel("a.example.org", 8443),
      open(["a.example.org:8443"], ["a.example.org:8443"]),
      true,
    ],
    [
      "a port that only the owner names",
      tunnel("a.example.org", 8443),
      open(["a.example.org"], ["a.example.org:8443"]),
      false,
    ],
    ["what the owner does not name", tunnel("a.example.org"), open(["a.example.org"], ["b.example.org"]), false],
    ["anything when the owner's list is empty", tunnel("a.example.org"), open(["a.example.org"], []), false],
    ["what both name", tunnel("a.example.org"), open(["*.example.org"], ["a.example.org"]), true],
  ])("%s", (_what, destination, egress, allowed) => {
    expect(judge(destination, egress).ok).toBe(allowed);
  });

  test("only a host that the owner names with its port may be a private address", () => {
    const asked = ["cache.internal:4873", "registry.npmjs.org"];
    expect(judge(tunnel("cache.internal", 4873), open(asked, ["cache.internal:4873"]))).toMatchObject({
      value: { mayBePrivate: true },
    });
    expect(judge(tunnel("registry.npmjs.org"), open(asked, ["registry.npmjs.org"]))).toMatchObject({
      value: { mayBePrivate: false },
    });
    expect(judge(tunnel("registry.npmjs.org"), open(asked))).toMatchObject({ value: { mayBePrivate: false } });
  });
});

describe("one spelling", () => {
  test.each([
    "evil.test\0.npmjs.org",
    "registry.npmjs.org\0",
    "registry.npmjs.org.",
    "registry.npmjs.org ",
    "registry..npmjs.org",
    ".npmjs.org",
    "registry.npmjs.org%00",
    "registry.npmjs.org\t",
    "registry\u3002npmjs.org",
    "regist\u0433y.npmjs.org",
    "\uff52egistry.npmjs.org",
    "user@registry.npmjs.org",
    "127.0.0.1",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0177.0.0.1",
    "127.1",
    "1.2.3.04",
    "[::1]",
    "::1",
    "[::ffff:127.0.0.1]",
    "::ffff:169.254.169.254",
    "169.254.169.254",
    "-a.example.org",
    "a-.example.org",
    "a_b.example.org",
    "",
    "*",
    "*.npmjs.org",
    "a".repeat(64) + ".org",
    `${"a.".repeat(127)}org`,
  ])("%j is no host", (text) => {
    expect(canonicalHost(text).ok).toBe(false);
  });

  test("letters may be in upper case", () => {
    expect(canonicalHost("Registry.NPMjs.ORG")).toEqual({ ok: true, value: "registry.npmjs.org" });
    // These have lower-case letters of their own that are ASCII, in some libraries.
    for (const sign of ["\u212a", "\u0130"]) expect(canonicalHost(`${sign}ey.example.org`).ok).toBe(false);
  });

  test("whatever is taken for a host is what the platform's URL parser makes of it, and never an address", () => {
    const piece = fc.oneof(
      fc.constantFrom(
        ..."aZ09.-_:@[]%/\\#? \0\t\r\n*x".split(""),
        "\u3002",
        "\uff0e",
        "\u212a",
        "xn--",
        "0x",
        "127",
        "::ffff:",
      ),
      fc.string({ unit: "binary", maxLength: 2 }),
    );
    const label = fc.constantFrom("a", "Z", "registry", "example", ".org", ".", ".a1", "-b", "0", "7f", "example.org");
    let taken = 0;
    fc.assert(
      fc.property(fc.array(fc.oneof({ weight: 6, arbitrary: label }, piece), { maxLength: 6 }), (pieces) => {
        const text = pieces.join("");
        const host = canonicalHost(text);
        if (!host.ok) return;
        taken += 1;
        expect(host.value).toMatch(/^[a-z0-9.-]+$/);
        // A label that claims to be encoded may still be refused by a parser that decodes it.
        if (host.value.includes("xn--")) return;
        expect(new URL(`http://${text}/`).hostname).toBe(host.value);
        expect(new URL(`http://${text}/`).hostname).not.toMatch(/^(?:\d+\.){3}\d+$|^\[/);
        expect(canonicalHost(host.value)).toEqual(host);
      }),
      { numRuns: 3_000 },
    );
    expect(taken).toBeGreaterThan(50);
  });

  test.each([
    "a.org",
    "a.org:",
    "a.org:0",
    "a.org:00443",
    "a.org:443 ",
    "a.org:+443",
    "a.org:65536",
    "a.org:443:443",
    ":443",
  ])("%j is no target", (text) => {
    expect(parseAuthority(text).ok).toBe(false);
  });

  test("a plain request names its host in the URL, without a user and without a backslash", () => {
    expect(parsePlainUrl("http://deb.debian.org/a?b=c")).toEqual({
      ok: true,
      value: { host: "deb.debian.org", port: 80, path: "/a?b=c" },
    });
    expect(parsePlainUrl("HTTP://deb.debian.org:80")).toMatchObject({ value: { path: "/" } });
    expect(parsePlainUrl("http://deb.debian.org?x")).toMatchObject({ value: { path: "/?x" } });
    for (const url of [
      "https://deb.debian.org/",
      "http://user:password@deb.debian.org/",
      "http://deb.debian.org\\@evil.test/",
      "http://evil.test#@deb.debian.org/",
      "http://deb.debian.org /x",
      "http://deb.debian.org/\r\nx",
      "/path",
      "ftp://deb.debian.org/",
    ]) {
      expect(parsePlainUrl(url).ok).toBe(false);
    }
  });
});
