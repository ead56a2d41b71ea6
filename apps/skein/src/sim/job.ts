/** What a worker of `skein sim` is told, and what it answers. */
import type { NightOptions, SeedReport } from "@skein/sim";

/** Options as they cross to another thread. */
export interface SimJob {
  readonly ops: number;
  readonly nodes: number;
  readonly faults: readonly string[] | undefined;
  readonly also: readonly string[] | undefined;
  readonly night: NightOptions | undefined;
  readonly untilStep: number | undefined;
  readonly real: boolean;
  readonly minimise: boolean;
}

export interface SimResult {
  readonly report: SeedReport;
  /** Set when something was violated: the command that shows it again, made small when that was asked for. */
  readonly replay: string | null;
}
