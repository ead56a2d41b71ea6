/**
 * Everything by keyboard: whoever has no mouse signs in, steers the board, answers agents, comments on lines, drains nodes and
 * makes the first project, and signs out. Each command that the page has (`PAGE_COMMANDS`) is sent by keys here, and what it
 * does is looked up on the node.
 */
import { openLogStore } from "@skein/store-sqlite";
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test, vi } from "vitest";

import { PAGE_COMMANDS } from "../../apps/board/src/commands.ts";
import type { NodeProcess } from "../support/node-process.ts";
import { waitFor } from "../support/wait.ts";
import { useWorld } from "../support/world.ts";
import { expectAccessible } from "./support/accessible.ts";
import { launchBrowser, openPage } from "./support/browser.ts";
import { inStage, itemThat } from "./support/items.ts";
import { type ItemStep, takeStep } from "./support/item-steps.ts";
import { createKeys, type Keys } from "./support/keys.ts";
import { goAndSettle } from "./support/settled.ts";

const ASKS = `Paint the shed.

\`\`\`skein attempt=1
- ask: { name: colour, text: "Which colour?", options: [blue, green], to: colour.txt }
- ask: { name: coats, text: "How many coats?", to: coats.txt }
- write:
    path: src/paint.js
    content: |
      export const paint = () => "blue";
      export const coats = 1;
- commit: Paint it
\`\`\`

\`\`\`skein attempt=2+
- write: { path: src/paint.js, content: "export const coats = 2;" }
- commit: Paint it twice
\`\`\`
`;

const HANGS = "```skein\n- hang: true\n```\n";

const world = useWorld();
let browser: Browser;
let alice: NodeProcess;
let carol: NodeProcess;
/** On the page of alice, for all tests but that of the first steps. */
let page: Page;
let keys: Keys;
/** The commands that pages have sent and nodes have done. */
const sent = new Set<string>();

beforeAll(async () => {
  await world.found("alice", await world.project());
  await world.found("carol");
  raiseAlarm(world.dataOf("carol"));
  [alice, carol, browser] = await Promise.all([
    world.start("alice", { slots: 1, headless: false }),
    world.start("carol", { slots: 1, headless: false }),
    launchBrowser(),
  ]);
  await world.join("bob", alice, { slots: 0 });
  ({ page, keys } = await openFor(alice));
});

afterAll(async () => {
  await browser?.close();
});

/** As a node raises one when a copy of its data runs somewhere. */
function raiseAlarm(directory: string): void {
  const opened = openLogStore({ directory });
  if (!opened.ok) throw new Error(opened.error.message);
  const alarm = { type: "twin", message: "A copy of this node runs somewhere.", at: Date.now() };
  opened.value.putMeta("alarms", new TextEncoder().encode(JSON.stringify([alarm])));
  opened.value.close();
}

async function openFor(node: NodeProcess): Promise<{ readonly page: Page; readonly keys: Keys }> {
  const opened = await openPage(browser, node.endpoints.http);
  await opened.page.setViewportSize({ width: 1_280, height: 900 });
  opened.page.on("response", (response) => {
    if (!response.ok() || !response.url().endsWith("/api/v1/commands")) return;
    const { name } = response.request().postDataJSON() as { readonly name: string };
    sent.add(name);
  });
  return { page: opened.page, keys: createKeys(opened.page) };
}

const button = (name: string | RegExp, within: Page | Locator = page): Locator =>
  within.getByRole("button", { name, exact: true });
const goTo = (name: string): Promise<void> =>
  keys.enter(page.getByRole("navigation").getByRole("link", { name, exact: true }));
const dialog = (): Locator => page.getByRole("dialog");
const note = (text: string | RegExp): Promise<void> => page.locator(".toast").getByText(text).last().waitFor();
const cardLink = (title: string, stage: string): Locator =>
  page.locator(`#stage-${stage}`).getByRole("link", { name: title, exact: true });

async function openItem(id: string): Promise<void> {
  await page.evaluate(`location.hash = ${JSON.stringify(`#/items/${id}`)}`);
  await page.locator(".item-line code").getByText(id).waitFor();
}

test("the link is typed where the keyboard is, and signs in", async () => {
  await keys.isAt(page.getByLabel("Sign-in link"));
  await keys.type(await alice.api.loginLink());
  await keys.press("Enter");
  await page.locator("#live").waitFor();
  expect(page.url()).not.toContain("login");
});

test("an item is added with Ctrl+Enter, found, and steered from its card, and the focus goes where the card goes", async () => {
  await keys.enter(button("New item"));
  await keys.isAt(page.getByLabel("Title"));
  await keys.type("By keys");
  await keys.to(page.getByLabel(/^Story/));
  await keys.type("One line.");
  await keys.press("Enter");
  await keys.type("Another line.");
  await keys.to(page.getByLabel(/^Acceptance criteria/));
  await keys.type("It is seen.");
  await keys.choose(page.getByLabel("Type"), "Bug");
  await keys.to(page.getByLabel(/^Story/));
  await keys.press("Control+Enter");
  await keys.closed();
  await keys.isAt(button("New item"));
  const item = await waitFor("it", async () => (await alice.api.items()).find(({ title }) => title === "By keys"));
  const written = { text: "One line.\nAnother line.", criteria: "It is seen." };
  expect(await alice.api.item(item.id)).toMatchObject({ type: "bug", stage: "Backlog", ...written });
  await alice.api.addItem({ title: "Second", priority: 3, labels: ["ui"] });

  await cardLink("Second", "backlog").waitFor();
  await keys.press("/");
  await keys.isAt(page.getByRole("searchbox"));
  await keys.type("second");
  await waitFor("the search to be over", async () => (await cardLink("By keys", "backlog").count()) === 0);
  await keys.enter(button("Clear"));
  await keys.isAt(page.getByRole("searchbox"));
  await keys.choose(page.getByLabel("Label", { exact: true }), "ui");
  await waitFor("the label to count", async () => (await cardLink("By keys", "backlog").count()) === 0);
  await keys.choose(page.getByLabel("Group", { exact: true }), "By label");
  await page.locator(".group-head").getByText("ui").waitFor();
  await keys.to(button("New item"));
  await keys.press("x", "j");
  await keys.isAt(cardLink("By keys", "backlog"));
  await keys.press("ArrowDown");
  await keys.isAt(cardLink("Second", "backlog"));
  await keys.press("k");

  await keys.press("m");
  await keys.write(dialog().getByLabel("Why it is on hold"), "until Monday");
  await keys.press("Enter");
  await keys.closed();
  await itemThat(alice.api, item.id, "to be on hold", ({ hold }) => hold === "until Monday");
  await keys.isAt(cardLink("By keys", "backlog"));
  await keys.press("m");
  await keys.choose(dialog().getByLabel("Priority"), "8");
  await keys.enter(button("Set the priority"));
  await keys.closed();
  await itemThat(alice.api, item.id, "to be urgent", ({ priority }) => priority === 8);
  // What can be done with a card by dragging it can be done from its own button.
  await keys.enter(button("Actions for By keys"));
  await keys.enter(button("Coding", dialog()));
  await keys.closed();
  await itemThat(alice.api, item.id, "to be in Coding", ({ stage }) => stage === "Coding");
  await keys.isAt(cardLink("By keys", "coding"));
  await keys.press("m");
  await keys.enter(button("Archived", dialog()));
  await keys.closed();
  await inStage(alice.api, item.id, "Archived");
  await keys.isAt(cardLink("By keys", "archived"));
});

test("what the node refuses is read out, seen and put away while the dialog stays open", async () => {
  await keys.press("h");
  await keys.isAt(cardLink("Second", "backlog"));
  await keys.press("m");
  await keys.write(dialog().getByLabel("Why it is on hold"), "x".repeat(600));
  await keys.press("Enter");
  const told = dialog().getByRole("status").locator('.toast[data-type="problem"]');
  await told.waitFor();
  expect(await told.evaluate(isInFront)).toBe(true);
  await expectAccessible(page, "refused in a dialog");
  await keys.enter(button("Dismiss", told));
  await waitFor("the problem to go", async () => (await told.count()) === 0);
  await keys.press("Escape");
  await keys.closed();
  await keys.isAt(cardLink("Second", "backlog"));
  await keys.press("Enter");
  await page.locator("#item").waitFor();
});

/** Nothing lies over it. */
function isInFront(one: Element): boolean {
  const { left, top, width, height } = one.getBoundingClientRect();
  return one.contains(document.elementFromPoint(left + width / 2, top + height / 2));
}

/** Does it by keys; the focus is somewhere sensible afterwards. */
async function does(step: ItemStep, id: string): Promise<void> {
  await takeStep(step, { page, keys, api: alice.api, item: id });
  await keys.closed();
}

test("an item is started, held, released, put back, archived, restored, retried and deleted from its page", async () => {
  const { id } = await alice.api.addItem({ title: "Steered", text: HANGS });
  await openItem(id);
  for (const step of [
    "hold",
    "release",
    "start",
    "shelve",
    "archive",
    "restore",
    "archive",
    "retry",
    "archive",
  ] as const) {
    await does(step, id);
  }
  await does("delete", id);
  await page.locator("#board").waitFor();
  expect((await alice.api.items()).map((one) => one.id)).not.toContain(id);
});

test("an agent is answered, a line commented on without a letter as shortcut, the branch sent back and approved", async () => {
  const { id } = await alice.api.addItem({ title: "Paint the shed", text: ASKS, qa: "human" });
  await openItem(id);
  await does("start", id);
  await keys.enter(button("Answer it").first());
  await keys.isAt(page.getByRole("heading", { name: "Questions" }));
  await keys.enter(button("blue"));
  await keys.write(page.getByLabel("Your answer"), "one");
  await keys.press("Enter");
  await inStage(alice.api, id, "Qa");
  await button("Approve").first().waitFor();

  await keys.to(page.getByRole("tab", { name: /^Story/ }));
  await keys.press("ArrowRight", "ArrowRight", "ArrowRight");
  await keys.isAt(page.getByRole("tab", { name: /^Diff/ }));
  const line = (at: number): Locator => page.locator(`.diff-line[data-place="src/paint.js:${at}"]`);
  await keys.to(line(1));
  await keys.press("ArrowDown");
  await keys.isAt(line(2));
  await keys.press("Enter");
  await keys.isAt(page.getByRole("textbox", { name: "Comment" }));
  await keys.type("Two coats, please.");
  await keys.press("Control+Enter");
  await page.locator(".item-comment").getByText("Two coats, please.").waitFor();
  await keys.isAt(line(2));
  const said = await alice.api.get<{ readonly comments: readonly object[] }>(`/items/${id}`);
  expect(said.comments).toEqual([
    expect.objectContaining({ path: "src/paint.js", line: 2, text: "Two coats, please." }),
  ]);

  await does("reject", id);
  await itemThat(
    alice.api,
    id,
    "to wait again",
    ({ stage, claim, attempts }) => stage === "Qa" && claim === null && attempts === 1,
  );
  await button("Approve").first().waitFor();
  await does("approve", id);
});

test("the way out of what an item is stuck in is taken, and the focus stays near it", async () => {
  await alice.api.command("mesh.freeze", { reason: "a fire" });
  const { id } = await alice.api.addItem({ title: "Frozen", text: HANGS, start: true });
  await openItem(id);
  await keys.enter(button("Unfreeze the mesh"));
  await keys.enter(button("Unfreeze the mesh", dialog()));
  await keys.closed();
  const { hold } = await inStage(alice.api, id, "Coding");
  expect(hold).toBe("");
  await page.locator(".item-causes").waitFor({ state: "detached" });
  await keys.closed();
  await alice.api.command("item.delete", { item: id });
});

interface Written {
  readonly field: "text" | "criteria";
  readonly edit: string;
  readonly label: string;
  readonly done: string;
}

async function writeIn(id: string, { field, edit, label, done }: Written): Promise<void> {
  const stored = async (): Promise<string> =>
    (await alice.api.get<Readonly<Record<Written["field"], string>>>(`/items/${id}`))[field];
  const wanted = `${await stored()} Now something.`.trim();
  await keys.enter(button(edit));
  const editor = page.getByRole("textbox", { name: label });
  await keys.isAt(editor);
  await keys.press("Control+End");
  await keys.type((await stored()) === "" ? "Now something." : " Now something.");
  await keys.press("Escape", "Tab");
  await waitFor("the editor to be left", async () => !(await editor.evaluate((one) => one.matches(":focus"))));
  await waitFor("the node to have it", async () => (await stored()) === wanted);
  await keys.enter(button(done));
  await keys.isAt(button(edit));
  await page.locator(".item-story").getByText(wanted, { exact: true }).waitFor();
}

test("a story and its criteria are written and left with Escape and Tab, and a note is added", async () => {
  const { id } = await alice.api.addItem({ title: "Written", text: "Nothing yet." });
  await openItem(id);
  await writeIn(id, { edit: "Edit", field: "text", label: "Story text", done: "Done" });
  await writeIn(id, {
    edit: "Edit the criteria",
    field: "criteria",
    label: "Acceptance criteria",
    done: "Done with the criteria",
  });
  await keys.write(page.getByRole("textbox", { name: "Note" }), "Looked at it.");
  await keys.press("Enter");
  await page.locator(".item-notes").getByText("Looked at it.").waitFor();
  const { notes } = await alice.api.get<{ readonly notes: readonly { readonly text: string }[] }>(`/items/${id}`);
  expect(notes.map(({ text }) => text)).toEqual(["Looked at it."]);
});

test("the merge queue is paused and resumed", async () => {
  await goTo("Flow");
  const mode = async (): Promise<string> => (await alice.api.get<{ readonly mode: string }>("/queue")).mode;
  await keys.enter(button("Pause"));
  await keys.write(dialog().getByLabel("Why (others read it)"), "the release is built");
  await keys.tick(dialog().getByRole("checkbox"));
  await keys.enter(button("Pause", dialog()));
  await keys.closed();
  await waitFor("the queue to drain", async () => (await mode()) === "draining");
  await keys.enter(button("Resume"));
  await keys.enter(button("Resume", dialog()));
  await keys.closed();
  await waitFor("the queue to be open", async () => (await mode()) === "open");
  expect(sent).toContain("queue.resume");
});

test("a node is invited, drained, undrained and removed, and a key is rotated", async () => {
  await goTo("Mesh");
  await keys.enter(button("Invite a machine"));
  await keys.choose(page.getByLabel("What the new member may do"), "observer: sees everything, changes nothing");
  // Enter alone opens the list.
  await keys.press("Control+Enter");
  await page.locator("[data-ticket]").waitFor();
  await keys.enter(button("Done"));
  await keys.closed();
  expect((await alice.api.members()).invites.map(({ role }) => role)).toContain("observer");

  const bob = async (): Promise<string> => (await alice.api.nodes()).find(({ name }) => name === "bob")?.standby ?? "";
  await keys.enter(page.locator(".mesh-card").filter({ hasText: "bob" }));
  await keys.enter(button("Drain"));
  await keys.write(dialog().getByRole("textbox"), "the disk is swapped");
  await keys.enter(button("Drain it"));
  await keys.closed();
  await waitFor("bob to be drained", async () => (await bob()).includes("the disk is swapped"));
  await keys.enter(button("Take work again"));
  await keys.enter(button("Take work again", dialog()));
  await keys.closed();
  await waitFor("bob to take work", async () => (await bob()) === "");
  await keys.enter(button("Remove"));
  await keys.write(dialog().getByRole("textbox"), "sold");
  await keys.enter(button("Remove it for good"));
  await keys.closed();
  const members = async (): ReturnType<typeof alice.api.members> => alice.api.members();
  await waitFor("bob to be removed", async () =>
    (await members()).members.some(({ name, removed }) => name === "bob" && removed),
  );

  await keys.enter(page.locator(".mesh-card").filter({ hasText: "alice" }));
  await keys.enter(button("Rotate key"));
  await keys.enter(button("Rotate the key"));
  await keys.closed();
  await waitFor("the key to be another", async () =>
    (await members()).members.some(({ name, earlierKeys }) => name === "alice" && earlierKeys.length === 1),
  );
});

/** Those that every page has before its own. */
const FRAME_STOPS = 8;

test("every page is gone through by Tab: each control is a stop, each stop is seen, and nothing holds the keyboard", async () => {
  const item = (await alice.api.items()).find(({ title }) => title === "Paint the shed")?.id ?? "";
  const places = [
    "#/",
    "#/mesh",
    "#/flow",
    "#/start",
    ...["story", "attempts", "log", "diff", "history", "cost"].map((tab) => `#/items/${item}?tab=${tab}`),
  ];
  for (const place of places) {
    await goAndSettle(page, `${alice.endpoints.http}/${place}`);
    const { stops, missed } = await keys.round();
    expect([place, missed]).toEqual([place, []]);
    expect(stops.length).toBeGreaterThan(FRAME_STOPS);
  }
});

test("the list of keys, the colours, the way to the page's beginning and the way out", async () => {
  await goTo("Board");
  await page.locator("#board").waitFor();
  await page.reload();
  await page.locator("#board").waitFor();
  await keys.press("Tab");
  await keys.isAt(page.locator("a.skip"));
  await keys.press("Enter");
  await keys.isAt(page.locator("#main"));
  await keys.enter(button("Keyboard shortcuts"));
  await keys.to(page.getByLabel("Single keys act as shortcuts"));
  await keys.press("Escape");
  await keys.closed();
  await keys.isAt(button("Keyboard shortcuts"));
  await keys.enter(button(/^Colours follow the system/));
  expect(await page.evaluate("document.documentElement.dataset.theme")).toBe("light");
  await keys.enter(button("Sign out"));
  await keys.isAt(page.getByLabel("Sign-in link"));
});

test("an alarm is put away, and the first steps lead from nothing to a project, its story and another repository", async () => {
  ({ page, keys } = await openFor(carol));
  await keys.type(await carol.api.loginLink());
  await keys.press("Enter");
  await page.waitForURL(/#\/start$/);
  await keys.press("g", "m");
  await keys.enter(button("I have seen them"));
  await note("The alarms are over.");
  expect((await carol.api.doctor()).checks.filter(({ name }) => name === "alarm")).toEqual([]);

  await keys.press("g", "s");
  await keys.enter(button("Got it"));
  await keys.isAt(page.getByRole("heading", { name: /^A repository/ }));
  await keys.enter(button("Make a practice repository"));
  await keys.isAt(page.getByRole("heading", { name: /^A story/ }));
  const projects = async (): Promise<readonly string[]> =>
    (await carol.api.get<readonly { readonly name: string }[]>("/projects")).map(({ name }) => name);
  expect(await projects()).toEqual(["practice"]);
  await keys.enter(button("Start it"));
  await page.getByRole("heading", { name: "Your first merge" }).waitFor({ timeout: 60_000 });
  expect((await carol.api.items())[0]).toMatchObject({ title: "Say good-bye", stage: "Done" });

  await keys.enter(page.getByRole("link", { name: "Choose it" }));
  await keys.write(page.getByLabel("Path of the repository"), (await world.project({ name: "own" })).clone);
  await keys.press("Enter");
  await keys.isAt(page.getByRole("heading", { name: /^Tests and agent/ }));
  await keys.enter(button("Make it the project"));
  const isDone = async (): Promise<boolean> => sent.has("project.begin") && (await projects()).includes("demo");
  await waitFor("the project to be another", isDone);
});

test("there is no command of the page that was not sent by keys", async () => {
  // The page hears of the last one a little later than the node has done it.
  await vi.waitFor(() => expect([...sent].toSorted()).toEqual([...PAGE_COMMANDS]), { timeout: 20_000 });
});
