/** All checkers. docs/simulation.md says which invariant is checked where. */
import type { MakeChecker } from "./checker.ts";
import { logReplays } from "./i01-log-replays.ts";
import { uniqueness } from "./i02-uniqueness.ts";
import { persistBeforePublish } from "./i04-persist-before-publish.ts";
import { authorMonotonicity } from "./i05-author-monotonicity.ts";
import { asksFirst } from "./i05-asks-first.ts";
import { convergence } from "./i07-convergence.ts";
import { stamps } from "./i08-stamps.ts";
import { oneEffect } from "./i10-rooms.ts";
import { ackedOps } from "./i09-acked-ops.ts";
import { legality } from "./i11-legality.ts";
import { monotoneView } from "./i12-monotone-view.ts";
import { evidence } from "./i13-evidence.ts";
import { landedOnce } from "./i14-landed-once.ts";
import { landedTested } from "./i15-landed-tested.ts";
import { noPrematureSteal } from "./i20-premature-steal.ts";
import { liveness } from "./i21-liveness.ts";
import { dataIsNotCode } from "./i22-data-is-not-code.ts";
import { bounds } from "./i25-bounds.ts";
import { checkpointsHold } from "./i27-checkpoints.ts";
import { oneAnswer } from "./i29-one-answer.ts";
import { safeEvents } from "./i30-safe-events.ts";
import { roomsAtRest } from "./i31-rooms-at-rest.ts";
import { strangersChangeNothing } from "./i32-strangers.ts";
import { oneSpeaker } from "./i33-one-speaker.ts";
import { nightEnds } from "./i34-night-ends.ts";
import { nightMoney } from "./i35-night-money.ts";
import { nothingLeft } from "./i36-nothing-left.ts";

export const CHECKERS: readonly MakeChecker[] = [
  persistBeforePublish,
  authorMonotonicity,
  asksFirst,
  monotoneView,
  evidence,
  landedOnce,
  landedTested,
  noPrematureSteal,
  dataIsNotCode,
  convergence,
  liveness,
  ackedOps,
  uniqueness,
  stamps,
  logReplays,
  legality,
  bounds,
  checkpointsHold,
  oneEffect,
  oneAnswer,
  safeEvents,
  roomsAtRest,
  strangersChangeNothing,
  oneSpeaker,
  nightEnds,
  nightMoney,
  nothingLeft,
];
