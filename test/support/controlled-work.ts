/**
 * Work that waits for the test: an agent, a gate and hooks of the remote that stop at a door until the test opens it. So a
 * node can be killed, parted or stopped at a chosen moment instead of a guessed one.
 */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * `coding` and `gate` may be shut for one epoch only: `coding-1`. `push` is before the remote's target branch moves,
 * `pushed` right behind, while the pusher still waits for its answer.
 */
type Door = "coding" | "gate" | `coding-${number}` | `gate-${number}` | "push" | "pushed";

export interface ControlledWork {
  /** Files for the project's repository. */
  readonly files: Readonly<Record<string, string>>;
  /** Lines for its skein.yaml. */
  readonly config: Readonly<Record<string, string>>;
  /** For `project.hook`, when a test uses the doors `push` and `pushed`. */
  readonly hooks: { readonly preReceive: string; readonly postReceive: string };
  /** Who comes to this door waits. */
  shut(door: Door): void;
  open(door: Door): void;
  /**
   * Who came to a door so far: `coding-<item>-<epoch>`, `gate-<item>-<epoch>`, and `push-<pid>`, `pushed-<pid>` of the
   * hooks.
   */
  arrivals(): readonly string[];
}

const WAIT = `
import { existsSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
export async function pass(kind) {
  const { SKEIN_ITEM: item, SKEIN_EPOCH: epoch } = process.env;
  writeFileSync(CONTROL + "/arrived-" + kind + "-" + item + "-" + epoch, "");
  console.log("at the door of " + kind);
  while (existsSync(CONTROL + "/shut-" + kind) || existsSync(CONTROL + "/shut-" + kind + "-" + epoch)) {
    // Also ends by itself when the test and its directory are gone.
    if (!existsSync(CONTROL)) process.exit(9);
    await delay(30);
  }
  console.log("through the door of " + kind);
}
`;

const AGENT = `
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { pass } from "./door.mjs";
await pass("coding");
const { SKEIN_ITEM: item, SKEIN_EPOCH: epoch } = process.env;
mkdirSync("work", { recursive: true });
// A file for each attempt: two of them could both be merged, if nothing else kept them apart.
writeFileSync("work/" + item + "-" + epoch + ".txt", "made by attempt " + epoch + "\\n");
const git = (...args) =>
  execFileSync("git", ["-c", "user.name=Agent", "-c", "user.email=agent@example.com", ...args], { stdio: "inherit" });
git("add", "--all");
git("commit", "--quiet", "-m", "Work on " + item);
`;

const GATE = `
import { pass } from "./door.mjs";
await pass("gate");
`;

const hook = (directory: string, door: Door): string => `
while read -r old new ref; do
  if [ "$ref" = refs/heads/main ]; then
    : > '${directory}/arrived-${door}-'$$
    while [ -e '${directory}/shut-${door}' ]; do sleep 0.03; done
  fi
done`;

/** `directory` is where the doors are; it belongs to the test. */
export function controlledWork(directory: string): ControlledWork {
  mkdirSync(directory, { recursive: true });
  const file = (door: Door): string => join(directory, `shut-${door}`);
  return {
    files: {
      "door.mjs": `const CONTROL = ${JSON.stringify(directory)};\n${WAIT}`,
      "agent.mjs": AGENT,
      "gate.mjs": GATE,
    },
    config: { agent: "{ kind: command, run: [node, agent.mjs] }", gate: "[[node, gate.mjs]]" },
    hooks: { preReceive: hook(directory, "push"), postReceive: hook(directory, "pushed") },
    shut: (door) => writeFileSync(file(door), ""),
    open: (door) => {
      if (existsSync(file(door))) rmSync(file(door));
    },
    arrivals: () =>
      readdirSync(directory)
        .filter((name) => name.startsWith("arrived-"))
        .map((name) => name.slice("arrived-".length)),
  };
}
