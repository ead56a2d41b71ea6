/** How people come in at a node's page: by a link of its own machine, by their member's key from another, and as whom. */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";

import type { NodeProcess } from "../support/node-process.ts";
import { waitFor } from "../support/wait.ts";
import { useWorld } from "../support/world.ts";
import { launchBrowser, openPage } from "./support/browser.ts";
import { expectRefusal } from "./support/refusal.ts";

const world = useWorld();
let alice: NodeProcess;
let bob: NodeProcess;
let browser: Browser;

beforeAll(async () => {
  await world.found("alice");
  alice = await world.start("alice", { slots: 0, headless: false });
  bob = await world.join("bob", alice, { role: "operator", slots: 0, headless: false });
  browser = await launchBrowser();
});

afterAll(async () => {
  await browser?.close();
});

const ui = async (node: NodeProcess, ...words: readonly string[]) => world.skein(["ui", "--data", node.data, ...words]);

const linkIn = (text: string): string => /^https?:\/\/\S+$/m.exec(text)?.[0] ?? `no link in: ${text}`;

/** A command as the page gives it; its status and what it says. */
const commandFrom = (name: string, input: object): string =>
  `fetch("api/v1/commands", { method: "POST", headers: { "Content-Type": "application/json", "X-Skein-Page": localStorage.getItem("skein.page-key") }, body: ${JSON.stringify(
    JSON.stringify({ name, input }),
  )} }).then(async (answer) => [answer.status, (await answer.json()).error?.message ?? ""])`;

test("a link from `skein ui` signs one browser in; it stays in after a reload, and out after signing out", async () => {
  const link = linkIn((await ui(alice)).stdout);
  const { page, context } = await openPage(browser, link);
  await page.locator("#live").waitFor();
  await page.getByText("owner", { exact: true }).waitFor();
  expect(page.url()).not.toContain("code=");
  expect(await page.evaluate("document.cookie + JSON.stringify({ ...sessionStorage })")).not.toMatch(/[\w-]{43}/);
  const [cookie] = await context.cookies();
  expect(cookie).toMatchObject({
    httpOnly: true,
    sameSite: "Strict",
    path: "/",
    name: expect.stringMatching(/^skein-/),
  });
  await page.reload();
  await page.locator("#live").waitFor();
  // The same link is worth nothing to anybody else.
  const second = await openPage(browser, link);
  await second.page.locator("#sign-in-problem").filter({ hasText: "used before" }).waitFor();
  await second.context.close();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.locator("#sign-in").waitFor();
  expect((await context.cookies()).length).toBe(0);
  await context.close();
});

test("without a session the page shows where a link comes from, and takes one that is pasted", async () => {
  const { page, context } = await openPage(browser, `${alice.endpoints.http}/`);
  await page.locator("#sign-in").waitFor();
  expect(await page.locator("#live").count()).toBe(0);
  // An address of this machine alone is no way in for others.
  await page.getByText("Other machines do not reach this address").waitFor();
  expect(await page.getByText("skein ui --at").count()).toBe(0);
  await page.locator("#sign-in-link").fill("nonsense");
  await page.getByRole("button", { name: "Open" }).click();
  await page.locator("#sign-in-problem").filter({ hasText: "no sign-in link" }).waitFor();
  const link = await alice.api.loginLink();
  await context.setOffline(true);
  await page.locator("#sign-in-link").fill(link);
  await page.getByRole("button", { name: "Open" }).click();
  await page.locator("#sign-in-problem").filter({ hasText: "The node did not answer" }).waitFor();
  await context.setOffline(false);
  await page.locator("#sign-in-link").fill(link);
  await page.getByRole("button", { name: "Open" }).click();
  await page.locator("#live").waitFor();
  await context.close();
});

test("a link that is cut off says so where it is opened, in a new tab and in one with the page", async () => {
  const { page, context } = await openPage(browser, `${alice.endpoints.http}/#/login?code=nonsense`);
  const problem = page.locator("#sign-in-problem").filter({ hasText: "no sign-in link" });
  await problem.waitFor();
  expect(page.url()).not.toContain("code=");
  await page.goto(`${alice.endpoints.http}/`);
  await page.locator("#sign-in").waitFor();
  expect(await problem.count()).toBe(0);
  await page.evaluate('location.hash = "#/login?code=nonsense"');
  await problem.waitFor();
  await context.close();
});

test("a link that is opened in a tab with the page already signs in too, and leaves the address", async () => {
  const { page, context } = await openPage(browser, `${alice.endpoints.http}/`);
  await page.locator("#sign-in").waitFor();
  // As the address bar does it: the fragment changes, and nothing is loaded.
  await page.evaluate(`location.href = ${JSON.stringify(await alice.api.loginLink())}`);
  await page.locator("#live").waitFor();
  expect(page.url()).not.toContain("code=");
  await context.close();
});

test("who signs in anew in one tab is who acts in the other tabs of that browser, too", async () => {
  const { page, context } = await openPage(browser, linkIn((await ui(alice)).stdout));
  await page.getByText("owner", { exact: true }).waitFor();
  const second = await context.newPage();
  await second.goto(linkIn((await ui(alice, "--role", "agent")).stdout));
  await second.getByText("agent", { exact: true }).waitFor();
  await page.getByText("agent", { exact: true }).waitFor();
  expect(await page.getByRole("button", { name: /new item/i }).count()).toBe(0);
  await context.close();
});

test("an observer's page sees everything and changes nothing; its session is listed, and ended from the terminal", async () => {
  const { page, context } = await openPage(browser, linkIn((await ui(alice, "--role", "observer")).stdout));
  await page.getByText("observer", { exact: true }).waitFor();
  // What it may not do is not offered, and is refused all the same.
  expect(await page.getByRole("button", { name: /new item/i }).count()).toBe(0);
  for (const [name, input] of [
    ["doctor.seen", {}],
    ["member.rotate", {}],
    ["item.delete", { item: "0" }],
    ["project.practice", {}],
  ] as const) {
    expect([name, await page.evaluate(commandFrom(name, input))]).toEqual([name, [403, expect.any(String)]]);
  }
  expect(await page.evaluate(commandFrom("item.add", { title: "By an observer" }))).toEqual([
    403,
    expect.stringContaining("You are signed in here as observer"),
  ]);
  const listed = JSON.parse((await ui(alice, "--list", "--json")).stdout) as { session: string; role: string }[];
  const session = listed.find(({ role }) => role === "observer")?.session ?? "";
  expect((await ui(alice, "--end", session)).code).toBe(0);
  // The socket goes with the session.
  await page.locator("#sign-in-problem").filter({ hasText: "session has ended" }).waitFor();
  await context.close();
});

test("another program on this machine gets nowhere, neither by its page nor with the cookie that the browser sends it", async () => {
  const { page, context } = await openPage(browser, await alice.api.loginLink());
  await page.locator("#live").waitFor();
  // Another port is the same site, so SameSite alone would let its page through; and it is the same host to a cookie.
  let stolen = "";
  const stranger = createServer((request, response) => {
    stolen = request.headers.cookie ?? stolen;
    response.setHeader("Content-Type", "text/html");
    response.end("<!doctype html><title>Stranger</title>");
  });
  await new Promise<void>((resolve) => stranger.listen(0, "127.0.0.1", resolve));
  const address = stranger.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const evil = await context.newPage();
  await evil.goto(`http://127.0.0.1:${port}/`);
  const attack = `(async (node) => {
    const said = [];
    const body = JSON.stringify({ name: "item.add", input: { title: "Stolen" } });
    for (const type of ["text/plain", "application/json"])
      await fetch(node + "/api/v1/commands", { method: "POST", credentials: "include", mode: type === "text/plain" ? "no-cors" : "cors", headers: { "Content-Type": type }, body })
        .then(() => said.push("read"), () => said.push("refused"));
    await fetch(node + "/api/v1/items", { credentials: "include" }).then(() => said.push("read"), () => said.push("refused"));
    said.push(await new Promise((resolve) => {
      const socket = new WebSocket(node.replace("http", "ws") + "/yjs/board");
      socket.onopen = () => resolve("open");
      socket.onerror = () => resolve("refused");
    }));
    return said;
  })(${JSON.stringify(alice.endpoints.http)})`;
  expect(await evil.evaluate(attack)).toEqual(["refused", "refused", "refused", "refused"]);
  expect(stolen).toMatch(/^skein-/);
  const { status } = await fetch(`${alice.endpoints.http}/api/v1/commands`, {
    method: "POST",
    headers: { Cookie: stolen, Origin: alice.endpoints.http, "Content-Type": "application/json" },
    body: JSON.stringify({ name: "item.add", input: { title: "Stolen" } }),
  });
  expect(status).toBe(401);
  expect((await alice.api.items()).filter(({ title }) => title === "Stolen")).toEqual([]);
  stranger.close();
  await context.close();
});

test("with a certificate the page is served over TLS, with a cookie for TLS alone, and programs here need no certificate", async () => {
  await world.found("erin");
  const data = world.dataOf("erin");
  const [cert, key] = [join(data, "page.pem"), join(data, "page.key")];
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
  const certificate = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key, "-out", cert];
  execFileSync("openssl", [...certificate, ...subject], { stdio: "ignore" });
  writeFileSync(join(data, "node.yaml"), "http: { tls: { cert: page.pem, key: page.key } }\n");
  const erin = await world.start("erin", { slots: 0, headless: false, http: "0.0.0.0:0" });
  expect(erin.endpoints.http).toMatch(/^http:\/\/127\.0\.0\.1:/);
  const link = linkIn((await ui(erin)).stdout);
  expect(link).toMatch(/^https:\/\/127\.0\.0\.1:\d+\//);
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const page = await context.newPage();
  await page.goto(link);
  await page.locator("#live").waitFor();
  const [cookie] = await context.cookies();
  expect(cookie).toMatchObject({ secure: true, httpOnly: true, name: expect.stringMatching(/^__Host-skein-/) });
  await context.close();
});

test("a member's key comes in from another machine, with its role and its name in the history; a removed one does not", async () => {
  const carol = await world.join("carol", alice, { role: "operator", slots: 0 });
  const at = alice.endpoints.http;
  const { page, context } = await openPage(browser, linkIn((await ui(carol, "--at", at)).stdout));
  await page.getByText("operator", { exact: true }).waitFor();
  const { id } = await alice.api.addItem({ title: "Moved from elsewhere" });
  const [status] = await page.evaluate<readonly [number, string]>(commandFrom("item.start", { item: id }));
  expect(status).toBe(200);
  const started = (await alice.api.history(id)).find(({ kind }) => kind === "item.start");
  expect(started).toMatchObject({ by: "carol", outcome: "accepted" });
  const [invited] = await page.evaluate<readonly [number, string]>(commandFrom("member.invite", { role: "owner" }));
  expect(invited).not.toBe(200);
  // Bob's node knows her as well, and may do what she may.
  await waitFor("bob to know carol", async () =>
    (await bob.api.members()).members.some(({ name }) => name === "carol"),
  );
  expect(linkIn((await ui(carol, "--at", bob.endpoints.http)).stdout)).toContain(bob.endpoints.http);
  await alice.api.command("member.remove", { member: "carol" });
  await page.locator("#sign-in").waitFor();
  expectRefusal(await ui(carol, "--at", at), { code: 1, says: ["removed from the mesh"] });
  await context.close();
});

test("a page beyond this machine needs TLS, or somebody who says that it shall be without", async () => {
  const data = world.dataOf("dora");
  const anywhere = ["up", "--data", data, "--listen", "127.0.0.1:0", "--http", "0.0.0.0:0"];
  const refused = await world.skein(anywhere);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain("--insecure-http");
  mkdirSync(data, { recursive: true });
  writeFileSync(join(data, "node.yaml"), "http: { tls: { cert: missing.pem, key: missing.pem } }\n");
  expect((await world.skein(anywhere)).stderr).toContain("missing.pem");
});
