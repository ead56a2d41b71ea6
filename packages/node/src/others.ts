/** What the other nodes that are alive say in their beats that matters to this one's work. */
import type { Candidate } from "@skein/core";

import type { Presence } from "./presence.ts";
import { SHORT_OF_MONEY } from "./work/fleet-purse.ts";

/** Which of them lack money of their own for work that is there. */
export const shortOfMoney = (presence: Presence): ReadonlyMap<string, { readonly isShort: boolean }> =>
  new Map(
    [...presence.heard()]
      .filter(([member]) => presence.isAlive(member))
      .map(([member, { beat }]) => [member, { isShort: beat.activity[SHORT_OF_MONEY] !== undefined }]),
  );

export const candidates = (presence: Presence): readonly Candidate[] =>
  [...presence.heard()]
    .filter(([member]) => presence.isAlive(member))
    .map(([member, { beat }]) => ({ key: member, slotsFree: beat.slotsFree, labels: beat.labels }));
