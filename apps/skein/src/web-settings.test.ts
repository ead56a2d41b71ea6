/** What a node tells other machines of its page, and what it refuses to tell. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

import { isNearPage, toldPage, type WebSettings, webSettings } from "./web-settings.ts";

const NAMES = "subjectAltName=DNS:board.example,DNS:localhost,IP:192.0.2.7,IP:127.0.0.1";

let data: string;
let tls: WebSettings["tls"];

beforeAll(() => {
  data = mkdtempSync(join(tmpdir(), "skein-web-"));
  const [cert, key] = [join(data, "page.pem"), join(data, "page.key")];
  const made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key, "-out", cert];
  execFileSync("openssl", [...made, "-subj", "/CN=subject.example", "-addext", NAMES], { stdio: "ignore" });
  tls = { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
});
afterAll(() => rmSync(data, { recursive: true, force: true }));

const setupSettings = (given: Partial<WebSettings> = {}): WebSettings => ({
  tls,
  hosts: [],
  told: undefined,
  ...given,
});

test("without a word nothing is told of an address of this machine alone, nor of one without TLS", () => {
  for (const page of ["http://127.0.0.1:4711", "http://localhost:1", "http://192.0.2.7:4711", ""]) {
    expect([page, toldPage(setupSettings({ tls: undefined }), page)]).toEqual([page, ""]);
  }
});

test("a page under TLS is told of by the address or the name that its certificate is good for", () => {
  expect(toldPage(setupSettings(), "https://192.0.2.7:4711")).toBe("https://192.0.2.7:4711");
  const hosts = ["proxy.example:8443", "other.example", "subject.example", "localhost", "board.example"];
  for (const page of ["https://127.0.0.1:4711", "https://192.0.2.8:4711"]) {
    expect(toldPage(setupSettings({ hosts }), page)).toBe("https://board.example:4711");
    expect(toldPage(setupSettings(), page)).toBe("");
  }
  expect(toldPage(setupSettings({ hosts }), "https://127.0.0.1:443")).toBe("https://board.example");
});

test("what a person says goes before, and a node without a page tells of none", () => {
  const told = "https://elsewhere.example";
  expect(toldPage(setupSettings({ told }), "http://127.0.0.1:4711")).toBe(told);
  expect(toldPage(setupSettings({ told }), "")).toBe("");
});

test("neighbours know a page that is on this machine alone", () => {
  const plain = setupSettings({ tls: undefined });
  expect(isNearPage(plain, "http://127.0.0.1:4711")).toBe(true);
  expect(isNearPage(plain, "http://192.0.2.7:4711")).toBe(false);
  expect(isNearPage(plain, "")).toBe(false);
  expect(isNearPage(setupSettings(), "https://127.0.0.1:4711")).toBe(false);
  expect(isNearPage({ ...plain, told: "https://board.example" }, "http://127.0.0.1:4711")).toBe(false);
});

const said = (advertiseHttp: string | undefined): WebSettings =>
  webSettings({ data, host: "127.0.0.1", insecureHttp: false, advertiseHttp });

test("an address to tell is taken as browsers spell it, and may be asked for by its name", () => {
  expect(said("https://board.example:443")).toMatchObject({ told: "https://board.example", hosts: ["board.example"] });
  expect(said("http://10.0.0.7:4711")).toMatchObject({ told: "http://10.0.0.7:4711", hosts: ["10.0.0.7:4711"] });
  expect(said(undefined)).toMatchObject({ told: undefined, hosts: [] });
});

test.each(["http://0.0.0.0:4711", "http://127.0.0.1:4711", "http://localhost:4711", "https://[::]:4711", "http://0:1"])(
  "%s is told to nobody, also when somebody says so",
  (address) => {
    expect(() => said(address)).toThrow(/means something else on each of them/);
  },
);

test("the file in the data directory says the same as the flag, and the flag goes before", () => {
  writeFileSync(join(data, "node.yaml"), "http: { advertise: 'https://file.example' }\n");
  expect(said(undefined).told).toBe("https://file.example");
  expect(said("https://flag.example").told).toBe("https://flag.example");
  writeFileSync(join(data, "node.yaml"), "http: { advertise: 'http://0.0.0.0:4711' }\n");
  expect(() => said(undefined)).toThrow(/means something else/);
  rmSync(join(data, "node.yaml"));
});
