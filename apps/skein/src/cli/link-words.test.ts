/** What stands beside a link that signs in says how to get the next one of the same kind. */
import { expect, test } from "vitest";

import { linkWords } from "./view-commands.ts";

const another = (flags: Parameters<typeof linkWords>[0]): string => linkWords(flags).split("`")[1] ?? "";

test("another link is asked for with what this one was asked for", () => {
  expect(another({})).toBe("skein ui");
  expect(another({ data: "/srv/my node" })).toBe("skein ui --data '/srv/my node'");
  expect(another({ data: "/srv/d", at: "https://board.example:4711" })).toBe(
    "skein ui --at https://board.example:4711 --data /srv/d",
  );
});
