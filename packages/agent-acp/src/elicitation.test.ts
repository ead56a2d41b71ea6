import type { CreateElicitationRequest } from "@agentclientprotocol/sdk";
import { expect, test } from "vitest";

import { fieldsOf } from "./elicitation.ts";

const form = (properties: Readonly<Record<string, unknown>>): CreateElicitationRequest => ({
  mode: "form",
  sessionId: "s",
  message: "Before I go on:",
  requestedSchema: { type: "object", properties },
});

test("each field is a question, and its answer becomes the value the form asks for", () => {
  const read = fieldsOf(
    form({
      port: { type: "integer", title: "Port", description: "Where it listens." },
      ratio: { type: "number" },
      sure: { type: "boolean", title: "Really?" },
      color: {
        type: "string",
        oneOf: [
          { const: "#f00", title: "Red" },
          { const: "#00f", title: "Blue" },
        ],
      },
    }),
  );
  const fields = read.ok ? read.value : [];
  expect(fields.map(({ question }) => [question.text, question.options])).toEqual([
    ["Before I go on:\nPort\nWhere it listens.", []],
    ["Before I go on:\nratio", []],
    ["Before I go on:\nReally?", ["yes", "no"]],
    ["Before I go on:\ncolor", ["Red", "Blue"]],
  ]);
  const answers = ["443", "0.5", "no", "Blue"].map((answer, at) => fields[at]?.read(answer));
  expect(answers).toEqual([443, 0.5, false, "#00f"].map((value) => ({ ok: true, value })));
  expect(fields[0]?.read("4.5")).toEqual({ ok: false, error: '"4.5" is no whole number.' });
  expect(fields[0]?.read(" ")).toMatchObject({ ok: false });
});

test("a single field needs no name beside the message, and a plain text may be anything", () => {
  const read = fieldsOf(form({ name: { type: "string", enum: null } }));
  const [field] = read.ok ? read.value : [];
  expect(field?.question).toMatchObject({ text: "Before I go on:", options: [] });
  expect(field?.read("so --be it")).toEqual({ ok: true, value: "so --be it" });
});

test.each([
  ["no fields", form({}), "The form has no fields."],
  ["many fields", form(Object.fromEntries(["a", "b", "c", "d", "e"].map((name) => [name, { type: "string" }]))), "4"],
  ["a list", form({ list: { type: "array", items: { enum: ["a"] } } }), "cannot be answered by a line of text"],
  ["something new", form({ "new\u001b[2J": { type: "map" } }), "The field new cannot be answered"],
  ["too many choices", form({ c: { type: "string", enum: Array.from({ length: 11 }, (_, at) => `${at}`) } }), "cannot"],
  ["choices nobody can tell apart", form({ c: { type: "string", enum: ["Yes", "yes"] } }), "cannot be answered"],
  ["a page to open", { mode: "url", sessionId: "s", message: "m", url: "https://x", elicitationId: "e" }, "Only forms"],
] satisfies readonly (readonly [string, CreateElicitationRequest, string])[])(
  "a form with %s is not asked, and the reason is said",
  (_, request, why) => {
    const read = fieldsOf(request);
    expect(read.ok ? "" : read.error).toContain(why);
  },
);
