/**
 * A real project of somebody else: fast-content-type-parse (MIT), which Fastify parses every request's content type with.
 * It is pinned in the root package.json, brings its tests along, and they need nothing but Node.js: its `test:unit` is
 * `node --test` with a coverage reporter around it.
 */
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const manifest = createRequire(import.meta.url).resolve("fast-content-type-parse/package.json");

export const THIRD_PARTY_GATE = "[[node, --test]]";

/** Every file of the package as it was published, by its path. */
export function thirdPartyFiles(): Readonly<Record<string, string>> {
  const root = dirname(manifest);
  const files = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(files.map((file) => [file.slice(root.length + 1), readFileSync(file, "utf8")]));
}
