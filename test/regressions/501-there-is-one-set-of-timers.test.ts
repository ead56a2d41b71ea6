/**
 * Bug 501: two modules kept timers of their own, so a timer that one had cancelled fired in the other. The engine has one
 * clock, through one port, and nothing that was cancelled fires.
 */
import { systemClock } from "@skein/node";
import { expect, test } from "vitest";

import { createVirtualMesh, pumped } from "../property/virtual/mesh.ts";
import { codeOnly, isProduction, read, sources } from "../tidy/sources.ts";

const TIMERS = /\bset(?:Timeout|Interval|Immediate)\s*\(|\btimers\/promises\b|\bqueueMicrotask\s*\(/;

test("of the engine one module alone touches timers, and it is the clock", () => {
  const engine = sources().filter(
    (path) => /^packages\/(?:core|config|node|store-sqlite)\//.test(path) && isProduction(path),
  );
  expect(engine.length).toBeGreaterThan(80);
  expect(engine.filter((path) => TIMERS.test(codeOnly(read(path))))).toEqual(["packages/node/src/system.ts"]);
});

test("a cancelled timer never fires, however short it is", async () => {
  const fired: string[] = [];
  for (const delayMs of [0, 1, 5]) systemClock.after(delayMs, () => fired.push(`cancelled ${delayMs}`))();
  await new Promise<void>((resolve) => {
    systemClock.after(20, () => {
      fired.push("kept");
      resolve();
    });
  });
  expect(fired).toEqual(["kept"]);
});

test("a node that was stopped has cancelled every timer it ever set", async () => {
  const mesh = createVirtualMesh(501);
  const pending = new Set<object>();
  const clockFor = mesh.time.clockFor.bind(mesh.time);
  Object.assign(mesh.time, {
    clockFor: (node: Parameters<typeof clockFor>[0]) => {
      const clock = clockFor(node);
      const after: typeof clock.after = (delayMs, run) => {
        const timer = {};
        pending.add(timer);
        const cancel = clock.after(delayMs, () => {
          pending.delete(timer);
          run();
        });
        return () => {
          pending.delete(timer);
          cancel();
        };
      };
      return { ...clock, after };
    },
  });
  const alice = await mesh.found("alice");
  const bob = await mesh.join("bob", alice);
  await pumped(mesh.time, alice.command("item.add", { title: "Some work", start: true }));
  expect(await mesh.time.runUntil(() => mesh.remote.chain.length === 2, 120_000)).toBe(true);
  expect(pending.size).toBeGreaterThan(0);
  await pumped(mesh.time, Promise.all([alice.node.stop(), bob.node.stop()]));
  expect(pending.size).toBe(0);
});
