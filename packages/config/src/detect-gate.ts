/**
 * Guesses the commands that test a repository from the files at its top, for `skein init`. It is a proposal to a person,
 * with its reason; nothing is run. The first kind of project that is found wins, and the others are named.
 */

/** The repository's top directory, as the caller sees it. Paths are relative, with slashes. */
export interface RepositoryFiles {
  /** The file's text; undefined when it is not there. */
  read(path: string): string | undefined;
  exists(path: string): boolean;
}

export interface DetectedGate {
  readonly gate: string[][];
  /** A short phrase for people. */
  readonly because: string;
}

/** In this order: what names its own tests first, a Makefile (which often only wraps the others) last. */
const DETECTORS: readonly ((files: RepositoryFiles) => DetectedGate | undefined)[] = [
  detectNode,
  detectDeno,
  detectRust,
  detectGo,
  detectPython,
  detectMaven,
  detectGradle,
  detectElixir,
  detectRuby,
  detectPhp,
  detectSwift,
  detectMake,
];

export function detectGate(files: RepositoryFiles): DetectedGate {
  const found = DETECTORS.flatMap((detect) => detect(files) ?? []);
  const [first, ...others] = found;
  if (first === undefined) return { gate: [], because: "no known way to run tests was found" };
  if (others.length === 0) return first;
  const names = others.map(({ gate }) => gate.at(-1)?.join(" ")).join("; ");
  return { gate: first.gate, because: `${first.because} (also possible here: ${names})` };
}

// ── JavaScript ──────────────────────────────────────────────────────────────────────────────────────────────────────

interface PackageManager {
  readonly lockfile: string;
  readonly install: (lockText: string) => string[];
  readonly test: string[];
}

const PACKAGE_MANAGERS: readonly PackageManager[] = [
  { lockfile: "package-lock.json", install: () => ["npm", "ci"], test: ["npm", "test"] },
  { lockfile: "npm-shrinkwrap.json", install: () => ["npm", "ci"], test: ["npm", "test"] },
  { lockfile: "pnpm-lock.yaml", install: () => ["pnpm", "install", "--frozen-lockfile"], test: ["pnpm", "test"] },
  { lockfile: "yarn.lock", install: yarnInstall, test: ["yarn", "test"] },
  // `bun test` would be Bun's own test runner, not the script.
  { lockfile: "bun.lock", install: () => ["bun", "install", "--frozen-lockfile"], test: ["bun", "run", "test"] },
  { lockfile: "bun.lockb", install: () => ["bun", "install", "--frozen-lockfile"], test: ["bun", "run", "test"] },
];

/** Yarn 1 and its successors name the same thing differently. */
function yarnInstall(lockText: string): string[] {
  return ["yarn", "install", lockText.includes("# yarn lockfile v1") ? "--frozen-lockfile" : "--immutable"];
}

function detectNode(files: RepositoryFiles): DetectedGate | undefined {
  const manifest = readJsonMap(files, "package.json");
  const script = mapAt(manifest, "scripts").get("test");
  // What `npm init` writes always fails, on purpose.
  if (typeof script !== "string" || script.trim() === "" || script.includes("no test specified")) return undefined;
  const because = "package.json has a test script";
  const manager = PACKAGE_MANAGERS.find(({ lockfile }) => files.exists(lockfile));
  const needsInstall =
    ["dependencies", "devDependencies", "optionalDependencies"].some((key) => mapAt(manifest, key).size > 0) ||
    manifest.has("workspaces");
  if (manager === undefined) {
    const warning = needsInstall ? ", but no lockfile to install its dependencies from" : "";
    return { gate: [["npm", "test"]], because: `${because}${warning}` };
  }
  if (!needsInstall) return { gate: [[...manager.test]], because };
  const install = manager.install(files.read(manager.lockfile) ?? "");
  return { gate: [install, [...manager.test]], because: `${because}, and ${manager.lockfile} its dependencies` };
}

function detectDeno(files: RepositoryFiles): DetectedGate | undefined {
  const path = firstThatExists(files, ["deno.json", "deno.jsonc"]);
  if (path === undefined) return undefined;
  const hasTask = mapAt(readJsonMap(files, path), "tasks").has("test");
  return hasTask
    ? { gate: [["deno", "task", "test"]], because: `${path} has a test task` }
    : { gate: [["deno", "test"]], because: `there is a ${path}` };
}

// ── others ──────────────────────────────────────────────────────────────────────────────────────────────────────────

function detectRust(files: RepositoryFiles): DetectedGate | undefined {
  return whenThere(files, ["Cargo.toml"], ["cargo", "test"]);
}

function detectGo(files: RepositoryFiles): DetectedGate | undefined {
  return whenThere(files, ["go.mod"], ["go", "test", "./..."]);
}

function detectPython(files: RepositoryFiles): DetectedGate | undefined {
  const runner = pythonRunner(files);
  const tox = files.read("tox.ini");
  if (tox !== undefined && /^\[testenv/m.test(tox))
    return { gate: [[...runner, "tox"]], because: "tox.ini has a testenv" };
  return whenThere(files, ["pytest.ini", "pyproject.toml", "tox.ini"], [...runner, "pytest"]);
}

/** What puts the project's own packages in reach of its tests. */
function pythonRunner(files: RepositoryFiles): readonly string[] {
  if (files.exists("uv.lock")) return ["uv", "run"];
  return files.exists("poetry.lock") ? ["poetry", "run"] : [];
}

function detectMaven(files: RepositoryFiles): DetectedGate | undefined {
  return whenThere(files, ["pom.xml"], [files.exists("mvnw") ? "./mvnw" : "mvn", "-q", "test"]);
}

function detectGradle(files: RepositoryFiles): DetectedGate | undefined {
  const program = files.exists("gradlew") ? "./gradlew" : "gradle";
  return whenThere(files, ["build.gradle", "build.gradle.kts"], [program, "test"]);
}

function detectElixir(files: RepositoryFiles): DetectedGate | undefined {
  return whenThere(files, ["mix.exs"], ["mix", "test"]);
}

function detectRuby(files: RepositoryFiles): DetectedGate | undefined {
  if (!files.exists("Gemfile")) return undefined;
  return (
    whenThere(files, [".rspec"], ["bundle", "exec", "rspec"]) ??
    whenThere(files, ["Rakefile"], ["bundle", "exec", "rake", "test"])
  );
}

function detectPhp(files: RepositoryFiles): DetectedGate | undefined {
  const hasScript = mapAt(readJsonMap(files, "composer.json"), "scripts").has("test");
  return hasScript ? { gate: [["composer", "test"]], because: "composer.json has a test script" } : undefined;
}

function detectSwift(files: RepositoryFiles): DetectedGate | undefined {
  return whenThere(files, ["Package.swift"], ["swift", "test"]);
}

function detectMake(files: RepositoryFiles): DetectedGate | undefined {
  const path = firstThatExists(files, ["GNUmakefile", "makefile", "Makefile"]);
  if (path === undefined || !hasMakeTarget(files.read(path) ?? "", "test")) return undefined;
  return { gate: [["make", "test"]], because: `${path} has a test target` };
}

/** A rule is `targets: prerequisites`; `name := value` is a variable, and a tab starts a recipe. */
function hasMakeTarget(makefile: string, target: string): boolean {
  return makefile.split(/\r?\n/).some((line) => {
    const colon = line.indexOf(":");
    const targets = line.slice(0, Math.max(colon, 0));
    const isRule = colon > 0 && !/^[\t#]|=/.test(targets) && !/^:{1,3}=/.test(line.slice(colon));
    return isRule && targets.trim().split(/\s+/).includes(target);
  });
}

function whenThere(
  files: RepositoryFiles,
  paths: readonly string[],
  argv: readonly string[],
): DetectedGate | undefined {
  const path = firstThatExists(files, paths);
  return path === undefined ? undefined : { gate: [[...argv]], because: `there is a ${path}` };
}

function firstThatExists(files: RepositoryFiles, paths: readonly string[]): string | undefined {
  return paths.find((path) => files.exists(path));
}

/** Empty when the file is not there or not JSON: then it says nothing about tests. */
function readJsonMap(files: RepositoryFiles, path: string): ReadonlyMap<string, unknown> {
  const text = files.read(path);
  if (text === undefined) return new Map();
  try {
    const parsed: unknown = JSON.parse(text.replace(/^\uFEFF/, ""));
    return toMap(parsed);
  } catch {
    return new Map();
  }
}

function mapAt(map: ReadonlyMap<string, unknown>, key: string): ReadonlyMap<string, unknown> {
  return toMap(map.get(key));
}

function toMap(value: unknown): ReadonlyMap<string, unknown> {
  const isMap = typeof value === "object" && value !== null && !Array.isArray(value);
  return isMap ? new Map(Object.entries(value)) : new Map();
}
