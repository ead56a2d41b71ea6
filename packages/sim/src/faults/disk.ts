/** Disks that are full, that fail to sync, and whose content is put back to what it was before or copied. */
import { createReplica, wholeRecords } from "@skein/core";
import type { Prng } from "@skein/core/testing";
import { CARRIED_OVER } from "@skein/node";

import { drawInt, drawLog } from "../kernel/streams.ts";
import { createMachine } from "../machine.ts";
import type { Image } from "../ports/disk.ts";
import type { Machine } from "../world.ts";
import { setDisks } from "./crash.ts";
import { type Fault, type FaultContext, nothing, pickRunning, repeatedly } from "./fault.ts";

export const diskFullFault: Fault = {
  name: "disk-full",
  about: "a disk is full for a while",
  chance: 0.4,
  arm: (context) => {
    const { world, prng } = context;
    const everyMs = drawInt(prng, 1_500, 12_000);
    const longestMs = drawInt(prng, 500, 10_000);
    return {
      settings: { everyMs, longestMs },
      start: repeatedly(context, everyMs, () => {
        const { disk } = prng.pick(world.machines);
        if (disk.full) return;
        disk.full = true;
        world.note("disk full");
        world.scheduler.after(drawInt(prng, 100, longestMs), () => {
          if (!disk.full) return;
          disk.full = false;
          world.note("disk full and healed");
        });
      }),
      heal: () => {
        for (const { disk } of world.machines) disk.full = false;
      },
    };
  },
};

export const syncErrorFault: Fault = {
  name: "sync-error",
  about: "fsync fails; from then on nobody knows what is on the disk until the log is opened again",
  chance: 0.3,
  arm: (context) => {
    const { world, prng } = context;
    const syncErrorChance = drawLog(prng, 0.001, 0.02);
    return {
      settings: { syncErrorChance },
      start: () => {
        setDisks(world.machines, { syncErrorChance });
        // A person restarts what complains.
        repeatedly(context, 3_000, () => restartDegraded(world.machines))();
      },
      heal: () => {
        setDisks(world.machines, { syncErrorChance: 0 });
        restartDegraded(world.machines);
      },
    };
  },
};

function restartDegraded(machines: readonly Machine[]): void {
  for (const machine of machines) {
    const health = machine.running?.node.api.health();
    if (health?.reasons.some((reason) => reason.includes("restart the node")) !== true) continue;
    machine.kill(false);
    machine.start();
  }
}

export const restoreFault: Fault = {
  name: "restore",
  about: "a machine's directory is put back to an older image, and its node started",
  chance: 0.3,
  arm: (context) => {
    const { world, prng } = context;
    const everyMs = drawInt(prng, 1_000, 6_000);
    const images = new Map<Machine, Image>();
    return {
      settings: { everyMs },
      start: repeatedly(context, everyMs, () => {
        const machine = pickRunning(context);
        if (machine === undefined) return;
        const image = images.get(machine);
        images.set(machine, machine.disk.image());
        if (image === undefined || image.frames.length === machine.disk.frames().length) return;
        machine.kill(false);
        rollBack(context, machine, image);
        machine.mayFork = true;
        world.note("restart from an older image");
        machine.start();
      }),
      heal: () => images.clear(),
    };
  },
};

/** What only this disk had is gone with it. As after `skein restore`, beats of this life are newer than all before it. */
function rollBack({ world }: FaultContext, machine: Machine, image: Image): void {
  const { disk } = machine;
  world.trace.line(machine.name, `goes back from ${disk.frames().length} to ${image.frames.length} frames`);
  const boot = disk.getMeta("boot");
  disk.restore({ ...image, meta: new Map([...image.meta, ...(boot === undefined ? [] : [["boot", boot] as const])]) });
  machine.rolledBack = true;
  const left = createReplica(world.mesh, world.crypto);
  left.reload(image.frames.map(({ bytes }) => bytes));
  const elsewhere = world.machines.filter((other) => other !== machine);
  for (const ack of world.acks) {
    if (left.hasOp(ack.op)) continue;
    ack.holders = elsewhere.filter(({ running }) => running?.node.replica.hasOp(ack.op) === true);
  }
}

export const cloneFault: Fault = {
  name: "clone",
  about: "a machine's directory is copied and started a second time beside the first",
  chance: 0.2,
  arm: (context) => {
    const { world, prng } = context;
    const atMs = drawInt(prng, 500, 6_000);
    const clones: Machine[] = [];
    return {
      settings: { atMs },
      start: () => {
        world.scheduler.after(atMs, () => {
          const original = pickRunning(context);
          if (original === undefined || world.phase() !== "safety") return;
          const { signer, name } = original;
          const clone = createMachine(world, {
            name: `${name}-clone`,
            signer,
            backing: undefined,
            ticketText: undefined,
          });
          clone.disk.restore(original.disk.image());
          for (const twin of [original, clone]) Object.assign(twin, { rolledBack: true, mayFork: true });
          clones.push(clone);
          world.note("machine's directory cloned");
          clone.start();
        });
      },
      // A person who reads the alarm lets it hand over what it has, and then puts it away.
      heal: () => {
        for (const clone of clones) world.scheduler.after(20_000, () => void clone.stop());
      },
    };
  },
};

export const bitFlipFault: Fault = {
  name: "bit-flip",
  about:
    "a bit of the log on disk is another one at the next start, which puts the log aside and keeps what is whole of it",
  chance: 0.2,
  arm: (context) => {
    const { world, prng } = context;
    const everyMs = drawInt(prng, 2_000, 10_000);
    return {
      settings: { everyMs },
      start: repeatedly(context, everyMs, () => {
        const machine = pickRunning(context);
        if (machine === undefined || world.machines.length < 2) return;
        machine.kill(false);
        const { frames, meta } = machine.disk.image();
        const at = prng.int(frames.length);
        const damaged = frames.map(({ bytes }, index) => (index === at ? flipBit(bytes, prng) : bytes));
        // The rows' sums say that something is wrong; `skein up` then does this, under a new incarnation.
        const whole = [...wholeRecords(damaged, world.mesh, world.crypto)];
        const facts = [...meta].filter(([key]) => !key.startsWith(CARRIED_OVER));
        rollBack(context, machine, { frames: whole, meta: new Map([...facts, ["incarnation", prng.bytes(8)]]) });
        world.note("log flipped a bit");
        machine.start();
      }),
      heal: nothing,
    };
  },
};

function flipBit(bytes: Uint8Array, prng: Prng): Uint8Array {
  const copy = bytes.slice();
  const at = prng.int(copy.length);
  copy[at] = (copy[at] ?? 0) ^ (1 << prng.int(8));
  return copy;
}
