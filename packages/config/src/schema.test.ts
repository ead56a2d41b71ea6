import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import * as z from "zod";
import { checkProjectConfig, projectConfigJsonSchema } from "./schema.ts";

/** The part of a JSON Schema node that is looked at here. */
interface SchemaNode {
  readonly description?: unknown;
  readonly additionalProperties?: unknown;
  readonly properties?: Readonly<Record<string, SchemaNode>> | undefined;
  readonly oneOf?: readonly SchemaNode[] | undefined;
  readonly required?: readonly string[] | undefined;
  readonly default?: unknown;
}

const node: z.ZodType<SchemaNode> = z.lazy(() =>
  z.object({
    description: z.unknown().optional(),
    additionalProperties: z.unknown().optional(),
    properties: z.record(z.string(), node).optional(),
    oneOf: z.array(node).optional(),
    required: z.array(z.string()).optional(),
    default: z.unknown().optional(),
  }),
);

function keysOf(parent: SchemaNode, prefix: string): readonly (readonly [string, SchemaNode])[] {
  const own = Object.entries(parent.properties ?? {}).flatMap(([key, child]) => {
    const path = `${prefix}${key}`;
    return [[path, child] as const, ...keysOf(child, `${path}.`)];
  });
  return [...own, ...(parent.oneOf ?? []).flatMap((branch) => keysOf(branch, prefix))];
}

test("the schema for editors on disk is the one the code checks by", () => {
  const written = readFileSync(new URL("../../../docs/skein.schema.json", import.meta.url), "utf8");
  expect(written, "run: npm run schema -w @skein/config").toBe(
    `${JSON.stringify(projectConfigJsonSchema(), null, 2)}\n`,
  );
});

test("the schema for editors has an id, a title, and a description for every key", () => {
  expect(projectConfigJsonSchema()).toMatchObject({ $id: "urn:skein:schema:skein.yaml", title: "skein.yaml" });
  const keys = keysOf(node.parse(projectConfigJsonSchema()), "");
  expect(new Set(keys.map(([path]) => path))).toEqual(
    new Set([
      "artifacts",
      "project",
      "base",
      "remote",
      "agent",
      "agent.kind",
      "agent.run",
      "agent.preset",
      "agent.permissions",
      "agent.env",
      "gate",
      "sandbox",
      "network",
      "network.allow",
      "claim",
      "claim.ttl",
      "claim.stagger",
      "merge",
      "merge.batch",
      "merge.resolver",
      "merge.resolver.kind",
      "merge.resolver.run",
      "merge.resolver.preset",
      "merge.resolver.permissions",
      "merge.resolver.env",
      "qa",
      "qa.mode",
      "qa.reviewer",
      "qa.prompt",
      "qa.fourEyes",
      "qa.witnesses",
      "retries",
      "retries.flaky",
      "retries.noProgress",
      "retries.total",
      "limits",
      "limits.agentWall",
      "limits.agentIdle",
      "limits.gateWall",
      "limits.gateIdle",
      "limits.output",
      "limits.agentCpu",
      "limits.memory",
      "limits.processes",
      "limits.disk",
      "ask",
      "ask.timeout",
      "ask.fallback",
      "budget",
      "budget.attempt",
      "budget.item",
      "budget.day",
      "budget.unknown",
      "prices",
    ]),
  );
  const badlyDescribed = keys.filter(([, child]) => !/^[A-Z].+\.$/.test(String(child.description)));
  expect(badlyDescribed).toEqual([]);
});

test("the schema for editors refuses unknown keys, requires only the project, and tells the defaults", () => {
  const root = node.parse(projectConfigJsonSchema());
  expect(root.required).toEqual(["project"]);
  expect(
    [root, ...keysOf(root, "").map(([, child]) => child)].filter(
      ({ properties, additionalProperties }) => properties !== undefined && additionalProperties !== false,
    ),
  ).toEqual([]);
  const defaults = Object.fromEntries(
    keysOf(root, "")
      .filter(([path]) => path.includes(".") || ["base", "remote", "sandbox", "gate"].includes(path))
      .map(([path, child]) => [path, child.default]),
  );
  expect(defaults).toMatchObject({
    base: "main",
    remote: "origin",
    sandbox: "bwrap",
    gate: [],
    "claim.ttl": "60s",
    "claim.stagger": "500ms",
    "retries.noProgress": 3,
    "retries.total": 8,
    "limits.agentWall": "60m",
    "limits.agentIdle": "10m",
    "limits.gateWall": "30m",
    "limits.gateIdle": "10m",
    "limits.output": "64MiB",
    "limits.agentCpu": "8h",
    "limits.memory": "8GiB",
    "limits.processes": 512,
    "limits.disk": "16GiB",
  });
});

test("a value that is no map at all is refused, not thrown at", () => {
  for (const value of [undefined, null, 1, "x", []]) expect(checkProjectConfig(value).ok).toBe(false);
});
