/** What is said of webhooks that nobody signed: enough to see a wrong secret, and never so much that it fills a disk. */
import { expect, test } from "vitest";

import { createClockDouble } from "../testing/clock-double.ts";
import { createRefusedWebhooks } from "./refused-webhooks.ts";

test("refused webhooks are told once a minute, with how many more there were", async () => {
  const clock = createClockDouble();
  const said: unknown[] = [];
  const log = (_level: string, _event: string, fields?: object): void => void said.push(fields);
  const refused = createRefusedWebhooks({ log, clock, account: "main" }, "slack");
  for (let at = 0; at < 1_000; at++) refused("the signature does not fit");
  await clock.pass(60_000);
  refused("the signature does not fit");
  const about = { kind: "slack", account: "main", reason: "the signature does not fit" };
  expect(said).toEqual([
    { ...about, before: 0 },
    { ...about, before: 999 },
  ]);
});
