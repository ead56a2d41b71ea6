/** A chat network as a story sees it: what a person says there, and what people see of the bot. */
import type { NodeProcess } from "../node-process.ts";

export interface Said {
  /** The platform's id of it. */
  readonly id: string;
  /** As it reads now: edits have happened. */
  readonly text: string;
  /** Everything that was sent to make it so, for what looks for secrets and mentions. */
  readonly raw: string;
}

export interface Network {
  /** `kind/name` */
  readonly account: string;
  /** What a line in the project's room begins with; nothing where people and the bot are alone. */
  readonly prefix: string;
  /** Its part of `node.yaml`. */
  readonly transport: Readonly<Record<string, unknown>>;
  /** Where the secrets of `transport` are. */
  readonly env: Readonly<Record<string, string>>;
  /** Where the platform delivers, if it does. */
  serve(nodes: readonly NodeProcess[]): void;
  /** Somebody says something where the project is talked about. Resolves once the platform has delivered it as often as it does. */
  say(text: string, from?: string): Promise<void>;
  sayDirect(text: string, from?: string): Promise<void>;
  /** What people see of the bot everywhere, oldest first. */
  said(): Promise<readonly Said[]>;
  /** From now on the platform does not answer those who send, or nobody at all, and does nothing of what it is asked. */
  hang(what?: "sends" | "everything"): void;
  /** How many sends hang. */
  hanging(): number;
  /** From now on the platform refuses every connection. */
  refuse(): Promise<void>;
  /** The platform is back. */
  release(): Promise<void>;
  close(): Promise<void>;
}

/** Two people of every network: `ada` is who pairs. */
export const ADA = "ada";
export const GRACE = "grace";
