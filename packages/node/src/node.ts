/**
 * A node: the core with its journal, links, presence and worker around it. Everything from outside comes in as a port, so
 * that a simulator can run many of these in one process.
 */
import {
  type CommandError,
  createFrameIndex,
  createReplica,
  err,
  feedOf,
  type FeedParts,
  type FrameIndex,
  keyStatus,
  memberOf,
  type Membership,
  type Naming,
  ok,
  parseCommand,
  type Replica,
  type Result,
  type Role,
  roleOf,
  type Signer,
  toHex,
} from "@skein/core";

import { createAdmission } from "./admission.ts";
import { createAlarms, twinAlarm } from "./alarms.ts";
import type { Json, NodeApi } from "./api.ts";
import { lastOutputOf } from "./attempt-log-reader.ts";
import { type BoardKeeper, createBoardKeeper } from "./board-source.ts";
import { type ChatDesk, createChatDesk } from "./chat-desk.ts";
import { createCommander } from "./commander.ts";
import { createGrowth, GROWTH } from "./growth.ts";
import { createIncidents } from "./incidents.ts";
import { activityOf, aliveNodes, candidatesOf, membershipNaming, shortOfMoney } from "./hearing.ts";
import { createContinuity } from "./continuity.ts";
import { createFeedWatch } from "./feed-watch.ts";
import { createJournal, recordsOf } from "./journal.ts";
import { createLinks, type Links } from "./links/links.ts";
import { collectMetrics } from "./metrics.ts";
import { listNodes } from "./node-list.ts";
import { createPageBook } from "./page-book.ts";
import { describeBeat, healthOf, idleMachine } from "./own-state.ts";
import type { NodeOptions } from "./node-options.ts";
import { createOutput } from "./output.ts";
import { createPresence, type Presence } from "./presence.ts";
import { createTimers } from "./timers.ts";
import { createReissuer } from "./reissue.ts";
import { createRotation, gateJournal } from "./rotation.ts";
import { withoutSecrets } from "./secrets/redacted-journal.ts";
import { createSecrets } from "./secrets/secrets.ts";
import { createFleetPurse } from "./work/fleet-purse.ts";
import { createWorker, type Worker } from "./work/worker.ts";
import { createStoryCursors } from "./story/cursors.ts";
import { createStories, type StoryRooms } from "./story/stories.ts";
import { withStoryEdits } from "./story/story-writing.ts";

export interface Node {
  readonly api: NodeApi;
  /** What the chat engine works with. */
  readonly desk: ChatDesk;
  /** What this node holds and what it means, for whoever checks the node itself; programs around it see the api. */
  readonly replica: Pick<Replica, "view" | "heads" | "forks" | "compare" | "hasOp" | "opCount">;
  listen(address: { host: string; port: number }): Promise<Result<string, string>>;
  start(): void;
  /** Gives its claims back, says good-bye, and leaves nothing unsaved. */
  stop(): Promise<void>;
}

/** Fails, with a clause saying why, when the log on disk does not fit together. */
export function createNode(options: NodeOptions): Result<Node, string> {
  const replica = createReplica(options.mesh, options.crypto);
  const index = createFrameIndex();
  const loaded = replica.reload(recordsOf(options.store), (branch, lastSeq) => index.add(branch, lastSeq));
  if (!loaded.ok) return err(loaded.error.message);
  return ok(assemble(options, replica, index));
}

// A list of parts and of who is wired to whom; splitting it would hide just that.
// oxlint-disable-next-line max-lines-per-function
function assemble(options: NodeOptions, replica: Replica, index: FrameIndex): Node {
  const { clock, crypto, keys, log } = options;
  const signer = (): Signer => keys.current();
  let ownKey = toHex(signer().publicKey);
  const key = (): string => ownKey;
  /** This node's member id: the key it joined with. */
  const self = (): string => memberOf(membership(), key())?.id ?? key();
  const incidents = createIncidents(clock);
  for (const { type, message } of options.notices) incidents.record(type, options.name, message);
  const alarms = createAlarms({ store: options.store, clock, incidents });
  const membership = (): Membership => replica.view().membership;
  const nameOf = (who: string): string => memberOf(membership(), who)?.name ?? who.slice(0, 8);
  const ownParts = (): FeedParts => ({ author: key(), incarnation: toHex(continuity.incarnation()) });
  const ownFeed = (): string => feedOf(ownParts());
  const selfRole = (): Role | undefined =>
    roleOf(membership(), { ...ownParts(), seq: (replica.heads().get(ownFeed())?.seq ?? 0) + 1 });
  const selfWithRole = (): { key: string; role: Role } => ({ key: self(), role: selfRole() ?? "observer" });

  const continuity = createContinuity({
    ...options,
    ownHead: () => replica.heads().get(ownFeed()),
    onSettled: () => journal.mayAuthor(),
    onIsolated: () => log("info", "incarnation.isolated", { incarnation: toHex(continuity.incarnation()) }),
  });
  const secrets = options.secrets ?? createSecrets();
  const { journal: gated, alone } = gateJournal(
    createJournal({
      clock,
      replica,
      index,
      store: options.store,
      authorship: () => ({ signer: signer(), incarnation: continuity.incarnation() }),
      onFault: (by, message) => {
        log("error", "journal.fault", { message });
        incidents.record("fault", "journal", `${by} brought about a fault of this program: ${message}`);
      },
    }),
  );
  const journal = withoutSecrets(withStoryEdits(gated, { ...options, replica, feed: ownParts }), secrets);
  const watch = createFeedWatch({
    ...options,
    self: selfWithRole,
    key,
    nameOf,
    replica,
    journal,
    continuity,
    incidents,
  });

  const presence: Presence = createPresence({
    clock,
    crypto,
    signer,
    self,
    mesh: options.mesh,
    membership,
    boot: options.boot,
    intervalMs: options.beatMs,
    describe: () => describeBeat(options, worker, { fleet, desk, links, membership: membership() }),
    send: (sealed) => links.sendBeat(sealed),
    onStall: (lostMs) => log("warn", "node.stalled", { lostMs: Math.round(lostMs) }),
    onTwin: (address) => {
      log("error", "node.twin", { address });
      alarms.raise("twin", twinAlarm(address));
    },
  });

  const naming: Naming = {
    nameOf,
    isExpired: (claim) => presence.looksExpired(claim),
    activityOf: (item, { holder }) => activityOf(item, holder === self() ? worker : presence.heard().get(holder)),
    landingOf: (item) => worker.landings.of(item),
    qa: () => worker.project()?.config().qa,
    batch: () => worker.project()?.config().merge.batch,
    ...membershipNaming(membership),
    aliveNodes: () => aliveNodes(options, self(), presence),
    unpaid: () => worker.unpaid(),
    unpaidAnywhere: () => worker.unpaidAnywhere(),
    own: () => worker.trouble(),
  };

  const links: Links = createLinks({
    ...options,
    journal,
    replica,
    signer,
    self,
    incidents,
    membership,
    receiveBeat: (sealed) => presence.receive(sealed),
    receiveCursor: (sealed) => cursors.receive(sealed),
    onLogMessage: (link, message) => output.receive(link, message),
    onMet: (node) => presence.met(node),
    onReconnected: () => presence.grace(),
    heldBack: () => (continuity.isAsking() ? ownFeed() : undefined),
    onTold: (member, heads) => continuity.told(member, heads),
    onCaughtUp: (member) => continuity.caughtUp(member),
    onRefused: (refusal) => {
      if (refusal.by === "peer" && selfRole() === undefined) options.onRefused(refusal);
    },
  });

  const fleet = createFleetPurse({
    clock,
    replica,
    journal,
    incidents,
    log,
    self: selfWithRole,
    nameOf,
    others: () => shortOfMoney(presence),
    onShort: () => presence.beatSoon(),
  });

  const output = createOutput({
    ...options,
    keeps: options.artifacts,
    secrets,
    journal,
    replica,
    incidents,
    self,
    role: selfRole,
    nameOf,
    membership,
    presence,
    peers: () => links.peers(),
    executions: () => worker.executions(),
    attempts: () => board.current().attempts,
  });

  const worker: Worker = createWorker({
    ...options,
    fleet,
    journal,
    replica,
    incidents,
    capture: output.capture,
    withoutSecrets: (text) => secrets.text(text),
    leavings: output.leavings,
    lastOutput: (item, epoch) => lastOutputOf(options.logs, item, epoch),
    self: selfWithRole,
    incarnation: () => toHex(continuity.incarnation()),
    others: () => candidatesOf(presence),
    machine: options.machine ?? idleMachine,
    isExpired: (claim) => {
      // A node that cannot save refuses its peers' frames and with them their beats: the silence is its own.
      if (journal.problem() !== undefined) presence.grace();
      return presence.isExpired(claim);
    },
    onActivity: () => {
      board.refresh();
      presence.beatSoon();
      output.artifacts.poke();
    },
    onLandings: (items) => {
      board.update(items);
      worker.poke();
    },
  });

  const pageOf = createPageBook({ presence, nearPages: options.nearPages });
  const nodes = (): ReturnType<typeof listNodes> =>
    listNodes(membership(), presence, (peer) => links.peers().has(peer), pageOf, {
      ...options,
      id: self(),
      slotsFree: worker.slotsFree(),
      address: options.announced()[0] ?? "",
      page: options.page?.() ?? "",
      wallMs: clock.wallMs(),
    });
  const board: BoardKeeper = createBoardKeeper({ view: () => replica.view(), naming, nodes });
  const reissuer = createReissuer({ clock, journal, replica, incidents, self: selfWithRole });
  const growth = createGrowth({
    ...options,
    index,
    replica,
    journal,
    incidents,
    role: selfRole,
    settings: { ...GROWTH, ...options.growth },
  });
  const cursors = createStoryCursors({
    ...options,
    signer,
    self,
    membership,
    send: (sealed) => links.sendBeat(sealed),
    onHeard: (at, client, cursor) => stories.heard(at, client, cursor),
    own: () => stories.ownCursors(),
  });
  const stories: StoryRooms = createStories({
    ...options,
    replica,
    journal,
    secrets,
    feed: ownParts,
    role: selfRole,
    self,
    onCursor: (at, client, cursor) => cursors.tell(at, client, cursor),
    farCursors: (at) => cursors.of(at),
  });
  const timers = createTimers({
    clock,
    crypto,
    replica,
    journal,
    log,
    self: selfWithRole,
    alive: () => candidatesOf(presence).map((one) => one.key),
  });
  const commander = createCommander({
    ...options,
    timers,
    self,
    journal,
    replica,
    naming,
    incidents,
    alarms,
    reissuer,
    worker,
    links,
    presence: () => presence,
    growth,
    nodes,
    transports: options.transports ?? ((): Json => []),
    role: selfRole,
    keyStatus: () => keyStatus(membership(), key()),
    withRotation: (run) => alone((ungated) => run(ungated, rotation.propose())),
  });

  const rotation = createRotation({
    keys,
    mesh: options.mesh,
    membership,
    renewIncarnation: () => {
      if (!continuity.renew()) incidents.record("disk", "incarnation", "The new incarnation could not be saved.");
    },
    onAdopted: (problem) => {
      ownKey = toHex(signer().publicKey);
      log("info", "key.rotated", { key: ownKey });
      if (problem !== undefined) incidents.record("disk", "node key", problem);
      links.renew();
      presence.beatSoon();
    },
  });
  // A rotation that a crash interrupted after it was in the log ends now.
  rotation.look();

  journal.onCommitted(({ frames, items, membership: changed }) => {
    if (changed) rotation.look();
    watch.look(frames);
    board.update(changed ? undefined : items);
    reissuer.look(items);
    worker.changed(items);
    output.changed(items);
    timers.look();
    stories.changed(items);
  });
  board.update(undefined);
  // A command on a node that does not run has nobody to ask.
  if (options.boot === 0) continuity.start(true);

  let refresh = clock.after(0, () => undefined);
  const refreshBoard = (): void => {
    board.refresh();
    refresh = clock.after(options.beatMs, refreshBoard);
  };

  const api: NodeApi = {
    meshId: toHex(options.mesh),
    get nodeId(): string {
      return self();
    },
    name: options.name,
    board,
    health: () => healthOf(journal, alarms),
    metrics: () => collectMetrics({ replica, links, worker, board, journal, incidents }),
    admission: createAdmission({ ...options, signer, self, role: selfRole, membership, pageOf }),
    command: async (name, input, actor): Promise<Result<Json, CommandError>> => {
      const parsed = parseCommand(name, input);
      return parsed.ok ? commander.run(parsed.value, actor) : parsed;
    },
    readLog: (query) => output.read(query),
    readArtifact: (digest) => output.artifacts.read(digest),
    stories,
  };

  const desk = createChatDesk({
    clock,
    store: options.store,
    journal,
    replica,
    naming,
    presence: () => presence,
    reissuer,
    self,
    role: selfRole,
    nodes,
    command: (name, input) => api.command(name, input),
    readLog: (query) => api.readLog(query),
    incident: (type, about, message) => incidents.record(type, about, message),
  });

  return {
    api,
    desk,
    replica,
    listen: (address) => links.listen(address),
    start: () => {
      // Only a peer can know of ops that this log has lost.
      const hasPeers = [...membership().members.values()].some((one) => one.id !== self() && one.cut === null);
      continuity.start(!hasPeers);
      watch.look([]);
      links.start();
      presence.start();
      worker.start();
      timers.start();
      growth.start();
      output.artifacts.start();
      refreshBoard();
    },
    stop: async () => {
      stories.stop();
      cursors.stop();
      // The claims given back are on their way to the peers before the links close; then nothing writes any more.
      continuity.stop();
      timers.stop();
      await worker.drain();
      await output.stop();
      growth.stop();
      refresh();
      presence.stop();
      await links.stop();
      await journal.idle();
      journal.stop();
    },
  };
}
