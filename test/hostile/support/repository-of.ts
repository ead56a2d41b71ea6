/** The directory of the one repository that a node keeps: its mirror, and the clones that attempts work in. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";

import type { NodeProcess } from "../../support/node-process.ts";

export function repositoryOf({ data }: Pick<NodeProcess, "data">): string {
  const names = readdirSync(join(data, "git"));
  // `skein init` fetches the target branch to see that it is there: into the mirror that the node goes on with.
  expect(names).toHaveLength(1);
  return join(data, "git", names[0] ?? "");
}
