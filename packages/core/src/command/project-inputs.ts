/** What the commands take that begin a project on the machine of the node which is asked. Paths are checked by that node. */
import { z } from "zod";

const path = z
  .string()
  .min(1)
  .max(4_096)
  .describe("absolute path of a git repository's working copy, on the node's own machine");
const word = z.string().min(1).max(1_000);
const argv = z.array(word).min(1).max(100);

export const PROJECT_INPUTS = {
  "project.look": z.strictObject({ path }),
  "project.begin": z.strictObject({
    path,
    gate: z
      .array(z.union([argv, word.transform((line) => line.trim().split(/\s+/u))]))
      .max(20)
      .optional()
      .describe("a test command, split at its spaces and run without a shell; what was found when it is left out"),
    agent: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,31}$/)
      .optional()
      .describe("scripted, or the name of an agent that project look lists"),
  }),
  "project.practice": z.strictObject({}),
} as const;

/** Commands that touch the disk of the node at places outside its data directory: nobody gives them from elsewhere. */
export const OF_ONE_MACHINE: ReadonlySet<string> = new Set(Object.keys(PROJECT_INPUTS));
