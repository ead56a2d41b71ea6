/**
 * A gateway that lets nobody in. Discord resets the token of a bot that identifies 1,000 times within 24 hours, so what
 * counts is how often it is dialed over a whole day: here a simulated one, over real sockets.
 */
import { createPrng } from "@skein/core/testing";
import { afterEach, beforeEach, expect, test } from "vitest";

import { type DiscordServer, startDiscordServer } from "../support/discord-server.ts";
import { createStand, newHost } from "../support/discord-stand.ts";
import { createSteppingClock, type SteppingClock } from "../support/stepping-clock.ts";
import { waitFor } from "../support/wait.ts";

const DAY_MS = 86_400_000;
const DISCORDS_LIMIT = 1_000;

let server: DiscordServer;

beforeEach(async () => {
  server = await startDiscordServer();
});

afterEach(() => server.stop());

/** Nothing is under way over the sockets: it waits for the clock and for nothing else. */
function isWaiting(clock: SteppingClock, log: readonly string[]): boolean {
  const count = (event: string): number => log.filter((line) => line.includes(event)).length;
  return clock.waiting() === 1 && count("discord.dialing") === count("discord.disconnected");
}

/** Lets a day pass. Between two steps everything that has to happen over the sockets happens. */
async function letDayPass(
  seed: number,
): Promise<{ dials: number; identifies: number; spent: number; troubles: string[] }> {
  const clock = createSteppingClock();
  const host = newHost();
  const { transport, log } = createStand(server, {}, { clock, random: createPrng(seed) });
  const ingress = transport.open?.(host);
  while (clock.monoMs() < DAY_MS) {
    await waitFor("a wait for the clock", () => isWaiting(clock, log), { everyMs: 1 });
    clock.step();
  }
  await ingress?.close();
  await transport.close();
  const troubles = host.troubles.map(({ message }) => message);
  const { dials, identifies } = server.gateway;
  return { dials: dials.length, identifies: identifies.length, spent: host.spent.length, troubles };
}

test.each([
  ["breaks every connection right after accepting it", () => (server.gateway.slam = 0)],
  ["closes every connection right after accepting it", () => (server.gateway.slam = 4002)],
])("a gateway that %s is dialed fewer than 300 times a day", async (_, misbehave) => {
  misbehave();
  const { dials, identifies, spent, troubles } = await letDayPass(1);
  expect(dials).toBeGreaterThan(150);
  expect(dials).toBeLessThan(300);
  expect(spent).toBe(dials);
  expect(identifies).toBe(0);
  expect(troubles).toHaveLength(1);
  expect(troubles[0]).toContain("every 5 to 10 minutes");
});

test("a gateway that ends every session as soon as it began sees fewer than 300 identifies a day", async () => {
  server.gateway.turnAway = 4009;
  const { identifies, spent } = await letDayPass(2);
  expect(identifies).toBeGreaterThan(150);
  expect(identifies).toBeLessThan(300);
  expect(identifies).toBeLessThan(DISCORDS_LIMIT);
  expect(spent).toBe(identifies);
});

test("a node that crashes and starts again all the time does not spend more than the mesh's budget", async () => {
  server.gateway.turnAway = 4009;
  const earlierThatDay = 800;
  let spent = earlierThatDay;
  for (let count = 0; count < 150; count++) {
    const host = {
      ...newHost(),
      // The mesh's own, durable: it outlives the process.
      spend: (_: string, limit: { readonly count: number; readonly perMs: number }) => {
        expect(limit.perMs).toBe(DAY_MS);
        if (spent >= limit.count) return Promise.resolve({ ok: false, error: DAY_MS } as const);
        spent++;
        return Promise.resolve({ ok: true, value: undefined } as const);
      },
    };
    const clock = createSteppingClock();
    const { transport, log } = createStand(server, {}, { clock, random: createPrng(count) });
    const ingress = transport.open?.(host);
    await waitFor("a wait for the clock", () => isWaiting(clock, log), { everyMs: 1 });
    await ingress?.close();
    await transport.close();
  }
  expect(server.gateway.identifies).toHaveLength(900 - earlierThatDay);
});
