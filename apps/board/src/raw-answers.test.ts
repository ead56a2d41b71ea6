/** Server-sent events come whole, however the pieces are cut. */
import { expect, test } from "vitest";

import { createEventReader } from "./raw-answers.ts";

const STREAM = 'data: {"text":"a\\nb"}\n\n:\n\nevent: problem\ndata: {"code":"x"}\n\ndata: no json\n\n';

test("events come whole from pieces of any length; comments and what is no JSON are none", () => {
  const whole = [
    { name: "message", data: { text: "a\nb" } },
    { name: "problem", data: { code: "x" } },
  ];
  for (let length = 1; length <= STREAM.length; length++) {
    const reader = createEventReader();
    const pieces = Array.from({ length: Math.ceil(STREAM.length / length) }, (_, at) =>
      STREAM.slice(at * length, (at + 1) * length),
    );
    expect(pieces.flatMap((piece) => reader.read(piece))).toEqual(whole);
  }
});

test("what has not ended is no event yet", () => {
  const reader = createEventReader();
  expect(reader.read("data: 1\n")).toEqual([]);
  expect(reader.read("\n")).toEqual([{ name: "message", data: 1 }]);
});
