import * as fc from "fast-check";
import { expect, test } from "vitest";
import { parseProjectConfig } from "./parse.ts";

/** Problems that nobody could find in the file or read as one sentence. */
function unlocatedIn(text: string): readonly unknown[] {
  const parsed = parseProjectConfig(text, "skein.yaml");
  if (parsed.ok) return [];
  const { message, problems } = parsed.error;
  if (problems.length === 0 || message === "") return ["an error without problems"];
  const lines = text.split("\n").length;
  return problems.filter(({ file, line, column, key, message }) => {
    const isPlaced = file === "skein.yaml" && line >= 1 && line <= lines && column >= 1 && key !== "";
    return !isPlaced || !/^[^\n\r]+[.?]$/.test(message);
  });
}

test("any text gives a configuration or located problems", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
      expect(unlocatedIn(text)).toEqual([]);
    }),
    { numRuns: 200 },
  );
});

test("any bytes, read as UTF-8 or Latin-1, give a configuration or located problems", () => {
  const bytes = fc.uint8Array({ maxLength: 300 });
  fc.assert(
    fc.property(bytes, fc.constantFrom("utf8", "latin1"), (bytes, encoding) => {
      expect(unlocatedIn(new TextDecoder(encoding).decode(bytes))).toEqual([]);
    }),
    { numRuns: 200 },
  );
});

const PIECES = [
  ...Array.from("[]{},:-?#&*!|>%@`'\"\t \n\r"),
  "\n  ",
  ": ",
  "- ",
  "---\n",
  "project: demo\n",
  "gate:\n",
  "[npm, test]",
  "agent: { kind: command, run: [a] }\n",
  "claim:\n  ttl: 60s\n",
  "limits: ",
  "token: x",
  "~",
  "1e400",
  "\\ud800",
  "__proto__",
  "<<: *a\n",
  "!!map ",
  "é",
];

test("anything made of YAML's own pieces gives a configuration or located problems", () => {
  const soup = fc.array(fc.constantFrom(...PIECES), { maxLength: 60 }).map((pieces) => pieces.join(""));
  fc.assert(
    fc.property(soup, (text) => {
      expect(unlocatedIn(text)).toEqual([]);
    }),
    { numRuns: 600 },
  );
});

test("any value under any key gives a configuration or located problems", () => {
  const key = fc.constantFrom(
    "project",
    "base",
    "remote",
    "agent",
    "gate",
    "sandbox",
    "claim",
    "retries",
    "limits",
    "x",
  );
  // JSON is YAML: this reaches the schema with every shape of value.
  fc.assert(
    fc.property(fc.dictionary(key, fc.jsonValue({ maxDepth: 3 })), (value) => {
      expect(unlocatedIn(JSON.stringify(value))).toEqual([]);
    }),
    { numRuns: 200 },
  );
});
