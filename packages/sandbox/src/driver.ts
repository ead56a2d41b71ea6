/**
 * What a sandbox has to be able to do. A driver is small: it says whether it works here, and turns a command and the
 * layout of a room into the command that runs it shut in. Everything else is the same for all of them.
 */
import type { Result } from "@skein/core";
import type { ProcessEnd, ShuttingSandbox } from "@skein/node";

import type { Layout } from "./layout.ts";

export interface Driver {
  readonly kind: ShuttingSandbox;
  /** What it is, for people; or one sentence saying what is missing and what to do about it. */
  available(): Promise<Result<string, string>>;
  /** Only after it was available. */
  wrap(layout: Layout, command: Command): Result<Wrapped, string>;
}

export interface Command {
  readonly argv: readonly [string, ...string[]];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** How many processes it may have; a driver that can holds it to about that. */
  readonly processes?: number | undefined;
}

export interface Wrapped extends Command {
  /** The process that all of the room descends from and ends with, by the one that was started; undefined before it is there. */
  readonly keeper: (started: number) => number | undefined;
  /** Whether the program was reached at all, by what came on the fourth descriptor and by how it ended. */
  readonly ran: (status: string, end: ProcessEnd) => boolean;
  /** Clears away what the driver keeps of the room, if anything. */
  readonly leave: () => Promise<void>;
}
