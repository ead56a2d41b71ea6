/** Sessions are bounded, and nobody signs others out by signing in again and again. */
import { expect, test } from "vitest";

import { HTTP_LIMITS } from "../limits.ts";
import { createSessions } from "./sessions.ts";

test("of too many sessions the oldest of whoever has the most goes", () => {
  let nowMs = 1_790_000_000_000;
  const store = { read: () => [], write: () => undefined };
  const sessions = createSessions({ store, now: () => nowMs++, onEnd: () => undefined });
  const enter = (member: string): string => {
    const use = { type: "cookie", secure: false, page: "" } as const;
    return sessions.begin({ member, role: "agent", by: "key", use }).secret;
  };
  const ann = enter("ann");
  const first = enter("mallory");
  const others = Array.from({ length: HTTP_LIMITS.sessions + 20 }, () => enter("mallory"));
  expect(sessions.list()).toHaveLength(HTTP_LIMITS.sessions);
  expect(sessions.find(ann)?.member).toBe("ann");
  expect(sessions.find(first)).toBeUndefined();
  expect(sessions.find(others.at(-1) ?? "")?.member).toBe("mallory");
});
