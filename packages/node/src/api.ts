/**
 * What a running node offers to the programs around it: the CLI, the HTTP server, the web board. Everything a person can
 * see or do goes through here, so that each of them shows the same and can do the same.
 */
import type { Stories } from "./story/story-api.ts";
import type { Board, BoardChange, CommandError, KeptFile, Result } from "@skein/core";

/** Plain JSON, as it is printed and sent. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export interface BoardSource {
  readonly current: () => Board;
  /** Called with what changed, after it is durable. Returns the function that ends the subscription. */
  readonly subscribe: (listener: (change: BoardChange) => void) => () => void;
}

export interface Health {
  /** `degraded` while nothing can be saved; `alarm` while the node works and a person has not seen why it should not. */
  readonly status: "ok" | "alarm" | "degraded";
  readonly reasons: readonly string[];
}

/** A piece of an attempt's captured output. */
export interface LogChunk {
  readonly item: string;
  readonly epoch: number;
  /** The node that captured it. */
  readonly node: string;
  readonly offset: number;
  readonly text: string;
  /** Where the next piece starts, in bytes. */
  readonly nextOffset: number;
  /** How long the log is by now, in bytes. */
  readonly end: number;
  /** Nothing more will come: the attempt has ended. */
  readonly ended: boolean;
}

/** A kept file with its content, which is what its digest says. */
export interface KeptContent {
  readonly file: KeptFile;
  readonly bytes: Uint8Array;
}

export interface NodeApi {
  readonly meshId: string;
  readonly nodeId: string;
  readonly name: string;
  readonly board: BoardSource;
  health(): Health;
  /** Numbers for `GET /metrics`, by Prometheus name. */
  metrics(): ReadonlyMap<string, { readonly help: string; readonly type: "counter" | "gauge"; readonly value: number }>;
  /**
   * Runs one command of the registry (`@skein/core` COMMANDS) with unchecked input. Resolves after the durable ack; a
   * refused command has changed nothing.
   */
  command(name: string, input: unknown): Promise<Result<Json, CommandError>>;
  /** A file that was kept of an attempt, by its digest or the beginning of one; from here, or from a node that has it. */
  readArtifact(digest: string): Promise<Result<KeptContent, CommandError>>;
  /** Stories that people edit together. */
  readonly stories: Stories;
  /** A piece of an attempt's log, asked from the node that has it when it is not here. */
  readLog(query: {
    readonly item: string;
    readonly epoch?: number;
    readonly offset: number;
  }): Promise<Result<LogChunk, CommandError>>;
}
