/** What the chat ops mean: who is who, what was asked and what became of it, what was said, who keeps which connection. */
import type { ReceiveBody, SentMark, SettleBody } from "../op/chat-bodies.ts";
import type { Stamp } from "../op/stamp.ts";
import type { Role } from "../member/role.ts";
import type { Plan } from "./plan-fold.ts";

/** The right to keep an account's connection and to speak for it, until it expires, is released or taken over. */
export interface Lease {
  readonly op: string;
  /** Member id (hex). */
  readonly holder: string;
  /** The fencing token. */
  readonly epoch: number;
  readonly ttlMs: number;
  readonly released: boolean;
}

/** A command from a room, by its id: the hash of the platform's event id. */
export interface RoomCommand {
  readonly id: string;
  readonly received: Omit<ReceiveBody, "kind"> & { readonly stamp: Stamp };
  /** What became of it; undefined while it waits. The text above is dropped then. */
  readonly settled: (Omit<SettleBody, "kind" | "command"> & { readonly stamp: Stamp }) | undefined;
  /** The command that answered the question that this one ended with. */
  readonly answeredBy: string | undefined;
}

export interface Person {
  readonly name: string;
  readonly role: Role | "none";
  /** Member id (hex) when the person is one: then that member's role is the most it may do. */
  readonly member: string | null;
  readonly principals: readonly string[];
}

export interface Pairing {
  readonly person: string;
  readonly expires: number;
  readonly used: boolean;
}

export interface Timer {
  readonly id: string;
  readonly due: number;
  readonly account: string;
  readonly room: string;
  readonly thread: string;
  readonly item: string;
  readonly text: string;
  readonly by: string;
  readonly cancelled: boolean;
}

export type Said = SentMark & { readonly stamp: Stamp };

export interface DirectRoom {
  readonly account: string;
  readonly room: string;
  /** The platform's time. */
  readonly at: number;
}

export interface ChatView {
  readonly leases: ReadonlyMap<string, Lease>;
  readonly commands: ReadonlyMap<string, RoomCommand>;
  /** Commands without an outcome, oldest first. */
  readonly waiting: ReadonlySet<string>;
  /** Commands that ended with a question which nobody has answered. */
  readonly asked: ReadonlySet<string>;
  /** Commands whose reply is to be kept up to date for a while. */
  readonly live: ReadonlySet<string>;
  /** Commands with a reply of which nothing says yet that it was sent. */
  readonly unanswered: ReadonlySet<string>;
  readonly sent: ReadonlyMap<string, Said>;
  /** When something about a subject was last sent to a room (wall time), by `account room about`. */
  readonly lastSaid: ReadonlyMap<string, number>;
  /** When somebody last wrote in a room (the platform's time), by `account room`. */
  readonly lastInbound: ReadonlyMap<string, number>;
  /** Where a principal was last spoken with alone. */
  readonly directRooms: ReadonlyMap<string, DirectRoom>;
  /** What a message of the mesh is about, by `account room message`. */
  readonly messages: ReadonlyMap<string, SentMark>;
  readonly timers: ReadonlyMap<string, Timer>;
  /** The timers that bring work about. */
  readonly plans: ReadonlyMap<string, Plan>;
  /** The latest occurrences of each that are over, the last first. */
  readonly fired: ReadonlyMap<string, readonly number[]>;
  /** `target field` → value. */
  readonly settings: ReadonlyMap<string, string>;
  /** Wall times at which one of a shared budget was taken, by `account budget`. */
  readonly spent: ReadonlyMap<string, readonly number[]>;
  people(): People;
}

export interface People {
  readonly persons: ReadonlyMap<string, Person>;
  /**
   * As each principal may speak for them: with no more than what the inviter of that very code had to give, and as the
   * member that the code was made for.
   */
  readonly byPrincipal: ReadonlyMap<string, Person>;
  /** By the hash (hex) of its code. */
  readonly pairings: ReadonlyMap<string, Pairing>;
}

export const messageKey = (account: string, room: string, message: string): string => `${account} ${room} ${message}`;
