/** Heads of more feeds than fit into a message, told in pages and put together again. */
import { expect, test } from "vitest";

import type { Heads } from "../log/heads.ts";
import { feedOf } from "../op/frame.ts";
import { LIMITS } from "../op/limits.ts";
import { createHeadsCollector, pagesOf } from "./heads-pages.ts";
import { decodeMessage, encodeMessage } from "./message.ts";

function headsOf(count: number, from = 0): Heads {
  const author = "ab".repeat(32);
  return new Map(
    Array.from({ length: count }, (_, place) => {
      const incarnation = (from + place).toString(16).padStart(16, "0");
      const head = { author, incarnation, seq: LIMITS.counter, frame: new Uint8Array(32).fill(7) };
      return [feedOf(head), head] as const;
    }),
  );
}

/** What the other end puts together of it, over the wire. */
function told(type: "heads" | "want", heads: Heads, here: Heads): Heads | undefined {
  const collector = createHeadsCollector({ heads: () => here, holds: () => false });
  let whole: Heads | undefined;
  for (const message of pagesOf(type === "heads" ? { type, heads } : { type, heads, locators: [] })) {
    const decoded = decodeMessage(encodeMessage(message), LIMITS.messageBytes);
    if (!decoded.ok) throw new Error(decoded.error);
    if (decoded.value.type === "heads-page") collector.page(decoded.value.heads);
    else if (decoded.value.type === type) whole = collector.finish(decoded.value.heads);
  }
  return whole;
}

const printed = (heads: Heads | undefined): string =>
  JSON.stringify([...(heads ?? [])].map(([feed, { seq }]) => [feed, seq]));

test.each([0, 1, LIMITS.feeds])("%i feeds are one message", (count) => {
  expect(pagesOf({ type: "heads", heads: headsOf(count) }).map(({ type }) => type)).toEqual(["heads"]);
});

test.each(["heads", "want"] as const)("%s of any number of feeds arrives whole", (type) => {
  for (const count of [LIMITS.feeds + 1, 2 * LIMITS.feeds, 5 * LIMITS.feeds + 7]) {
    const heads = headsOf(count);
    expect(printed(told(type, heads, heads))).toBe(printed(heads));
  }
});

test("a full page of the greatest heads is far below the limit of a message", () => {
  const [page] = pagesOf({ type: "want", heads: headsOf(LIMITS.feeds + 1), locators: [] });
  if (page === undefined) throw new Error("there is one");
  expect(encodeMessage(page).length).toBeLessThan(LIMITS.messageBytes / 4);
});

test("pages of feeds that are not here are kept up to a page's worth, and the ones that are here all the same", () => {
  const here = headsOf(10, 1_000_000);
  const collector = createHeadsCollector({ heads: () => here, holds: () => false });
  for (let page = 0; page < 50; page++) collector.page(headsOf(LIMITS.feeds, page * LIMITS.feeds));
  const whole = collector.finish(here);
  expect(whole.size).toBe(LIMITS.feeds + 10);
  for (const feed of here.keys()) expect(whole.has(feed)).toBe(true);
  expect(collector.finish(headsOf(1))).toEqual(headsOf(1));
});

test("two tips of one forked feed on two pages are both told", () => {
  const collector = createHeadsCollector({ heads: () => headsOf(1), holds: () => false });
  const [feed, head] = [...headsOf(1)][0] ?? [];
  if (feed === undefined || head === undefined) throw new Error("there is one");
  const other = { ...head, frame: new Uint8Array(32).fill(8) };
  collector.page(new Map([[feed, head]]));
  expect([...collector.finish(new Map([[feed, other]])).values()]).toEqual([head, other]);
});
