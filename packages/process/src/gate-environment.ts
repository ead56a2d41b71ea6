/**
 * Builds the environment of an agent or a gate command from an allow-list.
 *
 * The node's own environment holds what its owner's shell held: cloud keys, an SSH agent, registry tokens, loader options.
 * None of it reaches a program that works on a stranger's story, unless the configuration names it.
 */

export interface ChildEnvironmentRequest {
  /** The node's own environment (`process.env`). */
  readonly own: Readonly<Record<string, string | undefined>>;
  readonly purpose: "agent" | "gate";
  /** Further names to pass on, from the configuration (`agent.env`). Exact names, no patterns. */
  readonly passNames: readonly string[];
  /** What Skein itself tells the child; wins over everything else. */
  readonly skein: Readonly<Record<`SKEIN_${string}`, string>>;
}

const ALLOWED: ReadonlySet<string> = new Set(["PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TZ", "TMPDIR"]);

const LOCALE_NAME = /^LC_[A-Z_]+$/;

export function childEnvironment(request: ChildEnvironmentRequest): Record<string, string> {
  const named = new Set(request.passNames);
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.own)) {
    const isAllowed = ALLOWED.has(name) || LOCALE_NAME.test(name) || named.has(name);
    if (isAllowed && value !== undefined) environment[name] = value;
  }
  // Nobody watches a terminal here: no colors, no cursor movements, no questions.
  environment["TERM"] = "dumb";
  if (request.purpose === "gate") environment["CI"] = "1";
  return { ...environment, ...request.skein };
}
