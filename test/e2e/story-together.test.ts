/**
 * One story, two browsers, two nodes: what one types the other reads, with a caret that has a name; a command from a terminal
 * comes to both; and what is typed while a node is cut off, or dead, is there when it is back.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";

import type { NodeProcess } from "../support/node-process.ts";
import { waitFor } from "../support/wait.ts";
import { useWorld } from "../support/world.ts";
import { launchBrowser, openPage } from "./support/browser.ts";
import { openWriter, writeOn, type Writer } from "./support/story-writer.ts";

const world = useWorld();
let alice: NodeProcess;
let bob: NodeProcess;
let browser: Browser;

beforeAll(async () => {
  await world.found("alice");
  alice = await world.start("alice", { slots: 0, headless: false });
  bob = await world.join("bob", alice, { slots: 0, headless: false, role: "operator" });
  browser = await launchBrowser();
});

afterAll(async () => {
  await browser?.close();
});

const write = (node: NodeProcess, item: string, button?: string, label?: string): Promise<Writer> =>
  openWriter(browser, node, item, button, label);

const story = async (node: NodeProcess, item: string): Promise<string> => (await node.api.item(item)).text;

async function expectText(what: string, text: string, ...readers: readonly (() => Promise<string>)[]): Promise<void> {
  for (const read of readers) await waitFor(what, async () => (await read()) === text);
}

async function add(title: string, text: string): Promise<string> {
  const { id } = await alice.api.command<{ id: string }>("item.add", { title, text });
  await waitFor("the item at bob's", async () => (await bob.api.items()).some((one) => one.id === id));
  return id;
}

test("two people on two nodes write one story, and a command from a terminal comes to both", async () => {
  const item = await add("Together", "A story.\n");
  const [ann, ben] = [await write(alice, item), await write(bob, item)];
  await ann.type("What Ann wants.");
  await expectText("Ann's words at Ben's", "A story.\nWhat Ann wants.", ben.read, () => story(bob, item));
  await ann.says("Saved");
  await ben.page.locator(".cm-other-name", { hasText: "alice" }).waitFor();
  // Both at once, at the two ends.
  await ben.text.focus();
  await ben.page.keyboard.press("Control+Home");
  await Promise.all([ben.page.keyboard.type("# ", { delay: 20 }), ann.type(" And why.")]);
  const both = "# A story.\nWhat Ann wants. And why.";
  await expectText(
    "both halves everywhere",
    both,
    ann.read,
    ben.read,
    () => story(alice, item),
    () => story(bob, item),
  );
  const file = world.directory("edit");
  writeFileSync(join(file, "story.md"), "# A story.\nBetween.\nWhat Ann wants. And why.");
  const edited = await world.skein([
    "item",
    "edit",
    item,
    "--text",
    join(file, "story.md"),
    "--data",
    world.dataOf("bob"),
  ]);
  expect(edited.code).toBe(0);
  await expectText("the command's line", "# A story.\nBetween.\nWhat Ann wants. And why.", ann.read, ben.read);
  expect([...ann.complaints, ...ben.complaints]).toEqual([]);
  for (const node of [alice, bob]) {
    const { stdout } = await world.skein(["verify", "--json", "--data", world.dataOf(node.name)]);
    expect(JSON.parse(stdout)).toMatchObject({ ok: true });
  }
  expect((await alice.api.digest()).digest).toBe((await bob.api.digest()).digest);
  await ann.context.close();
  await ben.context.close();
});

test("what is typed while the browser is cut off is merged with what others wrote when it is back", async () => {
  const item = await add("Cut off", "one\ntwo");
  const [ann, ben] = [await write(alice, item), await write(bob, item)];
  await ann.context.setOffline(true);
  await ann.says(/^Offline/);
  await ann.type(" and mine");
  await ann.says(/kept here, and sent when/);
  await ben.text.focus();
  await ben.page.keyboard.press("Control+Home");
  await ben.page.keyboard.type("zero\n");
  await expectText("Ben's words on his node", "zero\none\ntwo", () => story(bob, item));
  expect(await ann.read()).toBe("one\ntwo and mine");
  await ann.context.setOffline(false);
  await expectText("both", "zero\none\ntwo and mine", ann.read, ben.read, () => story(alice, item));
  await ann.says("Saved");
  await ann.context.close();
  await ben.context.close();
});

test("what was typed while cut off is there when the page is opened again", async () => {
  const item = await add("Closed", "kept");
  const ann = await write(alice, item);
  await ann.context.setOffline(true);
  await ann.type(", and closed");
  await ann.says(/kept here, and sent when/);
  await ann.page.close();
  await ann.context.setOffline(false);
  expect(await story(alice, item)).toBe("kept");
  const page = await ann.context.newPage();
  await page.goto(await alice.api.loginLink());
  await page.locator("#live").waitFor();
  const again = await writeOn(page, item, undefined);
  await expectText(
    "the kept words",
    "kept, and closed",
    again.read,
    () => story(alice, item),
    () => story(bob, item),
  );
  await again.says("Saved");
  await ann.context.close();
});

test("the criteria are written together beside the story, and given from a terminal", async () => {
  const file = join(world.directory("criteria"), "done.md");
  writeFileSync(file, "- it runs\n");
  const added = await world.skein([
    "item",
    "add",
    "With criteria",
    "--criteria",
    file,
    "--data",
    world.dataOf("alice"),
  ]);
  expect(added.code).toBe(0);
  const found = async (): Promise<string | undefined> =>
    (await bob.api.items()).find(({ title }) => title === "With criteria")?.id;
  await waitFor("the item at bob's", async () => (await found()) !== undefined);
  const item = (await found()) ?? "";
  const [ann, ben] = [
    await write(alice, item, "Edit the criteria", "Acceptance criteria"),
    await write(bob, item, "Edit the criteria", "Acceptance criteria"),
  ];
  // Both texts of one page at once, each with its own carets.
  const story = await writeOn(ann.page, item, "Edit", "Story text");
  await story.type("A story.");
  await ben.type("- and fast");
  await ann.page.locator(".cm-other-name", { hasText: "bob" }).waitFor();
  await expectText("what ben wrote at ann's", "- it runs\n- and fast", ann.read);
  await ann.type(", really");
  const all = "- it runs\n- and fast, really";
  await expectText("the criteria at both", all, ann.read, ben.read);
  expect(await story.read()).toBe("A story.");
  expect(await story.carets()).toBe(0);
  for (const node of [alice, bob]) {
    await waitFor(`the criteria on ${node.name}`, async () => {
      const { text, criteria } = await node.api.get<{ text: string; criteria: string }>(`/items/${item}`);
      return criteria === all && text === "A story.";
    });
  }
  const shown = await world.skein(["item", "show", item, "--data", world.dataOf("bob")]);
  expect(shown.stdout).toContain("Acceptance criteria:\n\n- it runs\n- and fast, really");
  expect([...ann.complaints, ...ben.complaints]).toEqual([]);
  await ann.context.close();
  await ben.context.close();
});

test("who only reads sees what others write, and has nothing to write with", async () => {
  const item = await add("Read", "for reading");
  const { page, complaints } = await openPage(browser, await alice.api.loginLink("observer"));
  await page.locator("#live").waitFor();
  await page.evaluate(`location.hash = "#/items/${item}"`);
  const text = page.locator(".item-story");
  await text.waitFor();
  expect(await page.locator("#story-title button").count()).toBe(0);
  const ben = await write(bob, item);
  await ben.type(" and writing");
  await text.getByText("for reading and writing").waitFor();
  expect(complaints).toEqual([]);
  await page.context().close();
  await ben.context.close();
});

test("a node that dies while somebody types loses nothing that was typed", async () => {
  const item = await add("Killed", "before");
  const ben = await write(bob, item);
  await ben.type(", typed");
  await ben.says("Saved");
  const { http } = bob.endpoints;
  await bob.kill();
  await ben.says(/^Offline/);
  // Kept in the browser, until this node is back or another one takes the page in.
  await ben.type(" and while it was dead");
  bob = await world.start("bob", { slots: 0, headless: false, http: new URL(http).host });
  await expectText(
    "all of it on both nodes",
    "before, typed and while it was dead",
    () => story(bob, item),
    () => story(alice, item),
  );
  await ben.says("Saved");
  await ben.context.close();
});
