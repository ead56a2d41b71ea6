/**
 * Holds the configuration that is in force while its file is being edited. A bad version is reported and changes nothing:
 * work goes on with the last good one.
 */
import { parseProjectConfig } from "./parse.ts";
import type { ConfigError } from "./problem.ts";
import type { ProjectConfig } from "./project-config.ts";

export interface OfferedConfig {
  /** In force after the offer. */
  readonly config: ProjectConfig;
  /** Why the offered text was not taken; null when it was. */
  readonly problem: ConfigError | null;
  /** Whether `config` means something else than before the offer. */
  readonly changed: boolean;
}

export interface LastGoodConfig {
  current(): ProjectConfig;
  offer(text: string, fileName: string): OfferedConfig;
}

export function createLastGoodConfig(initial: ProjectConfig): LastGoodConfig {
  let config = initial;
  return {
    current: () => config,
    offer: (text, fileName) => {
      const parsed = parseProjectConfig(text, fileName);
      if (!parsed.ok) return { config, problem: parsed.error, changed: false };
      if (isSame(config, parsed.value)) return { config, problem: null, changed: false };
      config = parsed.value;
      return { config, problem: null, changed: true };
    },
  };
}

/** Plain data by value; the order of keys means nothing. */
function isSame(a: unknown, b: unknown): boolean {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return Object.is(a, b);
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const left = Object.entries(a);
  const right: ReadonlyMap<string, unknown> = new Map(Object.entries(b));
  return left.length === right.size && left.every(([key, value]) => right.has(key) && isSame(value, right.get(key)));
}
