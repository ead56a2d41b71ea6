/** The reference of skein.yaml in docs/operating.md has every key, with its default and bounds as the code checks them. */
import { parseProjectConfig, projectConfigJsonSchema } from "@skein/config";
import { expect, test } from "vitest";

import { read } from "./sources.ts";

const [, reference = ""] =
  /<!-- reference: skein.yaml -->([\s\S]*?)<!-- end of reference -->/.exec(read("docs/operating.md")) ?? [];
const rows = new Map(
  [...reference.matchAll(/^\| `([\w.]+)` \| (.+?) \| (.+) \|$/gm)].map(([, key = "", given = "", meaning = ""]) => [
    key,
    { given: given.replaceAll("`", ""), meaning },
  ]),
);

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly description?: string;
  readonly default?: unknown;
}

/** An agent is written there, with keys of `agent`, which have rows of their own. */
const AGENTS: ReadonlySet<string> = new Set(["merge.resolver", "qa.reviewer"]);

/** Leaf keys by their dotted path. */
function leaves(schema: Schema, prefix: string): ReadonlyMap<string, Schema> {
  if (AGENTS.has(prefix)) return new Map([[prefix, schema]]);
  const parts = [schema, ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])];
  const properties = new Map(parts.flatMap((part) => Object.entries(part.properties ?? {})));
  if (properties.size === 0) return new Map([[prefix, schema]]);
  const below = [...properties].flatMap(([key, value]) => [...leaves(value, prefix === "" ? key : `${prefix}.${key}`)]);
  return new Map(below);
}

// The JSON Schema is plain data of that shape.
const keys = leaves(projectConfigJsonSchema() as Schema, "");

test("every key has a row, and every row a key", () => {
  expect(keys.size).toBeGreaterThan(10);
  expect([...rows.keys()].toSorted()).toEqual([...keys.keys()].toSorted());
});

test("each default in the table is what an empty configuration means", () => {
  const written = [...rows].filter(([, { given }]) => !given.startsWith("required"));
  for (const [key, { given }] of written) {
    const [top = "", nested] = key.split(".");
    // A default that is written out means the same as the key left out.
    const lines = nested === undefined ? [`${top}: ${given}`] : [`${top}:`, `  ${nested}: ${given}`];
    const kind = KINDS[key] ?? [];
    const explicit = parseProjectConfig(["project: demo", ...lines, ...kind, ""].join("\n"), "skein.yaml");
    const without = key === "agent.permissions" ? ["agent:", ...kind] : [];
    expect(explicit).toEqual(parseProjectConfig(["project: demo", ...without, ""].join("\n"), "skein.yaml"));
    expect(explicit.ok).toBe(true);
  }
  const required = [...rows.keys()].filter((key) => !written.some(([one]) => one === key));
  expect(required.toSorted()).toEqual(["agent.preset", "agent.run", "merge.resolver", "project", "qa.reviewer"]);
});

test("where another agent is written, its keys are those that the agent has", () => {
  const own = [...keys.keys()].filter((key) => key.startsWith("agent.")).map((key) => key.slice("agent.".length));
  for (const at of AGENTS) {
    const written = keys.get(at);
    const inside = [...leaves(written ?? {}, "").keys()].filter((key) => key !== "");
    expect(inside.length).toBeGreaterThan(0);
    expect(own).toEqual(expect.arrayContaining(inside));
  }
});

/** What has to stand beside a key of the agent, so that it means something. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  "agent.env": ["  kind: scripted"],
  "agent.permissions": ["  kind: acp", "  run: [agent]"],
};

test("the bounds of durations and sizes are those of the schema", () => {
  const bounded = [...keys].flatMap(([key, { description = "" }]) => {
    const bounds = /From (\S+ to \S+)\.$/.exec(description)?.[1];
    return bounds === undefined ? [] : [[key, bounds] as const];
  });
  expect(bounded.length).toBe(14);
  for (const [key, bounds] of bounded) expect(rows.get(key)?.meaning).toContain(bounds);
});
