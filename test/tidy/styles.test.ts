/** A page's stylesheet stays when another page is shown: what it styles is its own, and what pages share is in parts.css. */
import { expect, test } from "vitest";

import { filesBelow, read } from "./sources.ts";

const PAGES = "apps/board/src/pages";
const PARTS = "apps/board/src/parts";

const files = [...filesBelow(PAGES), ...filesBelow(PARTS)];

/** `item` of `apps/board/src/pages/item/story/theme.ts`; empty for a part. */
const pageOf = (path: string): string => (path.startsWith(`${PAGES}/`) ? (path.split("/")[4] ?? "") : "");

/** The class that each selector of a stylesheet begins with. */
function firstClasses(css: string): readonly string[] {
  const rules = css.replaceAll(/\/\*.*?\*\//gs, "").matchAll(/(?<=^|[{}])([^{}@;]+)\{/g);
  return [...rules]
    .flatMap(([, selectors = ""]) => selectors.split(","))
    .flatMap((selector) => /^\s*\w*\.([\w-]+)/.exec(selector)?.[1] ?? []);
}

const classesIn = (source: string): readonly string[] =>
  [...source.matchAll(/class="([^"]+)"/g)].flatMap(([, names = ""]) => names.split(/\s+/));

test("no stylesheet of a page begins a selector with a class that another page or a part has", () => {
  const sheets = files.filter((path) => path.endsWith(".css") && pageOf(path) !== "");
  expect(sheets.length).toBeGreaterThan(4);
  const leaks = sheets.flatMap((sheet) => {
    const own = new Set(firstClasses(read(sheet)));
    expect(own.size).toBeGreaterThan(0);
    return files
      .filter((path) => path.endsWith(".tsx") && pageOf(path) !== pageOf(sheet))
      .flatMap((path) => classesIn(read(path)).map((name) => ({ path, name })))
      .filter(({ name }) => own.has(name))
      .map(({ path, name }) => `.${name} of ${sheet} also styles ${path}`);
  });
  expect(leaks).toEqual([]);
});
