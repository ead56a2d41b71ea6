/** How runs of the simulator read, for people and for programs. */
import { createHash } from "node:crypto";

import { addCounts, type SeedReport, SOMETIMES, type SometimesCounts, type Violation } from "@skein/sim";

import type { SimResult } from "./job.ts";

/** What many seeds came to. */
export interface Summary {
  readonly seeds: number;
  readonly violations: readonly (Violation & { readonly seed: number; readonly replay: string })[];
  readonly sometimes: SometimesCounts;
  readonly steps: number;
  readonly simulatedMs: number;
  readonly ops: number;
  /** Of all seeds' hashes, in their order. */
  readonly traceHash: string;
  readonly digest: string;
}

export const emptySummary: Summary = {
  seeds: 0,
  violations: [],
  sometimes: {},
  steps: 0,
  simulatedMs: 0,
  ops: 0,
  traceHash: "",
  digest: "",
};

const chain = (before: string, next: string): string => createHash("sha256").update(`${before} ${next}`).digest("hex");

export function addResult(summary: Summary, { report, replay }: SimResult): Summary {
  const found = report.violations.map((violation) => ({ ...violation, seed: report.seed, replay: replay ?? "" }));
  return {
    seeds: summary.seeds + 1,
    violations: [...summary.violations, ...found],
    sometimes: addCounts(summary.sometimes, report.sometimes),
    steps: summary.steps + report.steps,
    simulatedMs: summary.simulatedMs + report.simulatedMs,
    ops: summary.ops + report.ops,
    traceHash: chain(summary.traceHash, report.traceHash),
    digest: chain(summary.digest, report.digest),
  };
}

export function describeSeed({ report, replay }: SimResult): string {
  const faults = Object.entries(report.faults).map(
    ([name, settings]) => `  ${name.padEnd(22)} ${describeSettings(settings)}`,
  );
  return [
    `seed ${report.seed}: ${report.table.length === 0 ? `${report.ops} ops` : "a night"}`,
    ...(faults.length === 0 ? ["  no faults"] : faults),
    `  trace ${report.traceHash}`,
    `  digest ${report.digest === "" ? "none: the nodes do not share one view" : report.digest}`,
    `  ${report.steps} events in ${(report.simulatedMs / 1_000).toFixed(1)} simulated seconds; ${report.items} items, ${report.landed} landed`,
    ...describeCounts(report.sometimes),
    ...describeTable(report.table),
    ...describeViolations(report.violations, report.lastEvents),
    ...(replay === null ? [] : ["", `To see it again: ${replay}`]),
    "",
  ].join("\n");
}

const describeSettings = (settings: Readonly<Record<string, number | string>>): string =>
  Object.entries(settings)
    .map(([name, value]) => `${name} ${typeof value === "number" ? Number(value.toPrecision(3)) : value}`)
    .join(", ");

const describeCounts = (counts: SometimesCounts): readonly string[] => [
  "  how often each thing happened:",
  ...Object.entries(counts).map(([name, count]) => `  ${String(count).padStart(7)}  ${name}`),
];

function describeTable(table: SeedReport["table"]): readonly string[] {
  const wide = Math.max(0, ...table.map(([what]) => what.length));
  return table.length === 0
    ? []
    : ["  what came of it:", ...table.map(([what, figure]) => `  ${what.padEnd(wide)}  ${figure}`)];
}

function describeViolations(violations: readonly Violation[], lastEvents: readonly string[]): readonly string[] {
  if (violations.length === 0) return ["  nothing was violated"];
  const lines = violations.map(
    ({ id, message, step, atMs }) => `  ${id} at event ${step} (${atMs.toFixed(1)} ms): ${message}`,
  );
  return ["", "The last events:", ...lastEvents, "", "VIOLATED", ...lines];
}

export function describeSummary(summary: Summary, seconds: number): string {
  const unseen = SOMETIMES.filter((name) => summary.sometimes[name] === undefined);
  // Of each seed the first one: the others often follow from it.
  const failed = new Map(summary.violations.toReversed().map((violation) => [violation.seed, violation]));
  return [
    `${summary.seeds} seeds, ${summary.ops} ops, ${summary.steps} events, ${(summary.simulatedMs / 86_400_000).toFixed(2)} simulated days in ${seconds.toFixed(0)} s (${(summary.seeds / seconds).toFixed(1)} seeds/s)`,
    ...describeCounts(summary.sometimes),
    ...(unseen.length === 0 ? [] : [`  never seen: ${unseen.join("; ")}`]),
    ...[...failed.values()]
      .toReversed()
      .flatMap(({ seed, id, message, replay }) => [`VIOLATED ${id} in seed ${seed}: ${message}`, `  ${replay}`]),
    failed.size === 0 ? "nothing was violated" : `${failed.size} seeds failed`,
    "",
  ].join("\n");
}
