import { expect, test } from "vitest";
import { detectGate, type DetectedGate } from "./detect-gate.ts";

/** A repository with these files at its top. */
function detectIn(files: Readonly<Record<string, string>>): DetectedGate {
  const texts: ReadonlyMap<string, string> = new Map(Object.entries(files));
  return detectGate({ read: (path) => texts.get(path), exists: (path) => texts.has(path) });
}

const manifest = (more: object = {}): string => JSON.stringify({ scripts: { test: "vitest run" }, ...more });
const WITH_DEPENDENCIES = manifest({ devDependencies: { vitest: "4" } });

test("an empty repository has no gate", () => {
  expect(detectIn({})).toEqual({ gate: [], because: "no known way to run tests was found" });
});

test("a test script without dependencies needs no installation", () => {
  const expected = { gate: [["npm", "test"]], because: "package.json has a test script" };
  expect(detectIn({ "package.json": manifest() })).toEqual(expected);
  expect(detectIn({ "package.json": manifest({ dependencies: {} }), "package-lock.json": "{}" })).toEqual(expected);
});

test.each([
  [
    "package-lock.json",
    "{}",
    [
      ["npm", "ci"],
      ["npm", "test"],
    ],
  ],
  [
    "npm-shrinkwrap.json",
    "{}",
    [
      ["npm", "ci"],
      ["npm", "test"],
    ],
  ],
  [
    "pnpm-lock.yaml",
    "",
    [
      ["pnpm", "install", "--frozen-lockfile"],
      ["pnpm", "test"],
    ],
  ],
  [
    "yarn.lock",
    "# yarn lockfile v1\n",
    [
      ["yarn", "install", "--frozen-lockfile"],
      ["yarn", "test"],
    ],
  ],
  [
    "yarn.lock",
    "__metadata:\n  version: 8\n",
    [
      ["yarn", "install", "--immutable"],
      ["yarn", "test"],
    ],
  ],
  [
    "bun.lock",
    "",
    [
      ["bun", "install", "--frozen-lockfile"],
      ["bun", "run", "test"],
    ],
  ],
  [
    "bun.lockb",
    "",
    [
      ["bun", "install", "--frozen-lockfile"],
      ["bun", "run", "test"],
    ],
  ],
])("with %s (%j) dependencies are installed first, exactly as locked", (lockfile, text, gate) => {
  expect(detectIn({ "package.json": WITH_DEPENDENCIES, [lockfile]: text }).gate).toEqual(gate);
});

test("a workspace with a lockfile is installed first", () => {
  const files = { "package.json": manifest({ workspaces: ["packages/*"] }), "package-lock.json": "{}" };
  expect(detectIn(files).gate).toEqual([
    ["npm", "ci"],
    ["npm", "test"],
  ]);
});

test("dependencies without a lockfile are pointed out", () => {
  expect(detectIn({ "package.json": WITH_DEPENDENCIES })).toEqual({
    gate: [["npm", "test"]],
    because: "package.json has a test script, but no lockfile to install its dependencies from",
  });
});

test.each([
  ["npm's placeholder", JSON.stringify({ scripts: { test: 'echo "Error: no test specified" && exit 1' } })],
  ["no test script", JSON.stringify({ scripts: { build: "x" } })],
  ["an empty test script", JSON.stringify({ scripts: { test: " " } })],
  ["no scripts", "{}"],
  ["broken JSON", "{"],
  ["a list", "[]"],
  ["scripts of a wrong shape", JSON.stringify({ scripts: ["test"] })],
])("a package.json with %s gives no gate", (_, text) => {
  expect(detectIn({ "package.json": text }).gate).toEqual([]);
});

test.each<[string, Readonly<Record<string, string>>, string[]]>([
  ["Cargo.toml", { "Cargo.toml": "" }, ["cargo", "test"]],
  ["go.mod", { "go.mod": "" }, ["go", "test", "./..."]],
  ["pyproject.toml", { "pyproject.toml": "" }, ["pytest"]],
  ["pytest.ini", { "pytest.ini": "" }, ["pytest"]],
  ["tox.ini for pytest", { "tox.ini": "[pytest]\n" }, ["pytest"]],
  ["tox.ini for tox", { "tox.ini": "[tox]\n[testenv]\ncommands = pytest\n" }, ["tox"]],
  ["uv", { "pyproject.toml": "", "uv.lock": "" }, ["uv", "run", "pytest"]],
  ["poetry", { "pyproject.toml": "", "poetry.lock": "" }, ["poetry", "run", "pytest"]],
  ["Maven", { "pom.xml": "" }, ["mvn", "-q", "test"]],
  ["the Maven wrapper", { "pom.xml": "", mvnw: "" }, ["./mvnw", "-q", "test"]],
  ["the Gradle wrapper", { "build.gradle": "", gradlew: "" }, ["./gradlew", "test"]],
  ["Gradle in Kotlin", { "build.gradle.kts": "", gradlew: "" }, ["./gradlew", "test"]],
  ["Gradle without its wrapper", { "build.gradle": "" }, ["gradle", "test"]],
  ["Elixir", { "mix.exs": "" }, ["mix", "test"]],
  ["Deno", { "deno.json": "{}" }, ["deno", "test"]],
  ["Deno with a task", { "deno.jsonc": '{"tasks":{"test":"x"}}' }, ["deno", "task", "test"]],
  ["Ruby with Rake", { Gemfile: "", Rakefile: "" }, ["bundle", "exec", "rake", "test"]],
  ["Ruby with RSpec", { Gemfile: "", Rakefile: "", ".rspec": "" }, ["bundle", "exec", "rspec"]],
  ["PHP", { "composer.json": '{"scripts":{"test":"phpunit"}}' }, ["composer", "test"]],
  ["Swift", { "Package.swift": "" }, ["swift", "test"]],
  ["a Makefile", { Makefile: "test: build\n\t./run\n" }, ["make", "test"]],
])("%s is tested its own way", (_, files, argv) => {
  const { gate, because } = detectIn(files);
  expect(gate).toEqual([argv]);
  expect(because).toMatch(/^(there is a|[\w.]+ has a) /);
});

test.each(["all test: build\n", "test::\n", ".PHONY: test\n\ntest:\n\techo\n", "x := 1\r\ntest:\r\n"])(
  "a Makefile has a test target: %j",
  (text) => {
    expect(detectIn({ Makefile: text }).gate).toEqual([["make", "test"]]);
  },
);

test.each([
  "",
  ".PHONY: test\n",
  "test := 1\n",
  "test ::= 1\n",
  "test = a:b\n",
  "tests:\n",
  "# test:\n",
  "a:\n\ttest: x\n",
  "unit-test:\n",
])("a Makefile has no test target: %j", (text) => {
  expect(detectIn({ Makefile: text }).gate).toEqual([]);
});

test("a repository of several kinds is tested by the first, and the others are named", () => {
  const files = { "package.json": manifest(), "Cargo.toml": "", Makefile: "test:\n" };
  expect(detectIn(files)).toEqual({
    gate: [["npm", "test"]],
    because: "package.json has a test script (also possible here: cargo test; make test)",
  });
});
