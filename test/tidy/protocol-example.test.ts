/** docs/protocol.md shows the bytes and limits that the code makes. */
import { LIMITS } from "@skein/core";
import { expect, test } from "vitest";

import { sections, withSections } from "../../docs/examples/protocol-example.mjs";
import { read } from "./sources.ts";

const document = read("docs/protocol.md");

test.each([...sections().keys()])("the part %s is what the code makes", (name) => {
  const shown = new RegExp(`<!-- generated: ${name} -->\n\n([\\s\\S]*?)\n\n<!-- end: ${name} -->`).exec(document)?.[1];
  expect(shown).toBe(sections().get(name));
});

test("writing the parts again changes nothing, and every part of the document is one of them", () => {
  expect(withSections(document)).toBe(document);
  const named = [...document.matchAll(/<!-- generated: (\S+) -->/g)].map(([, name]) => name);
  expect(named.toSorted()).toEqual([...sections().keys()].toSorted());
});

test("a changed digit is noticed", () => {
  const changed = document.replace(/^(c4[0-9a-f]{20})(?=[0-9a-f])/m, (hex) =>
    hex.replace(/.$/, (digit) => (digit === "0" ? "1" : "0")),
  );
  expect(changed).not.toBe(document);
  expect(withSections(changed)).toBe(document);
});

test("the table of limits has exactly the limits of the code", () => {
  const rows = [...document.matchAll(/^\| `(\w+)` \| (\d+) \| .+ \|$/gm)].map(([, name = "", value]) => [
    name,
    Number(value),
  ]);
  expect(Object.fromEntries(rows)).toEqual(LIMITS);
});

test("every refusal code of the code is described, and no other", () => {
  const union = /export type RefusalCode =([\s\S]*?);/.exec(read("packages/core/src/sync/message.ts"))?.[1] ?? "";
  const codes = [...union.matchAll(/"([a-z-]+)"/g)].map(([, code]) => code);
  const section = document.slice(document.indexOf("## Refusal codes"), document.indexOf("## Limits"));
  const described = [...section.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, code]) => code);
  expect(codes.length).toBeGreaterThan(10);
  expect(described.toSorted()).toEqual(codes.toSorted());
});

test("every kind of op is described, and no other", () => {
  const files = ["bodies.ts", "comment-body.ts", "story-body.ts"];
  const bodies = files.map((file) => read(`packages/core/src/op/${file}`)).join("\n");
  const kinds = [...bodies.matchAll(/readonly kind: "([a-zA-Z.]+)"/g)].map(([, kind]) => kind);
  const described = [
    ...document.matchAll(/^\| `((?:mesh|member|project|queue|work|budget|item)\.[a-zA-Z]+)` \|/gm),
  ].map(([, kind]) => kind);
  expect(described.toSorted()).toEqual([...new Set(kinds)].toSorted());
});
