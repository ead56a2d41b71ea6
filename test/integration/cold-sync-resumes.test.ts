/** A fresh node fetches a mesh of 2,000 items over a line that breaks in the middle, again and again. */
import { expect, test } from "vitest";

import { addItems } from "../support/bulk-items.ts";
import { expectSoundLogs, startMesh, waitForEqualDigests } from "../support/mesh.ts";
import { type StartOptions, useWorld } from "../support/world.ts";

const ITEMS = 2_000;
const TEXT = "What is wanted, and how to tell that it is done. ".repeat(20);
const CUTS = 4;
/** A little more than one chunk of 512 KiB, so that each connection brings one whole chunk and breaks in the next. */
const BYTES_PER_CONNECTION = 800_000;
const world = useWorld();

test("a cold sync that is interrupted goes on where it was, to an equal digest", async () => {
  const proxy = await world.proxy();
  // The only address of hers that anybody hears of.
  const each = (): StartOptions => ({ slots: 0, advertise: proxy.url });
  const [alice] = await startMesh(world, { names: ["alice"], each });
  proxy.setTarget(alice.endpoints.peer);
  await addItems(
    alice.api,
    Array.from({ length: ITEMS }, (_, place) => ({ title: `Item ${place}`, text: TEXT })),
  );
  const before = await alice.api.digest();
  expect(before.ops).toBeGreaterThanOrEqual(ITEMS);

  proxy.cutAfter(BYTES_PER_CONNECTION, CUTS);
  const { ticket } = await alice.api.invite("agent");
  // An address that nobody dials: he dials her, so that everything comes through the proxy.
  const advertise = "ws://0.0.0.0:1";
  const bob = await world.start("bob", { slots: 0, ticket, rendezvous: [proxy.url], advertise });
  await waitForEqualDigests([alice, bob], 60_000);

  expect(proxy.cuts()).toBe(CUTS);
  const whole = ITEMS * TEXT.length;
  // What a cut threw away is at most one chunk each; nothing that had arrived whole was sent again.
  expect(proxy.bytesFromTarget()).toBeGreaterThan(whole);
  expect(proxy.bytesFromTarget()).toBeLessThan(whole * 1.3 + CUTS * 512 * 1024);
  expect((await bob.api.items()).length).toBe(ITEMS);
  await expectSoundLogs([bob]);
});
