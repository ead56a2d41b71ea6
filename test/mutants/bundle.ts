/** The simulator with the product's sources as one file, with a mutant's texts in the place of the product's. */
import { join } from "node:path";
import { build, type Plugin } from "vite";

import { applyMutant, type Mutant } from "./mutant.ts";

/** Returns the bundle's path. Without a mutant it is the product as it is. */
export async function bundleOf(mutant: Mutant | undefined, root: string, directory: string): Promise<string> {
  const name = mutant?.name ?? "unmutated";
  await build({
    root,
    configFile: false,
    logLevel: "error",
    resolve: { conditions: ["@skein/source", "node"] },
    ssr: { noExternal: true },
    plugins: mutant === undefined ? [] : [mutation(mutant, root)],
    build: {
      ssr: join(root, "test/mutants/seed-worker.ts"),
      outDir: directory,
      emptyOutDir: false,
      target: "node20",
      minify: false,
      rolldownOptions: { output: { entryFileNames: `${name}.mjs`, codeSplitting: false } },
    },
  });
  return join(directory, `${name}.mjs`);
}

function mutation(mutant: Mutant, root: string): Plugin {
  const texts = applyMutant(mutant, root);
  const unused = new Set(texts.keys());
  return {
    name: "mutation",
    load: (id) => {
      unused.delete(id);
      return texts.get(id);
    },
    // A mutant of a file that is not in the bundle would survive everything.
    generateBundle: () => {
      if (unused.size > 0) throw new Error(`The simulator does not load ${[...unused].join(", ")}.`);
    },
  };
}
