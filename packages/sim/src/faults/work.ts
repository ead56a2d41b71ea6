/** The git remote and the agents at their worst. */
import { isLive } from "@skein/core";
import { GROWTH } from "@skein/node";

import { drawInt, drawLog } from "../kernel/streams.ts";
import { calmProcesses } from "../ports/processes.ts";
import { calmRemote, fileOf } from "../ports/repository.ts";
import { command } from "../workload.ts";
import { type Fault, nothing, pickRunning, repeatedly } from "./fault.ts";

export const remoteFault: Fault = {
  name: "remote",
  about: "the git remote is slow, away, refuses, or ends a push without anybody knowing whether it was done",
  chance: 0.6,
  arm: (context) => {
    const { world, prng } = context;
    const { remoteState: state } = world;
    const rates = {
      maxMs: Math.round(drawLog(prng, 30, 1_500)),
      unreachableChance: prng.int(20) / 100,
      refuseChance: prng.int(10) / 100,
      lostAnswerChance: prng.int(30) / 100,
      lostPushChance: prng.int(30) / 100,
    };
    const outageEveryMs = drawInt(prng, 5_000, 30_000);
    const outageMs = drawInt(prng, 500, 8_000);
    return {
      settings: { ...rates, outageEveryMs, outageMs },
      start: () => {
        Object.assign(state.rates, rates);
        repeatedly(context, outageEveryMs, () => {
          state.down = true;
          world.note("push refused or unreachable");
          world.scheduler.after(outageMs, () => {
            state.down = false;
          });
        })();
      },
      heal: () => {
        Object.assign(state.rates, { ...calmRemote(), raceChance: state.rates.raceChance });
        state.down = false;
      },
    };
  },
};

export const humanFault: Fault = {
  name: "human",
  about: "people commit to the target branch, also just before a push arrives",
  chance: 0.5,
  arm: (context) => {
    const { world, prng } = context;
    const { remoteState: state } = world;
    const everyMs = drawInt(prng, 300, 8_000);
    const raceChance = prng.int(80) / 100;
    const files = Math.round(drawLog(prng, 3, 1_000));
    let commits = 0;
    return {
      settings: { everyMs, raceChance, files },
      start: () => {
        state.files = files;
        state.rates.raceChance = raceChance;
        repeatedly(context, everyMs, () => {
          world.remote.humanCommit(fileOf(prng, state), `${commits++}`);
          world.note("person committed to the target branch");
        })();
      },
      heal: () => {
        state.rates.raceChance = 0;
      },
    };
  },
};

export const cancelFault: Fault = {
  name: "cancel",
  about: "people archive what is about to land",
  chance: 0.25,
  arm: (context) => {
    const { world, prng } = context;
    const everyMs = drawInt(prng, 100, 1_500);
    return {
      settings: { everyMs },
      start: repeatedly(context, everyMs, () => {
        const machine = pickRunning(context);
        const items = [...(machine?.running?.node.replica.view().items.values() ?? [])].filter(isLive);
        const landing = items.filter(({ best }) => best.state.stage.stage === "Merge");
        if (machine === undefined || landing.length === 0) return;
        world.note("item archived while it was about to land");
        command(world, machine, "item.archive", { item: prng.pick(landing).id, reason: "Superseded", note: "" });
      }),
      heal: nothing,
    };
  },
};

export const packingFault: Fault = {
  name: "packing",
  about: "operators sign checkpoints, and nodes pack their logs and leave out signatures, at any moment",
  chance: 0.35,
  arm: (context) => {
    const { world, prng } = context;
    const everyMs = drawInt(prng, 300, 5_000);
    const checkpointChance = prng.int(60) / 100;
    // A simulated log is short. With packs of the product's size nearly all of it would be in the last pack, which no
    // checkpoint covers yet, and signatures would never be left out.
    const packOps = Math.round(drawLog(prng, 4, GROWTH.packOps));
    world.packing.ops = packOps;
    return {
      settings: { everyMs, checkpointChance, packOps },
      start: repeatedly(context, everyMs, () => {
        const machine = pickRunning(context);
        if (machine === undefined) return;
        command(world, machine, prng.chance(checkpointChance) ? "checkpoint" : "compact", {});
      }),
      heal: nothing,
    };
  },
};

export const agentFault: Fault = {
  name: "agents",
  about: "agents lie, crash, hang until their limit, repeat themselves; gates are red",
  chance: 0.6,
  arm: ({ world, prng }) => {
    const rates = {
      maxMs: Math.round(drawLog(prng, 600, 8_000)),
      hangChance: prng.int(15) / 100,
      lieChance: prng.int(25) / 100,
      crashChance: prng.int(20) / 100,
      exitChance: prng.int(40) / 100,
      repeatChance: prng.int(30) / 100,
      redGateChance: prng.int(35) / 100,
      notStartedChance: prng.int(6) / 100,
    };
    return {
      settings: rates,
      start: () => Object.assign(world.processRates, rates),
      heal: () => Object.assign(world.processRates, calmProcesses()),
    };
  },
};
