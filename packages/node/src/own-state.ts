/** What a node says of its own state: how it is, and what it can take on. */
import { type Beat, compareText, LIMITS, memberOf, type Membership } from "@skein/core";

import type { Alarms } from "./alarms.ts";
import type { Health } from "./api.ts";
import type { Journal } from "./journal.ts";
import type { NodeOptions } from "./node-options.ts";
import type { MachineState } from "./ports.ts";
import { SHORT_OF_MONEY } from "./work/fleet-purse.ts";
import type { Worker } from "./work/worker.ts";

/** For people, and for what watches the node. */
export function healthOf(journal: Pick<Journal, "problem">, alarms: Pick<Alarms, "list">): Health {
  const told = alarms.list().map((alarm) => alarm.message);
  const problem = journal.problem();
  if (problem !== undefined) return { status: "degraded", reasons: [problem.message, ...told] };
  return told.length === 0 ? { status: "ok", reasons: [] } : { status: "alarm", reasons: told };
}

/** Where nobody measures it. */
export const idleMachine = (): MachineState => ({ load: 0, lowDisk: false });

const ACTIVITY_BYTES = 120;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Agents put words into what their node says that it does. Half of a character cannot be encoded, and a beat that is too
 * large is heard by nobody: either would take the node away from its peers.
 */
function sayable(activity: string): string {
  const bytes = new Uint8Array(ACTIVITY_BYTES);
  const { written } = encoder.encodeInto(activity.replace(/^\ufeff+/, ""), bytes);
  return decoder.decode(bytes.subarray(0, written));
}

/** What a beat says beside the node's own work. */
export interface SaidBeside {
  readonly fleet: { readonly isShort: () => boolean };
  readonly desk: { readonly accounts: () => Beat["accounts"] };
  /** By the peer's key. */
  readonly links: { readonly peers: () => ReadonlyMap<string, unknown> };
  readonly membership: Membership;
}

/** For its peers. */
export function describeBeat(
  options: Pick<NodeOptions, "clock" | "version" | "announced" | "page" | "labels" | "slots" | "machine">,
  worker: Pick<Worker, "slotsFree" | "executions">,
  { fleet, desk, links, membership }: SaidBeside,
): Omit<Beat, "node" | "boot" | "counter" | "intervalMs"> {
  return {
    version: options.version,
    addresses: options.announced(),
    labels: options.labels,
    slots: options.slots,
    slotsFree: worker.slotsFree(),
    page: options.page?.() ?? "",
    ...(options.machine ?? idleMachine)(),
    accounts: desk.accounts(),
    wallMs: options.clock.wallMs(),
    links: [...links.peers().keys()]
      .flatMap((key) => memberOf(membership, key)?.id ?? [])
      .toSorted(compareText)
      .slice(0, LIMITS.beatLinks),
    activity: {
      ...(fleet.isShort() ? { [SHORT_OF_MONEY]: "short" } : {}),
      ...Object.fromEntries(
        worker
          .executions()
          .slice(0, 8)
          .map(({ item, activity }) => [item, sayable(activity)]),
      ),
    },
  };
}
