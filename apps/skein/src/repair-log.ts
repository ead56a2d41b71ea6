/**
 * A damaged log: put aside, what is whole of it kept, a new incarnation begun, and a person told.
 *
 * The new incarnation is what keeps this safe. Ops that were lost may be known to peers, so nothing is ever written again
 * under the numbers they had; the node's old feed comes back from the peers as far as they have it.
 */
import { randomBytes } from "node:crypto";

import { ALARMS_KEY, CARRIED_OVER, createNodeCrypto, decodeAlarms, encodeAlarms, systemClock } from "@skein/node";
import { finishRepair, isRepairUnfinished, type Salvaged, salvageLog } from "@skein/store-sqlite";

import { Failure, orFail } from "./failure.ts";
import { readIdentity } from "./identity-file.ts";

/** Completes a repair that a crash cut off at its last step; until then the log that is there is not to be opened. */
export function finishCutOffRepair(directory: string, mayRepair: boolean): void {
  if (!isRepairUnfinished(directory)) return;
  if (!mayRepair) {
    throw new Failure(`A repair of the log in ${directory} is under way or was cut off; \`skein up\` completes it.`);
  }
  orFail(finishRepair(directory, timeName()), (error) => error.message);
}

/** Repairs the closed log of a data directory; `damage` says what is wrong as a clause. Returns what the alarm says. */
export function repairLog(directory: string, damage: string): string {
  const identity = readIdentity(directory);
  let alarm = "";
  const facts = (salvaged: Salvaged, old: ReadonlyMap<string, Uint8Array>): ReadonlyMap<string, Uint8Array> => {
    alarm = describe(salvaged, damage);
    const facts = new Map(old);
    if (salvaged.mesh !== undefined) facts.set("mesh", salvaged.mesh);
    if (identity !== undefined && !facts.has("name")) facts.set("name", encode(identity.name));
    facts.set("incarnation", new Uint8Array(randomBytes(8)));
    // The salvaged log is a new file, and nothing was copied.
    facts.delete("place");
    // They count positions of the log that is put aside.
    for (const key of old.keys()) if (key.startsWith(CARRIED_OVER)) facts.delete(key);
    facts.set("boot", encode(String(nextBoot(old.get("boot")))));
    const alarms = [
      ...decodeAlarms(old.get(ALARMS_KEY)),
      { type: "log-damaged", message: alarm, at: systemClock.wallMs() },
    ];
    facts.set(ALARMS_KEY, encodeAlarms(alarms));
    return facts;
  };
  const crypto = createNodeCrypto();
  const salvaged = salvageLog({ directory, crypto, mesh: identity?.mesh, time: timeName(), facts });
  if (!salvaged.ok) throw new Failure(`The log in ${directory} is damaged (${damage}). ${salvaged.error.message}`);
  return alarm;
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

const QUARTER_HOUR_MS = 15 * 60_000;
/** More starts than the damaged file can have forgotten. */
const FORGOTTEN_BOOTS = 100;

/**
 * Peers ignore beats of an earlier start, so this number must be above any that was ever used. When nothing is left to go
 * by, the date is: no node is started every quarter of an hour since 1970.
 */
function nextBoot(old: Uint8Array | undefined): number {
  const known = Number(new TextDecoder().decode(old));
  const byDate = Math.floor(systemClock.wallMs() / QUARTER_HOUR_MS);
  return Math.max(byDate, Number.isSafeInteger(known) ? known + FORGOTTEN_BOOTS : 0);
}

function describe({ kept, lost, quarantine }: Salvaged, damage: string): string {
  const missing =
    lost === undefined
      ? "how many are missing cannot be told"
      : lost === 0
        ? "none is missing"
        : `${lost} could not be read`;
  return (
    `The log of this node was damaged (${damage}) and was put into ${quarantine}. ` +
    `${kept} frames were whole and are kept, ${missing}; this node goes on under a new incarnation. Other nodes that had the rest bring it back; without any, a backup may.`
  );
}

/** Sorts by time and is a plain file name. */
const timeName = (): string => new Date(systemClock.wallMs()).toISOString().replaceAll(/[-:]|\.\d+/g, "");
