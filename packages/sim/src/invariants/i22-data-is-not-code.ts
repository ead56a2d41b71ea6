/** I22 and I26: text of people never becomes an argument, a ref, a path or a child's environment; secrets stay out of the log. */
import { CANARY } from "../workload.ts";
import type { MakeChecker } from "./checker.ts";

const MARK = "canary";

export const dataIsNotCode: MakeChecker = (world) => ({
  onArgument: (what, text, isValid) => {
    if (!isValid || text.includes(MARK)) world.violate("I22", `${what} was given ${JSON.stringify(text.slice(0, 80))}`);
  },
  onSpawn: ({ argv, cwd, env }) => {
    const texts = [...argv, cwd, ...Object.entries(env).flat()];
    const bad = texts.find((text) => text.includes(MARK));
    if (bad !== undefined)
      world.violate("I22", `a child was started with ${JSON.stringify(bad.slice(0, 80))} of ${CANARY}`);
  },
  onEnd: () => {
    const [machine] = world.machines;
    const secrets = world.secrets.map((secret) => Buffer.from(secret));
    for (const { bytes } of machine?.disk.frames() ?? []) {
      const frame = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      if (secrets.some((secret) => frame.includes(secret)))
        world.violate("I26", "the secret of a ticket is in the log");
    }
  },
});
