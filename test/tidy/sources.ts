/** The repository's files and imports, as the tidy tests look at them. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT: string = fileURLToPath(new URL("../../", import.meta.url));

const LEFT_OUT: ReadonlySet<string> = new Set(["node_modules", "dist", ".git", ".turbo"]);

/** Every file below a directory of the repository, relative to its root, with slashes. */
export function filesBelow(directory: string): readonly string[] {
  return readdirSync(join(ROOT, directory), { withFileTypes: true })
    .filter((entry) => !LEFT_OUT.has(entry.name))
    .flatMap((entry) => {
      const path = join(directory, entry.name).split(sep).join("/");
      if (entry.isDirectory()) return filesBelow(path);
      return entry.isFile() ? [path] : [];
    })
    .toSorted();
}

export const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");

/** TypeScript below the `src` folders of packages and apps. */
export const sources = (): readonly string[] =>
  ["packages", "apps"].flatMap(filesBelow).filter((path) => /^[^/]+\/[^/]+\/src\/.*\.tsx?$/.test(path));

/** Neither a test nor code that only tests use. */
export const isProduction = (path: string): boolean =>
  !path.endsWith(".test.ts") && !path.includes("/testing/") && !path.endsWith(".d.ts");

/** `packages/core` of `packages/core/src/op/op.ts`. */
export const packageOf = (path: string): string => path.split("/").slice(0, 2).join("/");

export interface Import {
  readonly specifier: string;
  /** Nothing of it is left at run time. */
  readonly typeOnly: boolean;
}

const STATEMENT = /^[ \t]*(?:import|export)\s+(type\s)?\s*([^;"'`]*?)\s*\bfrom\s*["']([^"']+)["']/gm;
const SIDE_EFFECT = /^[ \t]*import\s*["']([^"']+)["']/gm;
const DYNAMIC = /\bimport\(\s*["']([^"']+)["']\s*\)/g;

/** The imports and re-exports of a source text. */
export function importsOf(text: string): readonly Import[] {
  const code = withoutComments(text);
  const statements = [...code.matchAll(STATEMENT)].map(([, type, names = "", specifier = ""]) => ({
    specifier,
    typeOnly: type !== undefined || namesOnlyTypes(names),
  }));
  const others = [...code.matchAll(SIDE_EFFECT), ...code.matchAll(DYNAMIC)].map(([, specifier = ""]) => ({
    specifier,
    typeOnly: false,
  }));
  return [...statements, ...others];
}

function namesOnlyTypes(names: string): boolean {
  const inner = /^\{([\s\S]*)\}$/.exec(names.trim())?.[1];
  if (inner === undefined) return false;
  const parts = inner.split(",").map((part) => part.trim());
  return parts.filter((part) => part !== "").every((part) => part.startsWith("type "));
}

/** Where a relative import leads, from the root of the repository. */
export const resolveRelative = (from: string, specifier: string): string =>
  normalize(join(dirname(from), specifier))
    .split(sep)
    .join("/");

/** `@skein/core` of `@skein/core/testing`, `ws` of `ws`, `node:fs` of `node:fs/promises`. */
export const packageName = (specifier: string): string =>
  specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");

/** A text without its comments; strings stay, and a comment's line breaks do too. */
export function withoutComments(text: string): string {
  return text.replaceAll(
    /("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|\/\*[\s\S]*?\*\/|(?<![:\\/\w)\]])\/\/[^\n]*/g,
    (found: string, literal: string | undefined) => literal ?? found.replaceAll(/[^\n]/g, ""),
  );
}

/** A text without comments and without what its strings say; code in template holes goes too. */
export const codeOnly = (text: string): string =>
  withoutComments(text).replaceAll(/"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`/g, '""');

export interface Manifest {
  readonly name: string;
  readonly scripts: ReadonlyMap<string, string>;
  readonly dependencies: ReadonlySet<string>;
  readonly devDependencies: ReadonlySet<string>;
}

export function manifestOf(directory: string): Manifest {
  const parsed: unknown = JSON.parse(read(join(directory, "package.json")));
  const name = field(parsed, "name");
  if (typeof name !== "string") throw new Error(`${directory}/package.json has no name`);
  return {
    name,
    scripts: new Map(Object.entries(record(parsed, "scripts")).map(([key, value]) => [key, String(value)])),
    dependencies: new Set(
      ["dependencies", "optionalDependencies"].flatMap((kind) => Object.keys(record(parsed, kind))),
    ),
    devDependencies: new Set(Object.keys(record(parsed, "devDependencies"))),
  };
}

const field = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;

function record(value: unknown, name: string): object {
  const found = field(value, name);
  return typeof found === "object" && found !== null ? found : {};
}

/** Workspace packages by directory. */
export const workspaces = (): readonly string[] =>
  ["packages", "apps"]
    .flatMap((parent) => readdirSync(join(ROOT, parent)).map((name) => `${parent}/${name}`))
    .toSorted();

/** Markdown of the repository that people read. */
export const documents = (): readonly string[] =>
  filesBelow(".")
    .map((path) => relative(".", path).split(sep).join("/"))
    .filter((path) => path.endsWith(".md"));
