import { expect, test } from "vitest";
import { parseScript } from "../scripted-agent/script.ts";
import { createStories } from "./stories.ts";

test("every story holds a script that the scripted agent understands, for each attempt", () => {
  for (const { title, text } of createStories({ thinkMs: 700 })) {
    for (const attempt of [1, 2]) {
      const script = parseScript(`${title}\n\n${text}`, attempt);
      expect(script).toMatchObject({ ok: true });
      expect(script.ok ? script.value.blocks.length : 0).toBe(1);
    }
  }
});

test("one story is written differently at the second attempt", () => {
  const differing = createStories({ thinkMs: 700 }).filter(({ text }) => {
    const [first, second] = [parseScript(text, 1), parseScript(text, 2)];
    return JSON.stringify(first) !== JSON.stringify(second);
  });
  expect(differing.map(({ title }) => title)).toEqual(["Keep accents in slugs"]);
});
