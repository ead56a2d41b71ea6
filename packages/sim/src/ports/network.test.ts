import { createPrng } from "@skein/core/testing";
import type { Link, PeerNet } from "@skein/node";
import { expect, test } from "vitest";

import { type Life, newLife } from "../kernel/life.ts";
import { createScheduler } from "../kernel/scheduler.ts";
import { createNetwork } from "./network.ts";

const never = (): boolean => false;
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const bytesOf = (value: string): Uint8Array => new TextEncoder().encode(value);

async function pair() {
  const scheduler = createScheduler();
  const cuts: string[] = [];
  const network = createNetwork(scheduler, createPrng(1), {
    onSend: () => undefined,
    onDelivered: () => undefined,
    onCut: (a, b) => cuts.push(`${a.name} ${b.name}`),
  });
  const [a, b]: [Life, Life] = [newLife("a", 0), newLife("b", 0)];
  const seen: string[] = [];
  const handlers = (name: string) => ({
    onMessage: (bytes: Uint8Array): void => void seen.push(`${name} ${text(bytes)}`),
    onClose: (reason: string): void => void seen.push(`${name} closed: ${reason}`),
  });
  let accepted: Link | undefined;
  await network.netFor(b, "ws://b").listen({ host: "", port: 0 }, (link) => {
    accepted = link;
    return handlers("b");
  });
  const net: PeerNet = network.netFor(a, "ws://a");
  const dialed = await scheduler.settled(
    net.dial("ws://b", () => handlers("a")),
    5_000,
  );
  if (dialed?.ok !== true || accepted === undefined) throw new Error("there is no link");
  return { scheduler, network, a, b, seen, cuts, ab: dialed.value, ba: accepted, net };
}

test("messages arrive in their order, in both directions, and then the end of the connection", async () => {
  const { scheduler, seen, ab, ba } = await pair();
  for (let count = 0; count < 5; count++) ab.send(bytesOf(`${count}`));
  ba.send(bytesOf("back"));
  ab.close("done");
  expect(ab.send(bytesOf("late"))).toBe("closed");
  await scheduler.runUntil(never, 1_000);
  expect(seen.filter((line) => line.startsWith("b"))).toEqual(["b 0", "b 1", "b 2", "b 3", "b 4", "b closed: done"]);
});

test("messages wait while one way is blocked, the other way stays open, and none is lost", async () => {
  const { scheduler, network, seen, ab, ba } = await pair();
  network.setBlocked("a", "b", true);
  ab.send(bytesOf("one"));
  ba.send(bytesOf("other way"));
  await scheduler.runUntil(never, 1_000);
  ab.send(bytesOf("two"));
  expect(seen).toEqual(["a other way"]);
  expect(ab.bufferedBytes()).toBe(6);
  network.setBlocked("a", "b", false);
  await scheduler.runUntil(never, 1_000);
  expect(seen.slice(1)).toEqual(["b one", "b two"]);
});

test("a cut ends both ends, and what was under way is lost", async () => {
  const { scheduler, network, seen, cuts, ab } = await pair();
  ab.send(bytesOf("lost"));
  network.cutOne();
  await scheduler.runUntil(never, 1_000);
  expect(cuts).toEqual(["a b"]);
  expect(seen.toSorted()).toEqual(["a closed: connection reset", "b closed: connection reset"]);
});

test("a killed program's peers hear of it; a machine that went leaves them half-open until they send", async () => {
  const loud = await pair();
  loud.network.dropLife(loud.b, false);
  await loud.scheduler.runUntil(never, 1_000);
  expect(loud.seen).toEqual(["a closed: gone"]);
  const silent = await pair();
  silent.b.alive = false;
  silent.network.dropLife(silent.b, true);
  silent.ab.send(bytesOf("hello?"));
  await silent.scheduler.runUntil(never, 1_000);
  expect(silent.seen).toEqual([]);
});

test("a queue is full at its limit, and dialing nobody or through a wall fails", async () => {
  const { scheduler, network, ab, net } = await pair();
  network.rates.outboxBytes = 4;
  expect([ab.send(bytesOf("abcd")), ab.send(bytesOf("e"))]).toEqual(["sent", "full"]);
  const quiet = () => ({ onMessage: () => undefined, onClose: () => undefined });
  expect(await scheduler.settled(net.dial("ws://nobody", quiet), 5_000)).toEqual({ ok: false, error: "refused" });
  network.setBlocked("b", "a", true);
  expect(await scheduler.settled(net.dial("ws://b", quiet), 5_000)).toEqual({ ok: false, error: "no answer" });
});
