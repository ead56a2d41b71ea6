/**
 * What a person must have seen: kept on disk over restarts, said by `/healthz` and `skein doctor`, until somebody says so
 * with `skein doctor seen`. Everything else that went wrong is an incident, which is forgotten with the process.
 */
import { ok, type Result } from "@skein/core";

import type { Incidents } from "./incidents.ts";
import type { Clock, LogStore, StoreError } from "./ports.ts";

export interface Alarm {
  readonly type: string;
  /** One sentence for people. */
  readonly message: string;
  /** Wall time, Unix ms. */
  readonly at: number;
}

export interface Alarms {
  raise(type: string, message: string): void;
  list(): readonly Alarm[];
  /** A person has seen all of them. */
  seen(): Result<void, StoreError>;
}

/** The fact beside the log that holds them. */
export const ALARMS_KEY = "alarms";
const KEPT = 20;

export function createAlarms(deps: {
  readonly store: LogStore;
  readonly clock: Clock;
  readonly incidents: Incidents;
}): Alarms {
  const { store, clock, incidents } = deps;
  let alarms = decodeAlarms(store.getMeta(ALARMS_KEY));
  for (const { type, message } of alarms) incidents.record(type, "", message);
  return {
    raise: (type, message) => {
      incidents.record(type, "", message);
      alarms = [...alarms, { type, message, at: clock.wallMs() }].slice(-KEPT);
      const saved = store.putMeta(ALARMS_KEY, encodeAlarms(alarms));
      if (!saved.ok) incidents.record("disk", "alarms", saved.error.message);
    },
    list: () => alarms,
    seen: () => {
      const saved = alarms.length === 0 ? ok(undefined) : store.putMeta(ALARMS_KEY, encodeAlarms([]));
      if (saved.ok) alarms = [];
      return saved;
    },
  };
}

export const encodeAlarms = (alarms: readonly Alarm[]): Uint8Array => new TextEncoder().encode(JSON.stringify(alarms));

export function decodeAlarms(bytes: Uint8Array | undefined): readonly Alarm[] {
  if (bytes === undefined) return [];
  // Written by `encodeAlarms`, and the store gives back what was written.
  return JSON.parse(new TextDecoder().decode(bytes)) as readonly Alarm[];
}

export function twinAlarm(address: string): string {
  const where = address === "" ? "" : `, and listens at ${address}`;
  const what = `Another process runs with this node's key${where}: its data directory or its key was copied.`;
  return `${what} Stop one of the two; the other goes on with what both wrote.`;
}
