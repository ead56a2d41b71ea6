/** A failure for a person at a terminal: one clear message, and the exit code of the process. */
export class Failure extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode = 1) {
    super(message);
    this.name = "Failure";
    this.exitCode = exitCode;
  }
}

/** The value of a result, or the end of the command with the error's sentence. */
export function orFail<T, E>(
  result: { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: E },
  describe: (error: E) => string,
): T {
  if (result.ok) return result.value;
  throw new Failure(describe(result.error));
}

export const reasonOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));
