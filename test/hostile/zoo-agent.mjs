/**
 * The agent of every animal in the zoo: it carries out the steps that its story lists as JSON, in its clone. What an
 * animal plants comes after its last commit, so that only a git of the host can step on it.
 *
 * Two stories are of another kind: `keeper` waits with its clone open until the test writes `go` into it, and `honest`
 * does plain work.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { deflateSync } from "node:zlib";

const story = JSON.parse(
  fs
    .readFileSync(0, "utf8")
    .split("\n")
    .find((line) => line.startsWith("{")) ?? "{}",
);
const clone = process.cwd();
const { SKEIN_BRANCH: branch, SKEIN_BASE: base } = process.env;
const SAFE = ["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "gc.auto=0"];
const gitWith = (input, ...args) =>
  execFileSync("git", [...SAFE, ...args], { input, encoding: "utf8", maxBuffer: 1 << 28 }).trim();
const git = (...args) => gitWith("", ...args);
const filled = (text) =>
  text
    .replaceAll("{trap}", `touch ${story.canaries}/${story.id}`)
    .replaceAll("{clone}", clone)
    .replaceAll("{branch}", branch)
    .replaceAll("{base}", base)
    .replaceAll("{outside}", story.outside)
    .replaceAll("{victim}", story.victim);
const write = (path, text, executable = false) => {
  fs.mkdirSync(dirname(path), { recursive: true });
  fs.writeFileSync(path, text, { mode: executable ? 0o755 : 0o644 });
};
const commit = (message) => {
  git("add", "--all");
  git("commit", "--quiet", "--allow-empty", "-m", message);
};

// ── objects as they are ────────────────────────────────────────────────────────────────────────────────────────────

const objectFile = (oid) => join(".git", "objects", oid.slice(0, 2), oid.slice(2));
const put = (oid, stored) => {
  const file = objectFile(oid);
  if (fs.existsSync(file)) return;
  fs.mkdirSync(dirname(file), { recursive: true });
  fs.writeFileSync(file, stored);
};
/** Writes a loose object and gives its id. */
const object = (type, content) => {
  const bytes = Buffer.concat([Buffer.from(`${type} ${content.length}\0`), content]);
  const oid = createHash("sha1").update(bytes).digest("hex");
  put(oid, deflateSync(bytes, { level: 1 }));
  return oid;
};
const entry = ({ mode, name, oid }) =>
  Buffer.concat([Buffer.from(`${mode} `), Buffer.from(name), Buffer.from([0]), Buffer.from(oid, "hex")]);
const sortKey = ({ mode, name }) => Buffer.from(mode === "40000" ? `${name}/` : name);
const tree = (entries) =>
  object("tree", Buffer.concat([...entries].sort((a, b) => Buffer.compare(sortKey(a), sortKey(b))).map(entry)));
const rootEntries = () =>
  git("ls-tree", "-z", "HEAD")
    .split("\0")
    .filter((line) => line !== "")
    .map((line) => {
      const [, mode, oid, name] = /^0?(\d+) \w+ (\w+)\t(.*)$/s.exec(line);
      return { mode, oid, name };
    });
const setBranch = (oid) => write(join(".git", "refs", "heads", branch), `${oid}\n`);
const commitTree = (oid) =>
  setBranch(
    object(
      "commit",
      Buffer.from(
        `tree ${oid}\nparent ${git("rev-parse", "HEAD")}\nauthor A <a@example.com> 1 +0000\ncommitter A <a@example.com> 1 +0000\n\nOdd\n`,
      ),
    ),
  );
const zeros = (megabytes) => object("blob", Buffer.alloc(megabytes * 1024 * 1024));
const packFiles = () => fs.readdirSync(".git/objects/pack");
const overwrite = (file, text) => {
  fs.chmodSync(file, 0o644);
  fs.writeFileSync(file, text);
};

// ── what is easier said here than in the table ──────────────────────────────────────────────────────────────────────

const specials = {
  "branch-at-blob": () => setBranch(object("blob", Buffer.from("no commit\n"))),
  "branch-at-head": () => setBranch(git("rev-parse", "HEAD")),
  "flood-of-refs": () => {
    fs.rmSync(join(".git", "refs", "heads", branch));
    write(".git/packed-refs", `${base} refs/heads/${branch}\n${`${base} refs/heads/x\n`.repeat(180_000)}`);
  },
  "ref-at-head": (name) => write(join(".git", "refs", name), `${git("rev-parse", "HEAD")}\n`),
  borrow: () => {
    write(".git/objects/info/alternates", `${story.outside}/repository/.git/objects\n`);
    setBranch(story.hidden);
  },
  "link-objects": () => {
    const directory = story.hidden.slice(0, 2);
    fs.rmSync(`.git/objects/${directory}`, { recursive: true, force: true });
    fs.symlinkSync(`${story.outside}/repository/.git/objects/${directory}`, `.git/objects/${directory}`);
    setBranch(story.hidden);
  },
  "pipe-object": () => {
    const oid = "5".repeat(40);
    fs.mkdirSync(dirname(objectFile(oid)), { recursive: true });
    execFileSync("mkfifo", [objectFile(oid)]);
    setBranch(oid);
  },
  "forge-notes": () => {
    git("commit-graph", "write", "--reachable");
    const graph = ".git/objects/info/commit-graph";
    const bytes = fs.readFileSync(graph);
    overwrite(graph, bytes.fill(0xff, bytes.length - 120));
    write(".git/objects/pack/multi-pack-index", "MIDX\u0001garbage");
    for (const name of packFiles().filter((one) => one.endsWith(".pack"))) {
      write(`.git/objects/pack/${name.replace(/pack$/, "bitmap")}`, "BITM garbage");
      write(`.git/objects/pack/${name.replace(/pack$/, "rev")}`, "RIDX garbage");
    }
  },
  "forge-index": () => {
    git("repack", "-a", "-d", "--quiet");
    for (const name of packFiles().filter((one) => one.endsWith(".idx"))) overwrite(`.git/objects/pack/${name}`, "bad");
  },
  "replace-given-pack": () => {
    for (const name of packFiles()) overwrite(`.git/objects/pack/${name}`, "garbage");
  },
  pack: () => git("repack", "-a", "-d", "--quiet"),
  "break-pack": () => {
    git("repack", "-a", "-d", "--quiet");
    for (const name of packFiles().filter((one) => one.endsWith(".pack"))) {
      const bytes = fs.readFileSync(`.git/objects/pack/${name}`);
      bytes[bytes.length >> 1] ^= 0x10;
      overwrite(`.git/objects/pack/${name}`, bytes);
    }
  },
  "forget-blob": () => fs.rmSync(objectFile(git("rev-parse", "HEAD:zoo/promisor/work.txt"))),
  promise: () => {
    for (const name of packFiles()) write(`.git/objects/pack/${name.replace(/[^.]*$/, "promisor")}`, "");
  },
  "huge-claim": () => {
    const oid = "5".repeat(40);
    put(oid, deflateSync(Buffer.from("blob 9223372036854775807\0x")));
    commitTree(tree([...rootEntries(), { mode: "100644", name: "aa-huge", oid }]));
  },
  "zip-bomb": () => commitTree(tree([...rootEntries(), { mode: "100644", name: "aa-bomb", oid: zeros(300) }])),
  "many-copies": () => {
    const oid = zeros(64);
    const copies = Array.from({ length: 20 }, (_, at) => ({ mode: "100644", name: `aa-copy-${at}`, oid }));
    commitTree(tree([...rootEntries(), ...copies]));
  },
  "tree-bomb": () => {
    let [oid, mode] = [object("blob", Buffer.from("bomb\n")), "100644"];
    for (let level = 0; level < 10; level++) {
      oid = tree(Array.from({ length: 10 }, (_, at) => ({ mode, name: `d${at}`, oid })));
      mode = "40000";
    }
    commitTree(tree([...rootEntries(), { mode, name: "aa-bomb", oid }]));
  },
  "deep-tree": () => {
    let [oid, mode] = [object("blob", Buffer.from("deep\n")), "100644"];
    for (let level = 0; level < 3_000; level++) {
      oid = tree([{ mode, name: "d", oid }]);
      mode = "40000";
    }
    commitTree(tree([...rootEntries(), { mode, name: "aa-deep", oid }]));
  },
  "bad-commit": () =>
    setBranch(
      object(
        "commit",
        Buffer.from(
          `tree ${git("rev-parse", "HEAD^{tree}")}\nparent ${git("rev-parse", "HEAD")}\nauthor nobody\ncommitter A <a@example.com> 99999999999999999999 +0000\n\nBad\n`,
        ),
      ),
    ),
  abyss: () => {
    fs.mkdirSync("shut/in", { recursive: true });
    fs.chmodSync("shut", 0);
    for (let level = 0; level < 60; level++) {
      const name = "deep".repeat(50);
      fs.mkdirSync(name);
      process.chdir(name);
    }
    fs.writeFileSync("end", "");
  },
};

// ── steps ──────────────────────────────────────────────────────────────────────────────────────────────────────────

const steps = {
  write: ({ path, text, executable }) => write(filled(path), filled(text), executable),
  link: ({ path, to }) => {
    fs.mkdirSync(dirname(filled(path)), { recursive: true });
    fs.symlinkSync(filled(to), filled(path));
  },
  commit: ({ message }) => commit(filled(message ?? `Work of ${story.id}`)),
  git: ({ args, stdin }) => gitWith(stdin ?? "", ...args.map(filled)),
  tree: ({ entries }) =>
    commitTree(
      tree([
        ...rootEntries(),
        ...entries.map(({ mode, name, text, oid }) => ({
          mode,
          name,
          oid: oid === undefined ? object("blob", Buffer.from(filled(text))) : filled(oid),
        })),
      ]),
    ),
  remove: ({ path }) => fs.rmSync(filled(path), { recursive: true }),
  rename: ({ path, to }) => fs.renameSync(filled(path), filled(to)),
  special: ({ name }) => {
    const [word, ...rest] = filled(name).split(" ");
    specials[word](...rest);
  },
};

const work = () => {
  write(`honest/${story.id}.txt`, `${story.id}\n`);
  commit(`Work of ${story.id}`);
};
if (story.kind === "keeper") {
  fs.writeFileSync("ready", "");
  // Also ends by itself when the test and its directory are gone.
  while (fs.existsSync("ready") && !fs.existsSync("go")) await delay(50);
  fs.rmSync("ready");
  fs.rmSync("go");
  work();
} else if (story.kind === "honest") work();
else for (const step of story.steps) steps[step.do](step);
