/**
 * What a running node offers to the programs around it: the CLI, the HTTP server, the web board. Everything a person can
 * see or do goes through here, so that each of them shows the same and can do the same.
 */
import type { Board, BoardChange, CommandError, KeptFile, Result, Role } from "@skein/core";
import type { Stories } from "./story/story-api.ts";

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

/** In whose name a command is given. */
export interface Actor {
  /** Member id (hex). */
  readonly member: string;
  /** The most that they may do here, whatever their member's role is. */
  readonly role: Role;
}

/** A member that comes in at this node's page, as the mesh knows it at this moment. */
export interface Standing {
  /** Member id (hex). */
  readonly id: string;
  readonly name: string;
  /** Its own role, and never more than this node's. */
  readonly role: Role;
}

/** A member's key that answers a challenge (`SignIn` of `@skein/core`). Bytes in hex. */
export interface SignInProof {
  readonly origin: string;
  readonly challenge: string;
  readonly key: string;
  readonly signature: string;
}

/** Another node's word, for this one alone, that a member is signed in with it. */
export interface OpenedPass {
  readonly member: string;
  /** The most that the member may do with it. */
  readonly role: Role;
  /** The page that may use it, and nobody else. */
  readonly origin: string;
  /** Names this pass: it counts once. */
  readonly nonce: string;
  /** After this it is taken no more, so that nobody has to remember its nonce any longer. Wall time, Unix ms. */
  readonly expires: number;
  /** Id of the member who vouches. What it has said counts for as long as it is one. */
  readonly issuer: string;
}

/** What the doors of a node ask the mesh about people. Nothing here is kept: every answer is of this moment. */
export interface Admission {
  /** Undefined when the member was removed, or never was one. This node itself is somebody before it has joined. */
  standing(member: string): Standing | undefined;
  /** The member whose present key has signed to come in at this node; a sentence when there is none. */
  prove(proof: SignInProof): Result<Standing, string>;
  /** A pass for the node `to`; a sentence when that is none to go on with. */
  issuePass(pass: { readonly to: string; readonly actor: Actor; readonly origin: string }): Result<string, string>;
  readPass(text: string): Result<OpenedPass, string>;
  /** Origins of the pages of other members, by member id, with the role of each. */
  pages(): ReadonlyMap<string, { readonly origin: string; readonly role: Role }>;
}

export interface NodeApi {
  readonly meshId: string;
  readonly nodeId: string;
  readonly name: string;
  readonly board: BoardSource;
  readonly admission: Admission;
  health(): Health;
  /** Numbers for `GET /metrics`, by Prometheus name. */
  metrics(): ReadonlyMap<string, { readonly help: string; readonly type: "counter" | "gauge"; readonly value: number }>;
  /**
   * Runs one command of the registry (`@skein/core` COMMANDS) with unchecked input. Resolves after the durable ack; a
   * refused command has changed nothing. Without an actor it is given in the name of this node's own member.
   */
  command(name: string, input: unknown, actor?: Actor): Promise<Result<Json, CommandError>>;
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
