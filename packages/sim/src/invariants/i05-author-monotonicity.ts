/**
 * I5: what a (key, incarnation) publishes goes up by one and never says something else at the same place, over all starts
 * of its node. Watched on the wire, where everybody sees it.
 */
import { feedId, type Frame, isPack, toHex } from "@skein/core";

import { frameKey, headersIn } from "../ports/records.ts";
import type { MakeChecker } from "./checker.ts";

export const authorMonotonicity: MakeChecker = (world) => {
  const published = new Map<string, string>();
  const seen = new Set<string>();
  const publish = (record: Uint8Array): void => {
    // The same frame is sent to many; packs are rare.
    if (!isPack(record)) {
      const key = frameKey(record);
      if (seen.has(key)) return;
      seen.add(key);
    }
    for (const header of headersIn(record, world.crypto)) note(header);
  };
  const note = ({ author, incarnation, firstSeq, opIds }: Frame["header"]): void => {
    // Two programs on copies of one disk, and one on an older disk whose peers had not heard all of it, fork: I2 looks at it.
    const node = toHex(author);
    if (world.byzantine.has(node) || world.machines.some((one) => one.key === node && one.mayFork)) return;
    for (const [index, opId] of opIds.entries()) {
      const place = `${feedId(author, incarnation)}/${firstSeq + index}`;
      const [id, known] = [toHex(opId), published.get(place)];
      published.set(place, id);
      if (known !== undefined && known !== id) world.violate("I5", `the place ${place} was published with two ops`);
    }
  };
  return {
    onPublish: (_machine, records) => {
      for (const record of records) publish(record);
    },
  };
};
