/** Every relative link in a Markdown file leads to a file, and to a heading when it names one. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";

import { documents, read, ROOT } from "./sources.ts";

interface Link {
  readonly from: string;
  readonly path: string;
  readonly heading: string | undefined;
}

const withoutFences = (text: string): string => text.replaceAll(/^(`{3,}|~{3,})[\s\S]*?^\1\s*$/gm, "");

const links: readonly Link[] = documents().flatMap((from) =>
  [...withoutFences(read(from)).matchAll(/\]\(([^()\s]+)\)/g)].flatMap(([, target = ""]) => {
    if (/^[a-z][a-z0-9+.-]*:/i.test(target)) return [];
    const [file = "", heading] = target.split("#");
    return [{ from, path: file === "" ? from : join(dirname(from), file), heading }];
  }),
);

test("there are documents with links", () => {
  expect(documents()).toContain("docs/architecture.md");
  expect(documents()).toContain("README.md");
  expect(links.length).toBeGreaterThan(30);
});

test("every relative link leads to a file of the repository", () => {
  const broken = links.filter(({ path }) => path.startsWith("..") || !existsSync(join(ROOT, path)));
  expect(broken.map(({ from, path }) => `${from} → ${path}`)).toEqual([]);
});

test("a link that names a heading leads to one", () => {
  const named = links.filter(({ path, heading }) => heading !== undefined && existsSync(join(ROOT, path)));
  const broken = named.filter(({ path, heading }) => !anchors(read(path)).has(heading ?? ""));
  expect(broken.map(({ from, path, heading }) => `${from} → ${path}#${heading}`)).toEqual([]);
});

test("headings become anchors as they do where Markdown is shown", () => {
  expect([...anchors("# One direction\n\n## The `skein.yaml`, again\n")]).toEqual([
    "one-direction",
    "the-skeinyaml-again",
  ]);
});

const anchors = (text: string): ReadonlySet<string> =>
  new Set(
    [...withoutFences(text).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = ""]) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );
