/** Who may import whom. The tables here are the rule; architecture.md describes them. */
import { expect, test } from "vitest";

import {
  importsOf,
  isProduction,
  manifestOf,
  packageName,
  packageOf,
  read,
  resolveRelative,
  sources,
  workspaces,
} from "./sources.ts";

/** Workspace packages that production code of each one may import. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  "@skein/core": [],
  "@skein/config": ["@skein/core"],
  "@skein/node": ["@skein/core", "@skein/config"],
  "@skein/store-sqlite": ["@skein/core", "@skein/node"],
  "@skein/peer-websocket": ["@skein/core", "@skein/node"],
  "@skein/git": ["@skein/core", "@skein/node"],
  "@skein/process": ["@skein/core", "@skein/node"],
  "@skein/agent-acp": ["@skein/core", "@skein/node"],
  "@skein/sandbox": ["@skein/core", "@skein/config", "@skein/node"],
  "@skein/http": ["@skein/core", "@skein/node"],
  "@skein/chat": ["@skein/core", "@skein/node"],
  "@skein/chat-matrix": ["@skein/core", "@skein/chat"],
  "@skein/chat-matrix-e2ee": ["@skein/chat-matrix"],
  "@skein/chat-slack": ["@skein/core", "@skein/chat"],
  "@skein/chat-discord": ["@skein/core", "@skein/chat"],
  "@skein/chat-whatsapp": ["@skein/core", "@skein/chat"],
  "@skein/client": ["@skein/core"],
  "@skein/sim": ["@skein/core", "@skein/node", "@skein/chat"],
  "@skein/board": ["@skein/client", "@skein/core"],
  skein: [
    "@skein/agent-acp",
    "@skein/board",
    "@skein/chat",
    "@skein/chat-discord",
    "@skein/chat-matrix",
    "@skein/chat-matrix-e2ee",
    "@skein/chat-slack",
    "@skein/chat-whatsapp",
    "@skein/config",
    "@skein/core",
    "@skein/git",
    "@skein/http",
    "@skein/node",
    "@skein/peer-websocket",
    "@skein/process",
    "@skein/sandbox",
    "@skein/sim",
    "@skein/store-sqlite",
  ],
};

/** Folders of the core, each with the ones it may import. No folder can be reached from one that it imports. */
const CORE: Readonly<Record<string, readonly string[]>> = {
  kernel: [],
  op: ["kernel"],
  member: ["kernel", "op"],
  chat: ["kernel", "op", "member"],
  story: ["kernel", "op"],
  fold: ["kernel", "op", "member", "chat", "story"],
  log: ["kernel", "op", "member", "fold"],
  command: ["kernel", "op", "member", "chat", "story", "fold", "log"],
  view: ["kernel", "op", "member", "chat", "fold", "log", "command"],
  claim: ["kernel", "op", "fold", "command", "view"],
  sync: ["kernel", "op", "member", "log"],
  testing: ["kernel", "op"],
};

/** Words that op bodies are written in. They import nothing, so folders below their own may read them. */
const CORE_VOCABULARY: ReadonlySet<string> = new Set([
  "packages/core/src/chat/body.ts",
  "packages/core/src/fold/stage.ts",
  "packages/core/src/member/role.ts",
]);

/** Parts of a package that are asked for alone: all of it takes too long to load for a command line, or for the page. */
const SIDE_DOORS: ReadonlySet<string> = new Set(["@skein/config/quantity", "@skein/core/move"]);

/** The simulator is what the core's deterministic twins are for. */
const isTwinOfSimulator = (from: string, specifier: string): boolean =>
  packageOf(from) === "packages/sim" && specifier === "@skein/core/testing";

const production = sources().filter(isProduction);
const edges = production.flatMap((from) =>
  importsOf(read(from)).map(({ specifier, typeOnly }) => ({ from, specifier, typeOnly })),
);
const nameOf = new Map(workspaces().map((directory) => [directory, manifestOf(directory).name]));
const isWorkspace = (name: string): boolean => [...nameOf.values()].includes(name);

test("the tables cover every package and every folder of the core, and there is something to check", () => {
  expect([...nameOf.values()].toSorted()).toEqual(Object.keys(PACKAGES).toSorted());
  const folders = sources().flatMap((path) => /^packages\/core\/src\/([^/]+)\//.exec(path)?.[1] ?? []);
  expect([...new Set(folders)].toSorted()).toEqual(Object.keys(CORE).toSorted());
  expect(production.length).toBeGreaterThan(100);
  expect(edges.length).toBeGreaterThan(300);
  for (const directory of workspaces()) {
    expect(production.filter((path) => packageOf(path) === directory)).not.toEqual([]);
  }
});

test("imports of every form are seen, and types are told apart", () => {
  const text = [
    'import { a } from "./a.ts";',
    'import type { B } from "./b.ts";',
    'import { type C, type D } from "./c.ts";',
    'import { type E, f } from "./e.ts";',
    "import {",
    "  g,",
    '} from "./g.ts";',
    'export { h } from "./h.ts";',
    'import "./i.ts";',
    'const j = await import("./j.ts");',
    '// import { k } from "./k.ts";',
  ].join("\n");
  const seen = importsOf(text).map(({ specifier, typeOnly }) => `${specifier}${typeOnly ? " (types)" : ""}`);
  expect(seen.toSorted()).toEqual(
    ["./a.ts", "./b.ts (types)", "./c.ts (types)", "./e.ts", "./g.ts", "./h.ts", "./i.ts", "./j.ts"].toSorted(),
  );
});

test("packages import only what the table allows", () => {
  const wrong = edges.filter(({ from, specifier }) => {
    const own = nameOf.get(packageOf(from)) ?? "";
    const target = packageName(specifier);
    return isWorkspace(target) && !(PACKAGES[own] ?? []).includes(target);
  });
  expect(wrong).toEqual([]);
});

test("a relative import stays in its package, and nobody reaches into another package's files", () => {
  const leaving = edges.filter(
    ({ from, specifier }) =>
      specifier.startsWith(".") && packageOf(resolveRelative(from, specifier)) !== packageOf(from),
  );
  const deep = edges.filter(
    ({ from, specifier }) =>
      isWorkspace(packageName(specifier)) &&
      specifier !== packageName(specifier) &&
      !isTwinOfSimulator(from, specifier) &&
      !SIDE_DOORS.has(specifier),
  );
  expect(leaving).toEqual([]);
  expect(deep).toEqual([]);
});

test("what runs in browsers takes only types from the core, and the rule of moves", () => {
  const runtime = edges.filter(
    ({ from, specifier, typeOnly }) =>
      /^(?:apps\/board|packages\/client)\//.test(from) && packageName(specifier) === "@skein/core" && !typeOnly,
  );
  // The rule of moves is one, so it is the same code; it brings nothing else along.
  expect(runtime.filter(({ specifier }) => specifier !== "@skein/core/move")).toEqual([]);
  const brought = importsOf(read("packages/core/src/command/move.ts")).filter(({ typeOnly }) => !typeOnly);
  expect(brought).toEqual([]);
});

test("each package.json names what the sources import, and no workspace package beyond the table", () => {
  for (const directory of workspaces()) {
    const { name, dependencies, devDependencies } = manifestOf(directory);
    // The page is bundled: what it imports is needed to build it, not to run it.
    const declared = directory === "apps/board" ? devDependencies : dependencies;
    const imported = edges
      .filter(({ from, specifier }) => packageOf(from) === directory && !/^(?:\.|node:)/.test(specifier))
      .map(({ specifier }) => packageName(specifier));
    const used = [...new Set(imported)];
    expect(used.filter((one) => !declared.has(one))).toEqual([]);
    const workspaceDependencies = [...dependencies, ...devDependencies].filter(isWorkspace);
    expect(workspaceDependencies.filter((one) => !(PACKAGES[name] ?? []).includes(one))).toEqual([]);
  }
});

test("folders of the core import one way", () => {
  const folderOf = (path: string): string => path.split("/")[3] ?? "";
  const inCore = edges.flatMap(({ from, specifier }) => {
    if (!/^packages\/core\/src\/[^/]+\//.test(from) || !specifier.startsWith(".")) return [];
    const to = resolveRelative(from, specifier);
    return folderOf(to) === folderOf(from) || CORE_VOCABULARY.has(to) ? [] : [{ from, to }];
  });
  expect(inCore.length).toBeGreaterThan(30);
  const wrong = inCore.filter(({ from, to }) => !(CORE[folderOf(from)] ?? []).includes(folderOf(to)));
  expect(wrong).toEqual([]);
  expect(cyclesIn(new Map(Object.entries(CORE)))).toEqual([]);
  for (const path of CORE_VOCABULARY) expect(importsOf(read(path))).toEqual([]);
});

test("no modules import each other in a circle at run time", () => {
  const graph = new Map<string, string[]>();
  for (const { from, specifier, typeOnly } of edges) {
    if (typeOnly || !specifier.startsWith(".")) continue;
    graph.set(from, [...(graph.get(from) ?? []), resolveRelative(from, specifier)]);
  }
  expect(graph.size).toBeGreaterThan(50);
  expect(cyclesIn(graph)).toEqual([]);
});

test("a circle is found where there is one", () => {
  const graph = new Map([
    ["a", ["b"]],
    ["b", ["c"]],
    ["c", ["a", "d"]],
  ]);
  expect(cyclesIn(graph)).toEqual(["a > b > c > a"]);
});

test("production code never imports what is for tests", () => {
  const wrong = edges.filter(
    ({ from, specifier }) =>
      /(?:^|\/)testing(?:\/|$)|\.test\.ts$|^vitest$|^fast-check$/.test(specifier) &&
      !isTwinOfSimulator(from, specifier),
  );
  expect(wrong).toEqual([]);
});

test("only the composition root and the commands around it know concrete adapters", () => {
  const adapters = new Set([
    "@skein/store-sqlite",
    "@skein/peer-websocket",
    "@skein/git",
    "@skein/process",
    "@skein/agent-acp",
    "@skein/sandbox",
    "@skein/http",
  ]);
  const outside = edges.filter(
    ({ from, specifier }) => adapters.has(packageName(specifier)) && !from.startsWith("apps/skein/src/"),
  );
  expect(outside).toEqual([]);
});

function cyclesIn(graph: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (node: string, path: readonly string[]): void => {
    const at = path.indexOf(node);
    if (at >= 0) found.push([...path.slice(at), node].join(" > "));
    if (at >= 0 || done.has(node)) return;
    for (const next of graph.get(node) ?? []) visit(next, [...path, node]);
    done.add(node);
  };
  for (const node of graph.keys()) visit(node, []);
  return found;
}
