/** Mistakes with rooms: events that are lost or done twice, answers that are seen twice. */
import type { Mutant } from "../mutant.ts";

const FOLD = "packages/core/src/chat/chat-fold.ts";
const HOST = "packages/chat/src/host.ts";
const OUTBOX = "packages/chat/src/outbox.ts";
const faults = ["chat"];

export const ROOM_MUTANTS: readonly Mutant[] = [
  {
    name: "sent-again-without-a-look",
    file: OUTBOX,
    find: "if (!doubt || knowsKey(one))",
    replace: "if (!doubt || doubtful.size >= 0)",
    faults,
    why: "Nobody answered, so it was not sent.",
    caughtBy: ["I29"],
  },
  {
    name: "acknowledged-before-the-write",
    file: HOST,
    find: "const written = await desk.write(() =>\n    ok(news",
    replace: "const written = { ok: true, error: { message: '' } };\n  void desk.write(() =>\n    ok(news",
    also: [
      {
        file: HOST,
        find: "if (!bodies.every(({ event }) => commands.has(commandIdOf(account.id, event, sha256)))) {",
        replace: "if (commands.size < 0) {",
      },
    ],
    faults,
    why: "The platform wants an answer within three seconds, and a disk may be slow.",
    caughtBy: ["I30"],
  },
  {
    name: "command-of-the-delivery",
    file: FOLD,
    find: "const id = commandIdOf(body.account, body.event, sha256);",
    replace: "const id = commandIdOf(body.account, stamp.id, sha256);",
    faults,
    why: "Each receive op has an id of its own already, and so its command has one, too.",
    caughtBy: ["I29", "I30", "I31"],
  },
  {
    name: "older-end-counts",
    file: FOLD,
    find: "ENDS.indexOf(a.outcome) - ENDS.indexOf(b.outcome) || compareStamp",
    replace: "compareStamp",
    faults,
    why: "Of two registers of one thing the older op counts, as everywhere.",
    caughtBy: ["I10"],
  },
];
