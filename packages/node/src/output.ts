/** What attempts print and leave on this node: captured without secrets, read from anywhere, kept by digest. The parts and their wiring. */
import type { BoardAttempt, Membership, Message } from "@skein/core";

import { createArtifacts, type ArtifactStore, type ArtifactsDeps } from "./artifacts/artifacts.ts";
import { createLeavings, type Leavings } from "./artifacts/leavings.ts";
import { keptLogOf, withoutArtifacts } from "./artifacts/node-artifacts.ts";
import type { ArtifactSettings } from "./artifacts/retention.ts";
import { createLogReader, type LogReader } from "./attempt-log-reader.ts";
import type { PeerLink } from "./links/peer-link.ts";
import type { AttemptLogs, Blobs, DeclaredFiles } from "./ports.ts";
import type { Presence } from "./presence.ts";
import type { Secrets, SecretStream } from "./secrets/secrets.ts";
import type { Worker } from "./work/worker.ts";

/** Where what attempts leave is kept, and for how long. */
export interface KeepsArtifacts {
  readonly blobs: Blobs;
  readonly settings: () => ArtifactSettings;
  readonly declaredFiles: DeclaredFiles;
}

type Shared = Pick<
  ArtifactsDeps,
  "clock" | "crypto" | "journal" | "replica" | "incidents" | "self" | "role" | "nameOf"
>;

export interface OutputDeps extends Shared {
  readonly logs: AttemptLogs;
  readonly secrets: Secrets;
  readonly keeps: KeepsArtifacts | undefined;
  readonly membership: () => Membership;
  readonly peers: () => ReadonlyMap<string, PeerLink>;
  readonly presence: Pick<Presence, "heard" | "isAlive">;
  readonly executions: () => ReturnType<Worker["executions"]>;
  readonly attempts: () => ReadonlyMap<string, BoardAttempt>;
}

export interface Output {
  readonly capture: (attempt: { item: string; epoch: number }) => SecretStream;
  readonly leavings: Leavings | undefined;
  readonly artifacts: ArtifactStore;
  readonly read: LogReader["read"];
  readonly receive: (link: PeerLink, message: Message) => void;
  /** These items changed; undefined when any may have. */
  changed(items: ReadonlySet<string> | undefined): void;
  /** Everything that has ended is kept and named. */
  stop(): Promise<void>;
}

export function createOutput(deps: OutputDeps): Output {
  const { logs, secrets, keeps, replica, presence } = deps;
  const own = {
    ...deps,
    linkTo: (member: string): PeerLink | undefined =>
      deps.peers().get(deps.membership().members.get(member)?.key ?? ""),
    links: (): readonly PeerLink[] => [...deps.peers().values()].filter((link) => link.peer()?.provisional === false),
    isRunning: (item: string, epoch: number): boolean =>
      deps.executions().some((one) => one.item === item && one.epoch === epoch),
  };
  const logReader = createLogReader({
    ...own,
    view: () => replica.view(),
    blobs: keeps?.blobs,
    kept: (attempt) => keptLogOf(artifacts, replica.view(), attempt),
  });
  const alive = (): readonly string[] => [...presence.heard().keys()].filter((member) => presence.isAlive(member));
  const artifacts =
    keeps === undefined ? withoutArtifacts : createArtifacts({ ...own, ...keeps, alive, reads: logReader.reads });
  return {
    capture: (attempt) => secrets.stream((bytes) => logs.append(attempt, bytes)),
    leavings: keeps === undefined ? undefined : createLeavings({ ...keeps, logs, secrets, artifacts: () => artifacts }),
    artifacts,
    read: (query) => logReader.read(query),
    receive: (link, message) => logReader.receive(link, message),
    changed: (items) => {
      const named = [...(items ?? [])].some(
        (id) => (replica.view().items.get(id)?.annotations.artifacts.length ?? 0) > 0,
      );
      if (named) artifacts.poke();
    },
    stop: async () => {
      await artifacts.settle();
      logReader.stop();
    },
  };
}
