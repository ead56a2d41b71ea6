/** An item's page as a person uses it: in a real browser, against real nodes and the scripted agent, from the keyboard. */
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";

import type { NodeProcess } from "../support/node-process.ts";
import { landingOf, type Project } from "../support/project.ts";
import { waitFor } from "../support/wait.ts";
import { useWorld } from "../support/world.ts";
import { expectAccessible } from "./support/accessible.ts";
import { launchBrowser, openPage, type OpenedPage } from "./support/browser.ts";
import { inStage, itemThat } from "./support/items.ts";
import { createKeys } from "./support/keys.ts";

const world = useWorld();
let project: Project;
let alice: NodeProcess;
let browser: Browser;

/** The second attempt commits what it was told, so that the test can read it. */
const KEEP = `import { readFileSync, writeFileSync } from "node:fs";
writeFileSync("told.md", readFileSync(process.env.SKEIN_STORY_FILE, "utf8"));
console.log("\\u001b[32mkept what I was told\\u001b[0m");
`;

const STORY = `Paint the shed.

\`\`\`skein attempt=1
- print: "looking for a brush"
- ask: { text: "Which colour?", options: [blue, green], to: colour.txt }
- write:
    path: src/paint.js
    content: |
      export const paint = () => "blue";
      export const coats = 1;
- commit: Paint it
\`\`\`

\`\`\`skein attempt=2+
- run: [node, keep.mjs]
- commit: Keep what I was told
\`\`\`
`;

beforeAll(async () => {
  project = await world.project({ files: { "keep.mjs": KEEP } });
  await world.found("alice", project);
  alice = await world.start("alice", { slots: 1, headless: false });
  browser = await launchBrowser();
});

afterAll(async () => {
  await browser?.close();
});

async function openItem(node: NodeProcess, id: string, role?: string): Promise<OpenedPage> {
  const opened = await openPage(browser, await node.api.loginLink(role));
  const { page } = opened;
  await page.setViewportSize({ width: 1_280, height: 900 });
  await page.locator("#live").waitFor();
  await page.evaluate(`location.hash = ${JSON.stringify(`#/items/${id}`)}`);
  await page.locator("#item").waitFor();
  return opened;
}

const tab = (page: Page, name: string): ReturnType<Page["locator"]> =>
  page.getByRole("tab", { name: new RegExp(`^${name}`), selected: true });

/** Pictures of what the test saw, where somebody asks for them. */
async function picture({ page }: OpenedPage, name: string): Promise<void> {
  const directory = process.env["SKEIN_PICTURES"];
  if (directory === undefined) return;
  await page.screenshot({ path: join(directory, `${name}.png`), fullPage: true });
  await page.setViewportSize({ width: 390, height: 844 });
  await page.emulateMedia({ colorScheme: "dark" });
  await page.screenshot({ path: join(directory, `${name}-narrow-dark.png`), fullPage: true });
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize({ width: 1_280, height: 900 });
}

test("a question is answered, a diff commented on, a draft outlives a reload, and the next attempt is told", async () => {
  const { id } = await alice.api.addItem({ title: "Paint the shed", text: STORY, start: true, qa: "human" });
  const opened = await openItem(alice, id);
  const { page, complaints } = opened;

  await page.getByText("Which colour?").first().waitFor();
  await expectAccessible(page, "question");
  await picture(opened, "question");
  await page.keyboard.press("3");
  await page.locator(".log").getByText("looking for a brush").waitFor();
  await page.keyboard.press("1");
  await page.getByRole("button", { name: "blue" }).click();
  await page.getByText("answered by").waitFor();
  await page.locator(".item-stage").getByText("Qa").waitFor();
  await page.getByRole("button", { name: "Approve" }).waitFor();

  await page.keyboard.press("4");
  await tab(page, "Diff").waitFor();
  const line = page.locator('.diff-line[data-place="src/paint.js:2"]');
  await line.waitFor();
  await line.focus();
  await page.keyboard.press("c");
  await page.getByRole("textbox", { name: "Comment" }).fill("Two coats, please.\nAnd say why.");
  await picture(opened, "comment");
  await page.reload();
  const draft = page.getByRole("textbox", { name: "Comment" });
  await draft.waitFor();
  expect(await draft.inputValue()).toBe("Two coats, please.\nAnd say why.");
  await draft.focus();
  await page.keyboard.press("Control+Enter");
  await page.locator(".item-comment").getByText("Two coats, please.").waitFor();
  await expectAccessible(page, "diff");
  await picture(opened, "diff");

  await page.locator(".item-title").click();
  await page.keyboard.press("x");
  await page.getByLabel("What is wrong").fill("One coat is not enough.");
  await expectAccessible(page, "send-back");
  await picture(opened, "send-back");
  await page.getByRole("button", { name: "Send it back" }).click();
  await itemThat(
    alice.api,
    id,
    "to wait for a person again",
    ({ stage, attempts, note, claim }) => stage === "Qa" && attempts === 1 && claim === null && note !== "",
  );
  await page.locator(".item-stage").getByText("Qa").waitFor();
  await page.locator(".item-title").click();
  await page.keyboard.press("2");
  await page.locator(".item-attempt").filter({ hasText: "waits for approval" }).getByText("Epoch").waitFor();
  await picture(opened, "waiting");
  expect(await page.getByRole("button", { name: "Approve" }).count()).toBe(1);
  await page.locator(".item-stage").getByText("Qa").waitFor();
  await page.locator(".item-title").click();
  await page.keyboard.press("4");
  const told = page.locator('details[data-path="told.md"]');
  await told.getByText("What people said of the attempts before").waitFor();
  await told.getByText("src/paint.js, line 2:").waitFor();
  await told.getByText("Two coats, please.").waitFor();
  await told.getByText("One coat is not enough.").waitFor();
  await picture(opened, "told");

  await page.keyboard.press("3");
  await page.locator(".log .ansi-green-fg").getByText("kept what I was told").waitFor();
  await expectAccessible(page, "log");
  await picture(opened, "log");
  await page.keyboard.press("a");
  await page.getByRole("dialog").getByRole("button", { name: "Approve" }).click();
  await inStage(alice.api, id, "Done");
  await page.locator(".item-stage").getByText("Done").waitFor();
  const { commit } = await landingOf(project, id);
  await page.keyboard.press("5");
  await page
    .locator(".history-row")
    .getByText(`landed as ${commit.slice(0, 12)}`)
    .waitFor();
  await page.locator(".history-row").getByText("commented on epoch").waitFor();
  await expectAccessible(page, "history");
  await picture(opened, "history");
  // What has landed is compared as it was.
  await page.keyboard.press("4");
  await page.locator('details[data-path="told.md"]').waitFor();
  await page.keyboard.press("2");
  await page.getByRole("button", { name: "log", exact: true }).first().waitFor();
  const [saved] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "log", exact: true }).first().click(),
  ]);
  expect(saved.suggestedFilename()).toMatch(/^[A-Za-z0-9._-]+$/);
  await expectAccessible(page, "attempts");
  await picture(opened, "attempts");
  await page.keyboard.press("6");
  await expectAccessible(page, "cost");
  await picture(opened, "cost");
  expect(complaints).toEqual([]);
  await page.context().close();
});

test("what is not possible is not offered, and says why; a hold and a delete do what their dialogs say", async () => {
  const { id } = await alice.api.addItem({ title: "Left alone", text: "Nothing yet." });
  const { page, complaints } = await openItem(alice, id);
  const actions = page.getByRole("group", { name: "What you can do" });
  await actions.getByRole("button", { name: "Start" }).waitFor();
  expect(await actions.getByRole("button", { name: /Approve|Send back|Restore|Retry/ }).count()).toBe(0);
  await page.keyboard.press("r");
  await page.getByText("restore is not possible in Backlog").waitFor();

  await page.keyboard.press("h");
  await page.getByLabel("Why", { exact: true }).fill("until Monday");
  await page.keyboard.press("Tab");
  await page.getByRole("button", { name: "Put it on hold" }).press("Enter");
  await page.locator(".item-why").getByText("It is on hold: until Monday").waitFor();
  await page.locator(".item-title").click();
  await page.keyboard.press("s");
  await page.getByRole("dialog").getByText("nobody takes it until the hold ends").waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.press("h");
  await page.getByRole("dialog").getByRole("button", { name: "End the hold" }).press("Enter");
  await actions.getByRole("button", { name: "Hold", exact: true }).waitFor();
  await page.locator(".toast").getByText("“Left alone” is on hold no longer.").waitFor();

  await page.getByRole("button", { name: "Edit", exact: true }).click();
  const editor = page.locator(".story-host .cm-content");
  await editor.click();
  await page.keyboard.press("Control+End");
  await page.keyboard.type(" Now something.");
  await page.getByRole("button", { name: "Done" }).click();
  await page.locator(".item-story").getByText("Nothing yet. Now something.").waitFor();

  await page.locator(".item-title").click();
  await page.keyboard.press("D");
  const go = page.getByRole("button", { name: "Delete it" });
  expect(await go.isDisabled()).toBe(true);
  await page.getByLabel(`Type ${id} to confirm`).fill(id);
  await go.click();
  await page.locator("#board").waitFor();
  await page.locator(".toast").getByText("“Left alone” is deleted.").waitFor();
  expect((await alice.api.items()).some((item) => item.id === id)).toBe(false);
  expect(complaints).toEqual([]);
  await page.context().close();
});

test("title, labels and priority are changed by keys, and a label that somebody else adds meanwhile stays", async () => {
  const { id } = await alice.api.addItem({ title: "Misnamed", labels: ["ui", "old"] });
  const opened = await openItem(alice, id);
  const { page, complaints } = opened;
  const keys = createKeys(page);
  const dialog = page.getByRole("dialog");
  const edit = page.getByRole("button", { name: "Edit title, labels and priority" });
  await keys.enter(edit);
  await keys.isAt(dialog.getByLabel("Title"));
  await keys.press("Control+a");
  await keys.type("Well named");
  await keys.write(dialog.getByLabel("Labels, one on each line"), "ui\nmine");
  await keys.choose(dialog.getByLabel(/^Priority/), "7");
  await alice.api.command("item.edit", { item: id, labels: ["ui", "old", "theirs"] });
  await page.locator(".item-facts").getByText("theirs").waitFor();
  await expectAccessible(page, "edit");
  await picture(opened, "edit");
  await keys.enter(dialog.getByRole("button", { name: "Change it" }));
  await keys.closed();
  await keys.isAt(edit);
  await page.locator(".toast").getByText("“Well named” is changed.").waitFor();
  await page.locator(".item-title").getByText("Well named").waitFor();
  expect(await alice.api.item(id)).toMatchObject({
    title: "Well named",
    labels: ["ui", "theirs", "mine"],
    priority: 7,
  });
  expect(complaints).toEqual([]);
  await page.context().close();
});

test("the address says which tab is shown, also when it changes while the item is open", async () => {
  const { id } = await alice.api.addItem({ title: "Seen from many sides" });
  const { page, complaints } = await openItem(alice, id);
  for (const name of ["Log", "History", "Story"]) {
    await page.evaluate(`location.hash = "#/items/${id}?tab=${name.toLowerCase()}"`);
    await page.getByRole("tab", { name, selected: true }).waitFor();
  }
  await page.goBack();
  await page.getByRole("tab", { name: "History", selected: true }).waitFor();
  expect(complaints).toEqual([]);
  await page.context().close();
});

test("each cause of a stuck item stands with its way out as a button; for who may only look, as a line", async () => {
  const { id: first } = await alice.api.addItem({ title: "Goes first <b>" });
  const { id } = await alice.api.addItem({
    title: "Goes second",
    dependsOn: [first],
    labels: ["needs:moon"],
    start: true,
  });
  await alice.api.command("item.hold", { item: id, reason: "until Monday" });
  const observer = await openItem(alice, id, "observer");
  await observer.page.locator(".item-why").getByText(`skein item start ${first}`).waitFor();
  expect(
    await observer.page
      .locator(".item-why")
      .getByRole("button", { name: /^(?!Copy)/ })
      .count(),
  ).toBe(0);
  await observer.page.context().close();

  const opened = await openItem(alice, id);
  const { page, complaints } = opened;
  const causes = page.locator(".item-why li");
  await causes.filter({ hasText: "it is on hold: until Monday" }).waitFor();
  expect(await page.getByRole("button", { name: "End the hold" }).count()).toBe(1);
  await causes.filter({ hasText: "it is on hold: until Monday" }).getByRole("button").click();
  await page.getByRole("dialog").getByRole("button", { name: "End the hold" }).click();
  await causes.filter({ hasText: "on hold" }).waitFor({ state: "detached" });
  await expectAccessible(page, "stuck");
  await picture(opened, "stuck");
  await causes.filter({ hasText: "needs:moon" }).getByRole("button").click();
  await page.getByRole("dialog").getByText(`skein item edit ${id} --label='none'`).waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Drop the labels" }).click();
  await causes.filter({ hasText: "needs:moon" }).waitFor({ state: "detached" });
  await causes
    .filter({ hasText: `waits for ${first}` })
    .getByRole("button", { name: "Start “Goes first <b>”" })
    .click();
  await page.getByRole("dialog").getByRole("button", { name: "Start “Goes first <b>”" }).click();
  await waitFor("the other one to be started", async () => (await alice.api.item(first)).stage !== "Backlog");
  expect(complaints).toEqual([]);
  await page.context().close();
});

test("a command that is tried while the browser is cut off says that nothing was sent, and was not sent later", async () => {
  const { id } = await alice.api.addItem({ title: "Not started from afar" });
  const { page } = await openItem(alice, id);
  await page.context().setOffline(true);
  await page.getByRole("group", { name: "What you can do" }).getByRole("button", { name: "Start" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Start it" }).click();
  await page
    .getByRole("alert")
    .filter({ hasText: /^Nothing was sent: alice does not answer/ })
    .waitFor();
  await page.context().setOffline(false);
  expect((await alice.api.item(id)).stage).toBe("Backlog");
  await page.getByRole("dialog").getByRole("button", { name: "Start it" }).click();
  await waitFor("it to be started", async () => (await alice.api.item(id)).stage !== "Backlog");
  await page.context().close();
});

test("an observer sees all of it and is offered nothing", async () => {
  const { id } = await alice.api.addItem({ title: "Only looked at", text: "A story." });
  const { page, complaints } = await openItem(alice, id, "observer");
  await page.getByText("Your role lets you look").first().waitFor();
  await page.locator(".item-story").getByText("A story.").waitFor();
  await page.keyboard.press("s");
  await page.locator(".toast").getByText("Your role lets you look").waitFor();
  expect(
    await page
      .locator(".item")
      .getByRole("button", { name: /Start|Edit|Delete|Write/ })
      .count(),
  ).toBe(0);
  expect((await alice.api.item(id)).stage).toBe("Backlog");
  expect(complaints).toEqual([]);
  await page.context().close();
});

test("hostile words in a story, a comment, a note and a path stay words", async () => {
  const hostile = '<img src=x onerror="alert(1)"><script>alert(2)</script>';
  const text = `${hostile}\n\n\`\`\`skein\n- print: '${hostile}'\n- write: { path: '<b>a</b>.txt', content: '${hostile}' }\n- commit: '${hostile}'\n\`\`\`\n`;
  const { id } = await alice.api.addItem({ title: hostile, text, start: true, qa: "human", labels: ["<b>label</b>"] });
  await inStage(alice.api, id, "Qa");
  await alice.api.command("item.note", { item: id, text: hostile });
  await alice.api.command("item.comment", { item: id, text: hostile, path: "<b>a</b>.txt", line: 1 });
  await alice.api.command("item.comment", { item: id, text: hostile, path: "../../<i>x</i>" });
  const { page, complaints } = await openItem(alice, id);
  for (const [key, place] of [
    ["1", ".item-story"],
    ["2", ".item-attempt"],
    ["3", ".log"],
    ["4", ".item-comment"],
    ["5", ".history-row"],
  ] as const) {
    await page.keyboard.press(key);
    await page.locator(place).first().waitFor();
    if (key !== "2") await page.locator(place).getByText("onerror").first().waitFor();
    expect(await page.locator("#item img, #item script, #item b, #item i").count()).toBe(0);
  }
  expect(complaints).toEqual([]);
  await page.context().close();
});

test("the history of a take-over shows both nodes, and the attempt that was cut off", async () => {
  await alice.stop();
  const host = await world.start("alice", { slots: 0, headless: false });
  const [bob, carol] = [await world.join("bob", host, { slots: 1 }), await world.join("carol", host, { slots: 1 })];
  const { id } = await host.api.addItem({
    title: "Taken over",
    text: "```skein\n- print: hanging\n- hang: true\n```\n",
    start: true,
  });
  const holderIn = async (): Promise<string> => (await host.api.item(id)).claim?.nodeName ?? "";
  const first = await waitFor("somebody to hold it", async () => (await holderIn()) || undefined);
  const opened = await openItem(host, id);
  const { page, complaints } = opened;
  await page.locator(".item-head .who").getByText(first).waitFor();
  const [dies, survivor] = first === "bob" ? [bob, carol] : [carol, bob];
  await dies.kill();
  await waitFor("the survivor to take it over", async () => (await holderIn()) === survivor.name);
  await page.locator(".item-head .who").getByText(survivor.name).waitFor();
  await page.keyboard.press("5");
  const rows = page.locator(".history-row");
  await rows.getByText(`${first} took it in Coding`).waitFor();
  await rows.getByText(`${survivor.name} took it in Coding`).waitFor();
  await picture(opened, "take-over");
  await page.keyboard.press("2");
  await page.locator('.item-attempt[data-outcome="taken-over"]').getByText(first).waitFor();
  await page.locator('.item-attempt[data-outcome="running"]').getByText(survivor.name).waitFor();
  await host.api.command("item.archive", { item: id });
  await page.locator(".item-stage").getByText("Archived").waitFor();
  expect(complaints).toEqual([]);
  await page.context().close();
});
