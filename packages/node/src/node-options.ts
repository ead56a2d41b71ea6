/** What a node is made of: its ports, its key and its mesh, and how it is to behave. */
import type { Crypto, Signer } from "@skein/core";

import type { Json } from "./api.ts";
import type { GrowthSettings } from "./growth.ts";
import type { LinkRefusal } from "./links/peer-link.ts";
import type { Logger } from "./logger.ts";
import type { KeepsArtifacts } from "./output.ts";
import type { Asking, AttemptLogs, Clock, LogStore, NodeKeys, PeerNet, Processes, Random, Sandboxes } from "./ports.ts";
import type { ProjectDesk } from "./project-desk.ts";
import type { Secrets } from "./secrets/secrets.ts";
import type { WorkDeps } from "./work/attempt-context.ts";
import type { OpenRepository } from "./work/project.ts";
import type { WorkerDeps } from "./work/worker.ts";

export interface NodeOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly crypto: Crypto;
  /** The key pair of a 32-byte seed, for tickets. */
  readonly createSigner: (seed: Uint8Array) => Signer;
  readonly store: LogStore;
  readonly net: PeerNet;
  readonly processes: Processes;
  readonly sandboxes: Sandboxes;
  readonly asking: Asking;
  /** For agents that hold a conversation; none are driven when it is left out. */
  readonly talking?: WorkDeps["talking"];
  readonly logs: AttemptLogs;
  /** What never stands in a log or an op that this node writes; nothing when it is left out. */
  readonly secrets?: Secrets;
  /** Where what attempts leave is kept, and for how long; nothing is kept when it is left out. */
  readonly artifacts?: KeepsArtifacts;
  readonly openRepository: OpenRepository;
  readonly writeStory: WorkDeps["writeStory"];
  readonly environment: WorkDeps["environment"];
  readonly scriptedAgent: WorkDeps["scriptedAgent"];
  readonly log: Logger;
  readonly keys: NodeKeys;
  readonly mesh: Uint8Array;
  readonly incarnation: Uint8Array;
  /** How many times this data directory was started; 0 for a command that does not join the mesh. */
  readonly boot: number;
  /** What was noticed before the node could run, for `skein doctor`. */
  readonly notices: readonly { readonly type: string; readonly message: string }[];
  readonly name: string;
  readonly version: string;
  readonly rendezvous: readonly string[];
  readonly ticket: Signer | null;
  readonly slots: number;
  /** One sentence saying why this node is not meant to work; null when it is. */
  readonly idle: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly beatMs: number;
  /** The peer addresses to announce, once the node listens. */
  readonly announced: () => readonly string[];
  /** Origin of the board page to tell other nodes; none when it is left out. */
  readonly page?: () => string;
  /** Origins of the board pages of this user's other nodes on this machine, by member id; none when it is left out. */
  readonly nearPages?: () => ReadonlyMap<string, string>;
  /** A refusal that trying again will not heal, before this node is a member. */
  readonly onRefused: (refusal: LinkRefusal) => void;
  /** What each chat account does on this node; none when it is left out. */
  readonly transports?: () => Json;
  /** How busy the machine is; idle when it is left out. */
  readonly machine?: WorkerDeps["machine"];
  /** Repositories of this machine; none can be begun with from here when it is left out. */
  readonly projectDesk?: ProjectDesk;
  /** When to write checkpoints and shorten the log; the defaults when it is left out. */
  readonly growth?: Partial<GrowthSettings>;
}
