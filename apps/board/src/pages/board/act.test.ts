import { expect, test } from "vitest";

import { act } from "./act.ts";

test("the same command is sent once while it is under way, and again when it was answered", async () => {
  const sent: string[] = [];
  const answers: (() => void)[] = [];
  const session: Parameters<typeof act>[0] = {
    command: (name) => {
      sent.push(name);
      return new Promise((resolve) =>
        answers.push(() => resolve({ ok: false, error: { code: "not-legal", message: "no" } })),
      );
    },
  };
  const first = act(session, "item.hold", { item: "a" }, "held");
  expect(await act(session, "item.hold", { item: "a" }, "held")).toBe(false);
  const other = act(session, "item.hold", { item: "b" }, "held");
  for (const answer of answers) answer();
  expect(await Promise.all([first, other])).toEqual([false, false]);
  const again = act(session, "item.hold", { item: "a" }, "held");
  answers[2]?.();
  await again;
  expect(sent).toEqual(["item.hold", "item.hold", "item.hold"]);
});
