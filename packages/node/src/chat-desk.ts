/**
 * What the chat engine needs of the node: to read the view, to write ops, to judge leases, and to tell and hear who can
 * speak for which account. The rooms themselves are the engine's.
 */
import {
  type Beat,
  type BoardNode,
  type Command,
  type CommandError,
  decide,
  type DecideContext,
  type Decision,
  type Draft,
  err,
  type Lease,
  type Naming,
  ok,
  type Replica,
  type Result,
  type Role,
  type SealedOp,
  type View,
} from "@skein/core";

import type { Json, LogChunk } from "./api.ts";
import { type Journal, notSavedError } from "./journal.ts";
import type { Clock, LogStore, StoreError } from "./ports.ts";
import type { Presence } from "./presence.ts";
import { isStageBody, type Reissuer } from "./reissue.ts";

export interface ChatDesk {
  /** This node's member id. */
  self(): string;
  role(): Role | undefined;
  view(): View;
  readonly naming: Naming;
  /** Resolves once the ops are durable. */
  write(decide: () => Result<readonly Draft[], CommandError>): Promise<Result<readonly SealedOp[], CommandError>>;
  /** What a command of this principal writes now, under a role that is not more than this node's. */
  decide(command: Command, who: Pick<DecideContext, "role" | "by" | "idBytes">): Result<Decision, CommandError>;
  /** Answers a command that only reads. */
  read(name: string, input: unknown): Promise<Result<Json, CommandError>>;
  readLog(query: { readonly item: string; readonly offset: number }): Promise<Result<LogChunk, CommandError>>;
  /** A person's command that loses a race is written again on the new head, as long as that is legal. */
  watch(ops: readonly SealedOp[], bodies: readonly { readonly kind: string }[]): void;
  /** Called with what changed, after it is durable. */
  onCommitted(listener: (change: DeskChange) => void): void;
  /** Its holder was silent for a whole TTL, as this node heard it. */
  isExpired(lease: Lease): boolean;
  /** False while this node cannot save: then it may not hold anything either. */
  canSave(): boolean;
  /** The living nodes that can speak for the account, this one too when it announced so, and their cursors. */
  speakers(account: string): ReadonlyMap<string, string>;
  /** What this node can speak for, with its cursors; goes out with the next beat. */
  announce(accounts: Readonly<Record<string, string>>): void;
  /** The nodes as this one sees them. */
  nodes(): readonly BoardNode[];
  /** Small durable facts of this node. */
  recall(fact: string): string | undefined;
  remember(fact: string, value: string): Result<void, StoreError>;
  incident(type: string, about: string, message: string): void;
}

export interface DeskChange {
  /** Undefined: any may have changed. */
  readonly items: ReadonlySet<string> | undefined;
  readonly chat: boolean;
}

export interface ChatDeskDeps {
  readonly clock: Clock;
  readonly store: LogStore;
  readonly journal: Journal;
  readonly replica: Replica;
  readonly naming: Naming;
  readonly presence: () => Presence;
  readonly reissuer: Reissuer;
  readonly self: () => string;
  readonly role: () => Role | undefined;
  readonly nodes: ChatDesk["nodes"];
  readonly command: ChatDesk["read"];
  readonly readLog: ChatDesk["readLog"];
  readonly incident: ChatDesk["incident"];
}

/** What rooms never ask for: tickets, keys and codes are secrets, and a room is not where they are shown. */
const UNUSED = new Uint8Array();

export function createChatDesk(deps: ChatDeskDeps): ChatDesk & { accounts(): Beat["accounts"] } {
  const { replica, journal, store } = deps;
  const fact = (name: string): string => `chat/${name}`;
  let announced: Beat["accounts"] = {};
  return {
    self: deps.self,
    role: deps.role,
    naming: deps.naming,
    view: () => replica.view(),
    write: async (judge) => {
      const written = await journal.write(judge);
      if (written.ok) return written;
      return err("type" in written.error ? notSavedError(written.error) : written.error);
    },
    decide: (command, who) =>
      decide(command, {
        view: replica.view(),
        heads: replica.heads(),
        self: deps.self(),
        wallMs: deps.clock.wallMs(),
        ticketKey: UNUSED,
        pairingHash: UNUSED,
        qa: deps.naming.qa?.(),
        ...who,
      }),
    read: deps.command,
    readLog: deps.readLog,
    watch: (ops, bodies) => {
      const [op] = ops;
      const [body] = bodies;
      if (op !== undefined && body !== undefined && bodies.length === 1 && isStageBody(body))
        deps.reissuer.watch(op, body);
    },
    onCommitted: (listener) => journal.onCommitted(({ items, chat }) => listener({ items, chat })),
    isExpired: (lease) => deps.presence().isExpired(lease),
    canSave: () => journal.problem() === undefined,
    speakers: (account) => {
      const presence = deps.presence();
      const heard = [...presence.heard()].flatMap(([node, { beat }]) => {
        const cursor = beat.accounts[account];
        return cursor !== undefined && presence.isAlive(node) ? [[node, cursor] as const] : [];
      });
      const own = announced[account];
      return new Map(own === undefined ? heard : [...heard, [deps.self(), own] as const]);
    },
    announce: (accounts) => {
      const changed = Object.keys(accounts).join(" ") !== Object.keys(announced).join(" ");
      announced = accounts;
      // A cursor moves all the time and goes with the usual beat.
      if (changed) deps.presence().beatSoon();
    },
    accounts: () => announced,
    nodes: deps.nodes,
    recall: (name) => {
      const bytes = store.getMeta(fact(name));
      return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
    },
    remember: (name, value) => {
      const saved = store.putMeta(fact(name), new TextEncoder().encode(value));
      return saved.ok ? ok(undefined) : saved;
    },
    incident: deps.incident,
  };
}
