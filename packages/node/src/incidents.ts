/**
 * What went wrong lately, for `skein doctor`: refused peers, frames and tickets, failed writes, a lost landing. Bounded,
 * in memory, newest last; equal incidents are counted instead of repeated.
 */
import type { Clock } from "./ports.ts";

export interface Incident {
  readonly type: string;
  /** Who or what it is about: a peer's name, an address, an item. */
  readonly subject: string;
  /** One sentence for people. */
  readonly message: string;
  readonly count: number;
  /** Wall time of the first and the last, Unix ms. */
  readonly firstAt: number;
  readonly lastAt: number;
}

export interface Incidents {
  record(type: string, subject: string, message: string): void;
  list(): readonly Incident[];
}

/** A peer says that another key took the place of this node's, which this node's own log does not know of. */
export const KEY_REPLACED = "key-replaced";

const KEPT = 100;

export function createIncidents(clock: Clock): Incidents {
  const incidents = new Map<string, Incident>();
  return {
    record: (type, subject, message) => {
      const key = `${type}\n${subject}\n${message}`;
      const known = incidents.get(key);
      const now = clock.wallMs();
      incidents.delete(key);
      incidents.set(key, {
        type,
        subject,
        message,
        count: (known?.count ?? 0) + 1,
        firstAt: known?.firstAt ?? now,
        lastAt: now,
      });
      const [oldest] = incidents.keys();
      if (incidents.size > KEPT && oldest !== undefined) incidents.delete(oldest);
    },
    list: () => [...incidents.values()],
  };
}
