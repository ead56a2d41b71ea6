/**
 * The board: what people see of the view, as plain JSON values keyed by id.
 *
 * Every node derives the same `items` and `attempts` from the same log, but for what depends on where it stands: the
 * leases and `nodes` it has heard in beats, the landings it has seen on the target branch. The values are what the `board` Y.Doc holds
 * under the maps of the same names, and what the web page draws. All text in them is data from people and agents. They are type
 * aliases, not interfaces, so that TypeScript sees that they are JSON.
 */
import type { ArchiveReason, Stage } from "../fold/stage.ts";
import type { Role } from "../member/role.ts";
import type { LandingState } from "./landing.ts";

export type BoardClaim = {
  /** Public key (hex) of the member that holds the lease. */
  readonly node: string;
  readonly nodeName: string;
  readonly epoch: number;
  /** Wall time the holder wrote into its claim, for people only (Unix ms). */
  readonly since: number;
  /** This node has not heard the holder renew for a whole TTL. */
  readonly expired: boolean;
  /** Length of the lease in ms. */
  readonly ttlMs: number;
};

/** What an agent asks and waits for. */
export type BoardQuestion = {
  readonly question: string;
  readonly text: string;
  /** What may be answered; empty for any text. */
  readonly options: readonly string[];
  readonly askedAt: number;
};

/** What work on an item has cost so far, as far as that is known. */
type BoardCost = {
  /** Millionths of a dollar. */
  readonly microUsd: number;
  /** Attempts of which it is not known what they have cost, or not all of it. */
  readonly unknown: number;
};

/** Without its story and criteria, which every reader would be sent with every change of anything else: whoever shows it asks for the item. */
export type BoardItem = {
  readonly id: string;
  /** The project whose repository it lands on; empty while the mesh has none. */
  readonly project: string;
  readonly title: string;
  readonly type: string;
  readonly stage: Stage;
  readonly priority: number;
  readonly labels: readonly string[];
  readonly dependsOn: readonly string[];
  /** A reason while the item is on hold, otherwise empty. */
  readonly hold: string;
  /** Who has to be content with it beyond what the project says; empty for that. */
  readonly qa: string;
  readonly generation: number;
  readonly epoch: number;
  readonly attempts: number;
  readonly claim: BoardClaim | null;
  /** The branch under way or landed, when there is one. */
  readonly branch: string | null;
  readonly commitsAhead: number | null;
  /** As the target branch has it, once this node has read that; until then as the log says. */
  readonly mergeCommit: string | null;
  /** What this node knows of the landing from the remote; null while there is none. A refuted one did not happen. */
  readonly landing: LandingState | null;
  readonly mergedAt: number | null;
  readonly archivedAt: number | null;
  readonly archiveReason: ArchiveReason | null;
  /** What the holder says it is doing right now, from its beats; empty when it says nothing. */
  readonly activity: string;
  /** One sentence: why the item is where it is when it is not simply moving (sent back, blocked, waiting for a remote). */
  readonly note: string;
  /** Asked and not answered, the oldest first. */
  readonly questions: readonly BoardQuestion[];
  /** Somebody has to approve or reject the branch before it goes on. */
  readonly awaitsPerson: boolean;
  readonly cost: BoardCost;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** Ops in its history: a greater number whenever anything of it may have changed, its story too. */
  readonly revision: number;
};

/** An item with its story and how to tell that it is done, as `GET /api/v1/items` and the answers to commands have it. */
export type WholeItem = BoardItem & {
  readonly text: string;
  /** Empty where nobody has said so. */
  readonly criteria: string;
};

export type BoardNode = {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly removed: boolean;
  /** This is the node that serves the board. */
  readonly self: boolean;
  readonly alive: boolean;
  /** Wall time of the last beat as heard here, or null (Unix ms). */
  readonly lastHeardAt: number | null;
  readonly version: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly slots: number;
  readonly slotsFree: number;
  /** Why it takes no work by the word of people; left out when it does. */
  readonly standby?: string;
  /** `ws://` address other nodes may dial, or empty. */
  readonly address: string;
  /** Origin of its board page (`http://host:port`) for browsers on other machines; left out when it tells none. */
  readonly page?: string;
  /** There is a direct link between the serving node and this one. */
  readonly linked: boolean;
};

/** One claim's work: from the claim to what ended it. Keyed `<item>/<epoch>`. */
export type BoardAttempt = {
  readonly item: string;
  readonly epoch: number;
  readonly node: string;
  readonly nodeName: string;
  readonly startedAt: number;
  readonly endedAt: number | null;
  /** `running` until something ended it. */
  readonly outcome: "running" | "landed" | "sent-back" | "taken-over" | "released" | "archived" | "alternate";
  readonly note: string;
};

/** An item in Merge with its place in line (0 is next). */
export type BoardQueueEntry = {
  readonly item: string;
  readonly position: number;
};

export interface Board {
  readonly items: ReadonlyMap<string, BoardItem>;
  readonly nodes: ReadonlyMap<string, BoardNode>;
  readonly attempts: ReadonlyMap<string, BoardAttempt>;
  readonly queue: ReadonlyMap<string, BoardQueueEntry>;
}

/** What changed since the listener was last called; `null` means the key is gone. */
export interface BoardChange {
  readonly items: ReadonlyMap<string, BoardItem | null>;
  readonly nodes: ReadonlyMap<string, BoardNode | null>;
  readonly attempts: ReadonlyMap<string, BoardAttempt | null>;
  readonly queue: ReadonlyMap<string, BoardQueueEntry | null>;
}
