/** Rooms, people who command the mesh from them, and a platform at its worst. */
import { drawInt, drawLog } from "../kernel/streams.ts";
import { calmPlatform } from "../ports/chat-platform.ts";
import { answerQuestions, speak } from "../room-people.ts";
import { createRooms } from "../rooms.ts";
import { type Fault, repeatedly } from "./fault.ts";

export const chatFault: Fault = {
  name: "chat",
  about:
    "people command the mesh from rooms of a platform that loses answers, delivers twice, late and in any order, and goes away",
  // Only where it is asked for: it makes a world of its own, and the runs of other seeds stay what they were.
  chance: 0,
  arm: (context) => {
    const { world, prng } = context;
    const leaseTtlMs = prng.pick([6_000, 9_000, 30_000]);
    const lingerMs = drawInt(prng, 10_000, 60_000);
    const blindSocket = prng.chance(0.5);
    const everyMs = drawInt(prng, 300, 4_000);
    const outageEveryMs = drawInt(prng, 8_000, 60_000);
    const outageMs = Math.round(drawLog(prng, 500, 30_000));
    const dropEveryMs = drawInt(prng, 3_000, 30_000);
    const repeatEveryMs = drawInt(prng, 1_000, 20_000);
    const rates = {
      maxMs: Math.round(drawLog(prng, 20, 2_000)),
      lostRequestChance: prng.int(15) / 100,
      lostAnswerChance: prng.int(20) / 100,
      limitChance: prng.int(15) / 100,
      throwChance: prng.int(6) / 100,
      cannotTellChance: prng.int(20) / 100,
      twiceChance: prng.int(40) / 100,
      lateChance: prng.int(20) / 100,
      alsoWebhookChance: prng.int(60) / 100,
    };
    const rooms = createRooms(world, { leaseTtlMs, lingerMs, blindSocket });
    world.chat.rooms = rooms;
    const { platform } = rooms;
    const goAway = (): void => {
      platform.down = true;
      world.note("room: platform away");
      world.scheduler.after(drawInt(prng, 100, outageMs), () => {
        platform.down = false;
      });
    };
    const drop = (): void => {
      world.note("room: socket dropped");
      platform.dropSocket();
    };
    return {
      settings: { leaseTtlMs, lingerMs, blindSocket: String(blindSocket), everyMs, outageEveryMs, outageMs, ...rates },
      start: () => {
        Object.assign(platform.rates, rates);
        answerQuestions(world, rooms);
        repeatedly(context, everyMs, () => speak(world, rooms))();
        repeatedly(context, outageEveryMs, goAway)();
        repeatedly(context, dropEveryMs, drop)();
        repeatedly(context, repeatEveryMs, () => platform.repeatOld())();
      },
      heal: () => {
        Object.assign(platform.rates, calmPlatform());
        platform.down = false;
      },
    };
  },
};
