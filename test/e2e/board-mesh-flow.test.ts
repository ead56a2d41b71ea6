/**
 * The mesh page and the flow page as a person has them open, on three real nodes: who is there, a ticket that really joins, a drain,
 * a node that dies, the queue with what was red, and who held what.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";

import { type Api, createApi } from "../support/api-client.ts";
import { controlledWork, type ControlledWork } from "../support/controlled-work.ts";
import type { NodeProcess } from "../support/node-process.ts";
import { waitFor } from "../support/wait.ts";
import { useWorld } from "../support/world.ts";
import { expectAccessible } from "./support/accessible.ts";
import { launchBrowser, openPage } from "./support/browser.ts";
import { inStage } from "./support/items.ts";
import { createPerson } from "./support/person.ts";

const world = useWorld();
let work: ControlledWork;
let api: Api;
let peer: string;
let bob: NodeProcess;
let browser: Browser;
let page: Page;
/** Everything the browser complained about. */
let complaints: readonly string[];

beforeAll(async () => {
  work = controlledWork(world.directory("doors"));
  const config = { ...work.config, claim: "{ ttl: 2s, stagger: 100ms }" };
  const project = await world.project({ files: work.files, config });
  await world.found("alice", project);
  const alice = createPerson(world, "alice", project.clone);
  // It has no slots: what is worked on is worked on by nodes that the test may kill.
  const ports = "--listen 127.0.0.1:0 --http 127.0.0.1:0";
  const running = alice.runs(`npx skein up --data ${world.dataOf("alice")} --slots 0 ${ports}`);
  const [, address = ""] = await running.prints(/^Board: (http:\/\/\S+)$/m);
  const token = readFileSync(join(world.dataOf("alice"), "token"), "utf8").trim();
  api = createApi("alice", new URL(address).origin, token);
  peer = peerOf("alice");
  const { ticket } = await api.invite("operator");
  bob = await world.start("bob", { ticket, rendezvous: [peer] });
  browser = await launchBrowser();
  ({ page, complaints } = await openPage(browser, await api.loginLink()));
  await page.setViewportSize({ width: 1_440, height: 1_000 });
  await page.emulateMedia({ reducedMotion: "reduce" });
  await page.locator("#live").waitFor();
});

afterAll(async () => {
  await browser?.close();
});

const peerOf = (name: string): string => {
  const written: { readonly peer: string } = JSON.parse(
    readFileSync(join(world.dataOf(name), "endpoints.json"), "utf8"),
  );
  return written.peer;
};

const goTo = (name: string): Promise<void> => page.getByRole("navigation").getByRole("link", { name }).click();
const card = (name: string): Locator => page.locator(".mesh-card").filter({ hasText: name });
const row = (table: string, name: string): Locator =>
  page.getByRole("group", { name: table }).getByRole("row").filter({ hasText: name });

test("the mesh is there as a graph and as tables, with what is measured of a link", async () => {
  await goTo("Mesh");
  await card("alice").waitFor();
  await card("bob").waitFor();
  await row("Nodes", "bob").filter({ hasText: "direct" }).filter({ hasText: "in step" }).waitFor();
  await row("Links", "bob").filter({ hasText: "measured here" }).filter({ hasText: "ms" }).waitFor();
  expect(await page.locator(".mesh-line").count()).toBe(1);
  // What the graph shows can be reached without a mouse.
  await expectAccessible(page, "mesh");
  await card("bob").focus();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "bob" }).waitFor();
  expect(complaints).toEqual([]);
});

test("a ticket made on the page lets one machine in, and is nowhere once the dialog is closed", async () => {
  await page.getByRole("button", { name: "Invite a machine" }).click();
  await page.getByLabel("What the new member may do").selectOption("operator");
  await page.getByRole("button", { name: "Make the ticket" }).click();
  const command = (await page.locator("[data-ticket]").textContent()) ?? "";
  await page.getByRole("img", { name: "QR code" }).waitFor();
  const ticket = /--ticket (\S+)$/.exec(command)?.[1] ?? "";
  expect(command).toContain(`--rendezvous ${peer}`);
  await page.getByRole("button", { name: "Done" }).click();
  expect(await page.evaluate("document.documentElement.outerHTML")).not.toContain(ticket);
  expect(
    await page.evaluate("JSON.stringify([{ ...localStorage }, { ...sessionStorage }, location.href])"),
  ).not.toContain(ticket);
  await page.getByRole("cell", { name: "operator" }).first().waitFor();

  await world.start("carol", { ticket, rendezvous: [peer] });
  await card("carol").waitFor();
  await row("Nodes", "carol").filter({ hasText: "operator" }).waitFor();
  // Told by their own beats: bob and carol have found each other.
  await row("Links", "told by").waitFor();
  expect(complaints.filter((one) => one.includes(ticket))).toEqual([]);
});

test("a node that is drained says so with the reason", async () => {
  await card("carol").click();
  await page.getByRole("button", { name: "Drain", exact: true }).click();
  await page.getByLabel("Why (others read it)").fill("<b>the disk</b> is swapped");
  await page.getByRole("button", { name: "Drain it" }).click();
  await card("carol").filter({ hasText: "draining: <b>the disk</b> is swapped" }).waitFor();
  expect((await api.nodes()).find(({ name }) => name === "carol")?.standby).toBe(
    "draining: <b>the disk</b> is swapped",
  );
  expect(await page.locator(".mesh-page b").count()).toBe(0);
  // The board's strip says so too, and why when pointed at.
  await page.evaluate('location.hash = "#/"');
  const chip = page.locator("#nodes li").filter({ hasText: "carol" });
  await chip.getByTitle(/takes no work: draining: <b>the disk<\/b> is swapped/).waitFor();
  expect(await chip.locator(".state").innerText()).toBe("draining");
  await page.evaluate('location.hash = "#/mesh"');
  await card("carol").click();
});

test("what is drained gets nothing; a holder that dies is shown as silent, and who took over is on the timeline", async () => {
  work.shut("coding-1");
  const { id } = await api.addItem({ title: "Outlive a node", start: true });
  await waitFor("an agent to be at work", () => work.arrivals().includes(`coding-${id}-1`));
  expect((await api.item(id)).claim?.nodeName).toBe("bob");
  await card("bob").filter({ hasText: "Outlive a node" }).waitFor();
  await page.getByRole("button", { name: "Take work again" }).first().click();
  await page.getByRole("dialog").getByRole("button", { name: "Take work again" }).click();
  await card("carol").filter({ hasText: "alive" }).waitFor();
  await bob.kill();
  await card("bob").filter({ hasText: "silent" }).waitFor();
  work.open("coding-1");
  await inStage(api, id, "Done");

  await goTo("Flow");
  const takeover = page.getByRole("button", { name: /Outlive a node: carol, epoch 2.*taken over from bob/ });
  await takeover.waitFor();
  await page.getByRole("button", { name: /Outlive a node: bob, epoch 1.*taken over by another claim/ }).waitFor();
  await page.getByText("holder fell silent").first().waitFor();
  // From bar to bar by the keyboard.
  await page.getByRole("button", { name: /Outlive a node: bob/ }).focus();
  await page.keyboard.press("ArrowRight");
  await takeover.and(page.locator(":focus")).waitFor();
});

test("the queue is there with its head and what it waits for; a pause says who said it and why", async () => {
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByLabel("Why (others read it)").fill("the release is built");
  await page.getByRole("dialog").getByRole("button", { name: "Pause" }).click();
  await page.getByText("Paused: nothing lands.").waitFor();
  const { id } = await api.addItem({ title: "Wait your turn", start: true });
  await inStage(api, id, "Merge");
  const queue = page.getByRole("region", { name: "Merge queue" });
  await queue.getByText("Wait your turn").waitFor();
  await queue.getByText("the merge queue is paused: the release is built").waitFor();
  await page.getByRole("button", { name: "Resume" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Resume" }).click();
  await inStage(api, id, "Done");
  await page.getByText("2 landed").waitFor();
  expect(await page.getByRole("region", { name: "Merge queue" }).getByText("Nothing waits to land.").count()).toBe(1);
});

test("who may only look sees both pages and is offered nothing to do", async () => {
  const { stdout } = await world.skein(["ui", "--role", "observer", "--json", "--data", world.dataOf("alice")]);
  const { link }: { readonly link: string } = JSON.parse(stdout);
  const looking = await openPage(browser, link);
  await looking.page.locator("#live").waitFor();
  await looking.page.getByRole("navigation").getByRole("link", { name: "Mesh" }).click();
  await looking.page.locator(".mesh-card").filter({ hasText: "carol" }).click();
  await looking.page.getByRole("heading", { name: "carol" }).waitFor();
  for (const name of ["Invite a machine", "Drain", "Remove"])
    expect(await looking.page.getByRole("button", { name, exact: true }).count()).toBe(0);
  await looking.page.getByRole("navigation").getByRole("link", { name: "Flow" }).click();
  await looking.page.getByRole("region", { name: "Merge queue" }).waitFor();
  expect(await looking.page.getByRole("button", { name: "Pause" }).count()).toBe(0);
  expect(looking.complaints).toEqual([]);
  await looking.context.close();
});

test("a range is part of the address, and every chart has its numbers as a table", async () => {
  await page.getByRole("button", { name: "30 days" }).click();
  await waitFor("the address to say so", () => page.url().endsWith("#/flow?range=30d"));
  await expectAccessible(page, "flow");
  const landings = page.getByRole("figure", { name: "Landings" });
  await landings.getByText("As a table").click();
  await landings.getByRole("row").nth(30).waitFor();
  expect(await page.getByRole("figure", { name: "Spend by day" }).locator("svg[aria-hidden]").count()).toBe(1);
  expect(complaints).toEqual([]);
});

test("what was red lately is read to its end on a phone, with its command set as one", async () => {
  const told = { at: Date.now(), item: "0123456789ab", title: "Say hello ".repeat(8), attempt: 1, author: "bob" };
  const what = `npm test ended with 1, and ${"said a lot, ".repeat(20)}as \`skein logs 0123\` shows.`;
  const red = [{ ...told, ranOn: "carol", what }];
  const phone = await openPage(browser, await api.loginLink());
  await phone.page.setViewportSize({ width: 390, height: 844 });
  await phone.page.route("**/api/v1/queue/blame", (route) =>
    route.fulfill({ json: { modeBy: null, modeSince: null, target: null, red } }),
  );
  await phone.page.locator("#live").waitFor();
  await phone.page.evaluate('location.hash = "#/flow"');
  const table = phone.page.getByRole("group", { name: "What was red lately" });
  await table.locator("code", { hasText: /^skein logs 0123$/ }).waitFor();
  const hidden = `(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)(document.querySelector(".table-room:has(.red)"))`;
  expect(await phone.page.evaluate(hidden)).toBe(0);
  await expectAccessible(phone.page, "flow with what was red");
  await phone.context.close();
});
