import { expect, test } from "vitest";

import { laterOf } from "./comments.tsx";

test.each([
  ["Coding", null, "open"],
  ["Backlog", null, "open"],
  ["Merge", null, "open"],
  ["Done", "c0ffee", "landed"],
  ["Archived", "c0ffee", "landed"],
  ["Archived", null, "shelved"],
] as const)(
  "whoever comments on what is in %s (merged as %s) hears whether anybody works on it later",
  (stage, mergeCommit, later) => {
    expect(laterOf({ stage, mergeCommit })).toBe(later);
  },
);
