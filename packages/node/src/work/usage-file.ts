/**
 * What a plain command tells of its use: `usage.jsonl` in the directory of its questions, one JSON object a line.
 *
 *     {"model": "big-one", "input": 1200, "output": 340, "cacheRead": 0, "cacheWrite": 0, "usd": 0.25}
 *
 * Each line says what one model took since the command began, in all, so the file may be appended to or written anew; of
 * each count the greatest counts. Whoever wrote it may be anybody, so what is no count is left out and never guessed.
 */
import type { SpendCounts } from "@skein/core";

export interface UsageRead {
  readonly models: ReadonlyMap<string, SpendCounts>;
  /** One sentence about what could not be read; undefined when all of it could. */
  readonly problem: string | undefined;
}

const MODELS_MAX = 15;
const COUNT_MAX = 2 ** 48;
const TOKEN_FIELDS = ["input", "output", "cacheRead", "cacheWrite"] as const;

export function readUsage(bytes: Uint8Array): UsageRead {
  const models = new Map<string, SpendCounts>();
  const text = new TextDecoder().decode(bytes);
  // A last line without its end is still being written.
  const lines = text.slice(0, text.lastIndexOf("\n") + 1).split("\n");
  let bad = 0;
  for (const line of lines) {
    if (line.trim() === "") continue;
    const fields = fieldsOf(line);
    const counts = fields === undefined ? undefined : countsOf(fields);
    if (fields === undefined || counts === undefined) bad += 1;
    else {
      const model = modelName(fields["model"]);
      if (!models.has(model) && models.size >= MODELS_MAX) bad += 1;
      else models.set(model, greatest(models.get(model), counts));
    }
  }
  const problem =
    bad === 0
      ? undefined
      : `${bad} ${bad === 1 ? "line" : "lines"} of usage.jsonl cannot be read: each is an object with model, input, output, cacheRead, cacheWrite and usd, where numbers are not below 0.`;
  return { models, problem };
}

/** Names go into the log as keys: one line of plain characters. */
export const modelName = (name: unknown): string =>
  typeof name === "string" && name !== "__proto__" ? name.replaceAll(/[^ -~]/g, "?").slice(0, 100) : "";

export const microUsd = (usd: number): number => Math.min(COUNT_MAX, Math.ceil(usd * 1_000_000 - 1e-6));

function fieldsOf(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value))
      : undefined;
  } catch {
    return undefined;
  }
}

function countsOf(fields: Readonly<Record<string, unknown>>): SpendCounts | undefined {
  const counts = new Map<string, number>();
  for (const name of [...TOKEN_FIELDS, "usd"] as const) {
    const value = fields[name];
    if (value === undefined || value === null) continue;
    if (typeof value !== "number" || !Number.isFinite(value) || value < 0 || value > COUNT_MAX) return undefined;
    const isMoney = name === "usd";
    counts.set(isMoney ? "microUsd" : name, isMoney ? microUsd(value) : Math.ceil(value));
  }
  return counts;
}

function greatest(a: SpendCounts | undefined, b: SpendCounts): SpendCounts {
  const counts = new Map(a);
  for (const [name, count] of b) counts.set(name, Math.max(count, counts.get(name) ?? 0));
  return counts;
}
