/** The first run as a person has it: a mesh without a project, a browser, and the way to the first merge. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";

import type { NodeProcess } from "../support/node-process.ts";
import { testEnvironment } from "../support/skein-command.ts";
import { useWorld } from "../support/world.ts";
import { expectAccessible } from "./support/accessible.ts";
import { launchBrowser, type OpenedPage, openPage } from "./support/browser.ts";

const world = useWorld();
let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
});

afterAll(async () => {
  await browser?.close();
});

async function emptyMesh(name: string): Promise<NodeProcess> {
  await world.found(name);
  return world.start(name, { headless: false });
}

const openBoard = async (node: NodeProcess, role?: string): Promise<OpenedPage> =>
  openPage(browser, await node.api.loginLink(role));

function git(cwd: string, ...args: readonly string[]): string {
  const identity = ["-c", "user.name=Alice", "-c", "user.email=alice@example.com", "-c", "init.defaultBranch=main"];
  const env = testEnvironment(world.directory("home-of-git"));
  return execFileSync("git", [...identity, ...args], { cwd, env, encoding: "utf8" }).trim();
}

function ownRepository(name: string): string {
  const repository = world.directory(name);
  const manifest = { name, version: "1.0.0", type: "module", scripts: { test: "node --test" } };
  writeFileSync(join(repository, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  mkdirSync(join(repository, "test"));
  writeFileSync(
    join(repository, "test", "sum.test.js"),
    'import { test } from "node:test";\nimport assert from "node:assert";\ntest("sums", () => assert.equal(1 + 1, 2));\n',
  );
  git(repository, "init", "--quiet");
  git(repository, "add", "--all");
  git(repository, "commit", "--quiet", "-m", "Begin");
  return repository;
}

const step = (page: Page, name: string): ReturnType<Page["locator"]> =>
  page.locator(".step").filter({ has: page.getByRole("heading", { name: new RegExp(`^${name}`), level: 3 }) });

const MERGE_MS = 60_000;

test("by mouse: an empty mesh leads by itself from practice to the first green merge, and a reload goes on there", async () => {
  const node = await emptyMesh("alice");
  const { page, context, complaints } = await openBoard(node);
  // Nobody has to find the way.
  await page.waitForURL(/#\/start$/);
  await expectAccessible(page, "a repository");
  await page.getByRole("note").getByRole("button", { name: "Got it" }).click();
  expect(await page.getByRole("note").count()).toBe(0);
  await page.getByRole("button", { name: "Make a practice repository" }).click();
  await page.getByRole("button", { name: "Start it" }).waitFor();
  await page.reload();
  // What the mesh has by now is not asked again, and what was put away stays away.
  await page.getByText("Project practice").waitFor();
  await expectAccessible(page, "a story");
  expect(await page.getByRole("button", { name: "Make a practice repository" }).count()).toBe(0);
  await page.getByRole("button", { name: "Start it" }).click();
  await step(page, "Watch it land").getByText("Coding").first().waitFor();
  await page.getByRole("heading", { name: "Your first merge" }).waitFor({ timeout: MERGE_MS });

  const practice = join(node.data, "practice");
  const [item] = await node.api.items();
  expect(item).toMatchObject({ title: "Say good-bye", stage: "Done" });
  const tip = git(join(practice, "remote.git"), "rev-parse", "main");
  expect(item?.mergeCommit).toBe(tip);
  await page.getByText(tip.slice(0, 12)).waitFor();
  expect(git(join(practice, "remote.git"), "show", "main:src/greet.mjs")).toContain("farewell");
  await expectAccessible(page, "landed");

  // From here there is a way on, to a repository that says itself how it is tested.
  const repository = ownRepository("configured");
  writeFileSync(join(repository, "skein.yaml"), 'project: configured\nremote: "."\ngate: [[node, --test]]\n');
  await page.getByRole("link", { name: "Choose it" }).click();
  await page.getByLabel("Path of the repository").fill(repository);
  await page.getByRole("button", { name: "Look at it" }).click();
  await page.getByText("is there, and counts as it is").waitFor();
  expect(await page.getByRole("button", { name: "Add a command" }).count()).toBe(0);
  await page.getByRole("button", { name: "Make it the project" }).click();
  await page.getByText("Project configured").waitFor();
  // What was practised is not its first story, after a reload neither.
  await page.getByRole("button", { name: "Start it" }).waitFor();
  await page.reload();
  await page.getByRole("button", { name: "Start it" }).waitFor();
  expect(complaints).toEqual([]);
  await context.close();
});

test("by keyboard: a repository of one's own, its tests found and changed, to the first green merge", async () => {
  const repository = ownRepository("my-project");
  const node = await emptyMesh("bob");
  const { page, context, complaints } = await openBoard(node);
  await page.getByLabel("Path of the repository").waitFor();
  const press = (key: string): Promise<void> => page.keyboard.press(key);
  const tabTo = async (name: string): Promise<void> => {
    for (let pressed = 0; pressed < 40; pressed++) {
      const named = await page.evaluate(
        "document.activeElement?.labels?.[0]?.textContent ?? document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent",
      );
      if (String(named).trim() === name) return;
      await press("Tab");
    }
    throw new Error(`Tab does not lead to "${name}"`);
  };

  await tabTo("Path of the repository");
  await page.keyboard.type(join(repository, "test"));
  await press("Enter");
  const rules = step(page, "Tests and agent");
  await rules.getByText("Found because package.json has a test script.").waitFor();
  await expectAccessible(page, "tests and agent");
  // The directory below was looked at as its repository.
  await rules.getByText(repository, { exact: true }).waitFor();
  // The focus went along with the step.
  expect(await page.evaluate("document.activeElement?.tagName")).toBe("H3");
  await tabTo("Command 1");
  expect(await page.getByLabel("Command 1", { exact: true }).inputValue()).toBe("npm test");
  await press("End");
  await page.keyboard.type(' -- "--test-reporter=dot"');
  await rules.getByText("--test-reporter=dot", { exact: true }).waitFor();
  // A reload looks at the same repository again, and what was changed stays.
  await page.reload();
  await rules.getByText("--test-reporter=dot", { exact: true }).waitFor();
  await tabTo("Make it the project");
  await press("Enter");
  await page.getByText("skein.yaml was written into your repository").waitFor();
  expect(readFileSync(join(repository, "skein.yaml"), "utf8")).toContain('- [npm, test, "--", "--test-reporter=dot"]');
  await tabTo("Start it");
  await press("Enter");
  await page.getByRole("heading", { name: "Your first merge" }).waitFor({ timeout: MERGE_MS });

  expect(git(repository, "log", "--first-parent", "-1", "--format=%B")).toContain("Skein-Item: ");
  expect(existsSync(join(repository, "HELLO-SKEIN.md"))).toBe(true);
  await tabTo("Open the board");
  await press("Enter");
  await page.locator("#board").getByText("Say hello from Skein").waitFor();
  // The way back is in the sheet of shortcuts.
  await press("?");
  await page.getByRole("dialog").getByText("Go to first steps", { exact: false }).waitFor();
  await press("Escape");
  await press("g");
  await press("s");
  await page.getByRole("heading", { name: "Your first merge" }).waitFor();
  expect(complaints).toEqual([]);
  await context.close();
});

test("hostile paths and people without the right change nothing, and are told why", async () => {
  const node = await emptyMesh("carol");
  const outside = world.directory("outside");
  const hostile = ownRepository("hostile");
  git(hostile, "config", "core.worktree", outside);
  symlinkSync(node.data, join(world.directory("links"), "to-data"));
  const { page, context } = await openBoard(node);
  const look = async (path: string, told: RegExp): Promise<void> => {
    await page.getByLabel("Path of the repository").fill(path);
    await page.getByRole("button", { name: "Look at it" }).click();
    await page.getByRole("alert").filter({ hasText: told }).waitFor();
  };
  await look("my-project", /Name the whole path/);
  await look("--upload-pack=touch x", /Name the whole path/);
  await look(`${hostile}/../hostile`, /without "\.", "\.\."/);
  await look("/nowhere/at/all", /no directory at that path/);
  await look(world.directory("empty"), /not in a git repository/);
  await look(join(world.directory("links"), "to-data"), /data directory/);
  await look(hostile, /Name a plain clone/);
  await look(`/${"long/".repeat(700)}`, /too long|no directory/);
  await context.close();

  const observer = await openBoard(node, "observer");
  await observer.page.getByText("You are signed in as observer.").waitFor();
  // What the node would refuse is not offered.
  expect(await observer.page.getByRole("main").getByRole("button").count()).toBe(0);
  await observer.context.close();

  // Passed on from another machine, with the right token.
  const passedOn = await fetch(new URL("/api/v1/commands", node.endpoints.http), {
    method: "POST",
    headers: {
      Authorization: `Bearer ${node.api.token}`,
      "Content-Type": "application/json",
      "X-Forwarded-For": "192.0.2.7",
    },
    body: JSON.stringify({ name: "project.practice", input: {} }),
  });
  expect(passedOn.status).toBe(403);
  expect(existsSync(join(node.data, "practice"))).toBe(false);
  expect(existsSync(join(outside, "skein.yaml"))).toBe(false);
});
