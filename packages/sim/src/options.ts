/** What a run of one seed takes and gives. */
import type { Crypto, Signer } from "@skein/core";
import type { LogStore } from "@skein/node";

import type { MakeChecker } from "./invariants/checker.ts";
import type { SometimesCounts } from "./sometimes.ts";
import type { Violation } from "./world.ts";

/** Real signatures and real stores in the place of the pretended ones. */
export interface RealPorts {
  readonly crypto: Crypto;
  /** The key pair of a 32-byte seed. */
  readonly createSigner: (seed: Uint8Array) => Signer;
  /** A store for this machine; `fresh` puts an empty one in the place of the last. */
  readonly openStore: (machine: string, fresh: boolean) => LogStore;
}

export type TableRow = readonly [what: string, figure: string];

/** A night of unattended agents instead of people who do things everywhere. */
export interface NightOptions {
  readonly stories: number;
  /** At most so long; everything that takes time in it takes as much longer or shorter. */
  readonly hours: number;
}

export interface SeedOptions {
  /** Things that people do. */
  readonly ops: number;
  /** Honest machines. */
  readonly nodes: number;
  /** Exactly these fault classes instead of the ones that the seed draws. */
  readonly faults?: readonly string[] | undefined;
  /** These as well as what the seed draws; for classes that are not drawn by themselves. */
  readonly also?: readonly string[] | undefined;
  /** Stops after this many events. */
  readonly untilStep?: number | undefined;
  /** Stops at the first violation: whoever only asks whether there is one need not wait for the rest. */
  readonly untilViolation?: boolean | undefined;
  /** Every traced event as a line. */
  readonly print?: ((line: string) => void) | undefined;
  readonly real?: RealPorts | undefined;
  readonly night?: NightOptions | undefined;
  /** People and programs that read all the time: boards, digests, doctors. They must change nothing. */
  readonly observers?: boolean | undefined;
  /** Other checkers than the usual ones, to test the simulator itself. */
  readonly checkers?: readonly MakeChecker[] | undefined;
}

export interface SeedReport {
  readonly seed: number;
  readonly traceHash: string;
  /** Of the view that all nodes share in the end; empty when they share none or the run was stopped. */
  readonly digest: string;
  readonly violations: readonly Violation[];
  readonly sometimes: SometimesCounts;
  /** The fault classes that were on, each with what was drawn for it. */
  readonly faults: Readonly<Record<string, Readonly<Record<string, number | string>>>>;
  readonly steps: number;
  readonly simulatedMs: number;
  readonly ops: number;
  readonly items: number;
  readonly landed: number;
  /** What a night came to, as a table; empty for other runs. */
  readonly table: readonly TableRow[];
  /** The last events, when something was violated. */
  readonly lastEvents: readonly string[];
}
