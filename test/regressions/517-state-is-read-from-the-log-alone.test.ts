/** Bug 517: when the log had no answer, stories were read from files, and stale ones came back from the dead. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { connect } from "../../apps/skein/src/client.ts";
import { init } from "../../apps/skein/src/init.ts";
import { codeOnly, importsOf, isProduction, read, sources } from "../tidy/sources.ts";

const root = mkdtempSync(join(tmpdir(), "skein-517-"));
const data = join(root, "node");
let item = "";

async function ask(name: string, input: unknown = {}): Promise<unknown> {
  const client = await connect(data);
  const answer = await client.command(name, input);
  await client.close();
  return answer.ok ? answer.value : answer.error;
}

beforeAll(async () => {
  await init({ data, project: undefined, name: "alice", mesh: "home" });
  const added = await ask("item.add", { title: "In the log", text: "as it was written" });
  ({ id: item } = added as { readonly id: string });
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

test("story files that lie around, or are gone, change nothing of what an item is", async () => {
  const before = [await ask("item.list"), await ask("item.show", { item }), await ask("digest")];
  for (const place of ["stories", "items", "work", "pipeline"]) {
    mkdirSync(join(data, place), { recursive: true });
    writeFileSync(join(data, place, `${item}-1.md`), "# Another title\n\nstage: Done\n");
    writeFileSync(join(data, place, "zzzzzzzzzzzz-1.md"), "# A story that nobody added\n");
  }
  expect([await ask("item.list"), await ask("item.show", { item }), await ask("digest")]).toEqual(before);
  for (const place of ["stories", "logs", "git"]) rmSync(join(data, place), { recursive: true, force: true });
  expect([await ask("item.list"), await ask("item.show", { item }), await ask("digest")]).toEqual(before);
});

test("an item that the log does not know is not found, whatever files say", async () => {
  mkdirSync(join(data, "stories"), { recursive: true });
  writeFileSync(join(data, "stories", "zzzzzzzzzzzz-1.md"), "# A story\n");
  expect(await ask("item.show", { item: "zzzzzzzzzzzz" })).toMatchObject({ code: "not-found" });
});

test("the engine reads no file: it has a log store and no file system", () => {
  const engine = sources().filter((path) => /^packages\/(?:core|config|node)\//.test(path) && isProduction(path));
  expect(engine.length).toBeGreaterThan(80);
  const reading = engine.filter((path) =>
    importsOf(read(path)).some(({ specifier }) => /^(?:node:)?fs\b/.test(specifier)),
  );
  expect(reading).toEqual([]);
  // Stories are written for agents to read, and nothing reads them back.
  const places = sources().filter((path) => isProduction(path) && /places\.stories/.test(codeOnly(read(path))));
  expect(places).toEqual(["apps/skein/src/compose.ts"]);
  expect(codeOnly(read("apps/skein/src/compose.ts"))).not.toMatch(/\bread(?:File|dir)/);
});
