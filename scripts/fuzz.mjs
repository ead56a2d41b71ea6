// npm run fuzz -- --count 1000000 --seed 1: the fuzz test of the property project with as many inputs as you like, and
// with its figures printed. The same seed gives the same inputs.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: { count: { type: "string", default: "1000000" }, seed: { type: "string", default: "1" } },
});
for (const [name, value] of Object.entries(values)) {
  if (/^\d{1,12}$/.test(value)) continue;
  console.error(`--${name} takes a whole number, not "${value}".`);
  process.exit(2);
}
const root = fileURLToPath(new URL("..", import.meta.url));
const vitest = fileURLToPath(new URL("../node_modules/vitest/vitest.mjs", import.meta.url));
const { status } = spawnSync(
  process.execPath,
  [vitest, "run", "--project", "property", "test/property/wire-fuzz.test.ts", "--disable-console-intercept"],
  { cwd: root, stdio: "inherit", env: { ...process.env, FUZZ_COUNT: values.count, FUZZ_SEED: values.seed } },
);
process.exit(status ?? 1);
