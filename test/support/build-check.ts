/** Integration and end-to-end tests run the built command. Without the build they say so instead of failing oddly. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const repositoryRoot: string = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

const bin = join(repositoryRoot, "apps", "skein", "bin", "skein.js");
const built = join(repositoryRoot, "apps", "skein", "dist", "main.js");

/** The `skein` command as a file to run with Node.js. */
export function skeinBin(): string {
  if (!existsSync(built)) {
    throw new Error(`${built} is missing: these tests run the built command. Run \`npm run build\` first.`);
  }
  return bin;
}
