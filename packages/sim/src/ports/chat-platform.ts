/**
 * A chat platform as the nodes meet it: rooms, people, two accounts, and two ways in. On the `keyed` account a message that is
 * sent twice under one key is one message, and who connects reads all events from a cursor on (as Matrix and Discord have
 * it); the `blind` one knows no keys and gives each event to one connection or webhook, again and again until somebody
 * acknowledges it. It remembers what everybody saw, for the checkers.
 */
import type { InboundEvent } from "@skein/chat";
import type { Body } from "@skein/core";
import type { Prng } from "@skein/core/testing";

import type { Life } from "../kernel/life.ts";
import type { Scheduler } from "../kernel/scheduler.ts";

export const FLAVORS: readonly ["keyed", "blind"] = ["keyed", "blind"];
export type Flavor = (typeof FLAVORS)[number];

/** What may go wrong by itself, all zero on a good day. */
export interface PlatformRates {
  /** A request takes up to this long each way. */
  maxMs: number;
  /** Per request of a node: it never arrives, it is done and the answer never arrives, it is limited, the client throws. */
  lostRequestChance: number;
  lostAnswerChance: number;
  limitChance: number;
  throwChance: number;
  /** Asked for a message by its key, the platform cannot tell. */
  cannotTellChance: number;
  /** Per event: it goes to two at once; it comes late; it also comes by webhook although a socket brings it. */
  twiceChance: number;
  lateChance: number;
  alsoWebhookChance: number;
}

export const calmPlatform = (): PlatformRates => ({
  maxMs: 50,
  lostRequestChance: 0,
  lostAnswerChance: 0,
  limitChance: 0,
  throwChance: 0,
  cannotTellChance: 0,
  twiceChance: 0,
  lateChance: 0,
  alsoWebhookChance: 0,
});

/** A message of the mesh that people see. */
export interface Post {
  readonly id: string;
  readonly flavor: Flavor;
  readonly key: string;
  readonly room: string;
  readonly quotes: string | null;
  readonly body: Body;
  readonly atMs: number;
  /** The program that sent it. */
  readonly by: Life;
}

/** Something that a person did. */
export interface Said {
  readonly flavor: Flavor;
  readonly event: InboundEvent;
  /** Its place in the account's history, from 1. */
  readonly seq: number;
  acknowledged: boolean;
}

/** A connection that a node opened, as the platform has it. */
export interface Connection {
  readonly flavor: Flavor;
  readonly life: Life;
  /** What the client has read of the history; for the keyed account. */
  position: number;
  isBusy: boolean;
  isOpen: boolean;
  /** The platform lets it in. */
  readonly isUp: () => boolean;
  /** In the client: resolves with whether it is safe there. */
  readonly receive: (events: readonly InboundEvent[]) => Promise<boolean>;
  readonly moved: (position: number) => void;
}

/** A program that answers webhooks. */
interface HookTarget {
  readonly life: Life;
  readonly isUp: () => boolean;
  /** Resolves with whether it was acknowledged. */
  readonly webhook: (flavor: Flavor, payload: HookPayload) => Promise<boolean>;
}

export type HookPayload =
  | { readonly type: "events"; readonly events: readonly InboundEvent[] }
  | { readonly type: "status"; readonly key: string; readonly message: string };

interface PlatformWatch {
  readonly onPost: (post: Post, isAgain: boolean) => void;
  readonly onTwice: () => void;
  readonly onAgain: () => void;
}

export interface ChatPlatform {
  readonly rates: PlatformRates;
  readonly prng: Prng;
  /** Nothing answers. */
  down: boolean;
  /** The blind account brings events by a socket, too. */
  readonly blindSocket: boolean;
  readonly said: readonly Said[];
  readonly posts: readonly Post[];
  say(flavor: Flavor, event: Omit<InboundEvent, "id" | "atMs" | "message"> & { readonly message?: string }): Said;
  /** Stores a message, or finds the one that has its key where keys count. */
  store(flavor: Flavor, message: Pick<Post, "key" | "room" | "quotes" | "body">, by: Life): string;
  find(flavor: Flavor, key: string): Post | undefined;
  newest(flavor: Flavor): number;
  connect(connection: Connection): void;
  isConnected(flavor: Flavor): boolean;
  /** False once its socket was dropped. */
  has(connection: Connection): boolean;
  addTarget(target: HookTarget): void;
  /** A socket ends without a word. */
  dropSocket(): void;
  /** An event that was acknowledged comes once more. */
  repeatOld(): void;
  wallMs(): number;
  /** Everything that was said has been acknowledged. */
  isDelivered(): boolean;
}

/** When simulated time begins, Unix ms; the platform's clock is right. */
const WALL_START_MS = 1_790_000_000_000;
const BATCH = 8;

interface State {
  readonly scheduler: Scheduler;
  readonly prng: Prng;
  readonly watch: PlatformWatch;
  readonly platform: ChatPlatform;
  readonly connections: Set<Connection>;
  readonly targets: HookTarget[];
}

export interface PlatformDeps {
  readonly scheduler: Scheduler;
  readonly prng: Prng;
  readonly watch: PlatformWatch;
  readonly blindSocket: boolean;
}

export function createChatPlatform({ scheduler, prng, watch, blindSocket }: PlatformDeps): ChatPlatform {
  const said: Said[] = [];
  const posts: Post[] = [];
  const connections = new Set<Connection>();
  const targets: HookTarget[] = [];
  const historyOf = (flavor: Flavor): readonly Said[] => said.filter((one) => one.flavor === flavor);
  const platform: ChatPlatform = {
    rates: calmPlatform(),
    prng,
    down: false,
    blindSocket,
    said,
    posts,
    wallMs: () => Math.round(WALL_START_MS + scheduler.nowMs()),
    newest: (flavor) => historyOf(flavor).length,
    say: (flavor, draft) => {
      const seq = historyOf(flavor).length + 1;
      const event = { message: `m${seq}`, ...draft, id: `${flavor}-e${seq}`, atMs: platform.wallMs() };
      const one: Said = { flavor, event, seq, acknowledged: false };
      said.push(one);
      scheduler.after(delayOf(state), () => deliver(state, one));
      return one;
    },
    store: (flavor, message, by) => {
      const known = posts.find((post) => post.flavor === flavor && post.key === message.key);
      if (flavor === "keyed" && known !== undefined) return known.id;
      const { key, room, quotes, body } = message;
      const post: Post = {
        by,
        flavor,
        key,
        room,
        quotes,
        body,
        id: `${flavor}-p${posts.length + 1}`,
        atMs: platform.wallMs(),
      };
      posts.push(post);
      watch.onPost(post, known !== undefined);
      if (flavor === "blind" && prng.chance(0.5)) tellStatus(state, post);
      return post.id;
    },
    find: (flavor, key) => posts.find((post) => post.flavor === flavor && post.key === key),
    connect: (connection) => {
      connections.add(connection);
      if (connection.flavor === "keyed") pump(state, connection);
    },
    isConnected: (flavor) => [...connections].some((one) => one.flavor === flavor && isUsable(one)),
    has: (connection) => connections.has(connection),
    addTarget: (target) => void targets.push(target),
    dropSocket: () => {
      const open = [...connections].filter(isUsable);
      if (open.length > 0) connections.delete(prng.pick(open));
    },
    repeatOld: () => {
      const old = said.filter(({ acknowledged }) => acknowledged);
      if (old.length === 0) return;
      watch.onAgain();
      send(state, prng.pick(old));
    },
    isDelivered: () => said.every(({ acknowledged }) => acknowledged),
  };
  const state: State = { scheduler, prng, watch, platform, connections, targets };
  return platform;
}

const isUsable = ({ isOpen, life, isUp }: Connection): boolean => isOpen && life.alive && isUp();

const delayOf = ({ prng, platform: { rates } }: State): number => 1 + prng.int(Math.max(1, Math.round(rates.maxMs)));

// ── events out to the nodes ─────────────────────────────────────────────────────────────────────────────────────────

function deliver(state: State, said: Said): void {
  const { prng, platform, scheduler } = state;
  const { rates } = platform;
  if (said.flavor === "keyed") {
    for (const connection of state.connections) if (connection.flavor === "keyed") pump(state, connection);
    if (prng.chance(rates.alsoWebhookChance)) hook(state, said);
    return;
  }
  if (prng.chance(rates.lateChance)) scheduler.after(prng.int(40_000), () => insist(state, said));
  else insist(state, said);
}

/** Until somebody acknowledges it. */
function insist(state: State, said: Said): void {
  const { prng, platform, scheduler, watch } = state;
  if (said.acknowledged) return;
  if (!platform.down) {
    send(state, said);
    if (prng.chance(platform.rates.twiceChance)) {
      watch.onTwice();
      send(state, said);
    }
  }
  scheduler.after(1_500 + prng.int(6_000), () => insist(state, said));
}

/** Once, one way or the other. */
function send(state: State, said: Said): void {
  const { prng, platform } = state;
  const open = [...state.connections].filter((one) => one.flavor === said.flavor && isUsable(one));
  if (said.flavor === "keyed" || !platform.blindSocket || open.length === 0 || prng.chance(0.3)) hook(state, said);
  else push(state, said, prng.pick(open));
}

function push(state: State, said: Said, connection: Connection): void {
  const { scheduler } = state;
  scheduler.after(
    delayOf(state),
    () => {
      if (!isUsable(connection)) return;
      void connection.receive([said.event]).then((isSafe) => {
        if (isSafe) acknowledge(state, said, connection.life);
      });
    },
    connection.life,
  );
}

function hook(state: State, said: Said): void {
  const up = state.targets.filter(({ life, isUp }) => life.alive && isUp());
  if (up.length === 0) return;
  const target = state.prng.pick(up);
  state.scheduler.after(
    delayOf(state),
    () => {
      void target.webhook(said.flavor, { type: "events", events: [said.event] }).then((isSafe) => {
        if (isSafe) acknowledge(state, said, target.life);
      });
    },
    target.life,
  );
}

/** The node's "yes" is on its way, and may be lost. */
function acknowledge(state: State, said: Said, life: Life): void {
  const { scheduler, prng, platform } = state;
  if (prng.chance(platform.rates.lostAnswerChance)) return;
  scheduler.after(
    0,
    () =>
      scheduler.after(delayOf(state), () => {
        said.acknowledged = true;
      }),
    life,
  );
}

function tellStatus(state: State, { flavor, key, id }: Post): void {
  const up = state.targets.filter(({ life, isUp }) => life.alive && isUp());
  if (up.length === 0) return;
  const target = state.prng.pick(up);
  state.scheduler.after(
    delayOf(state) + state.prng.int(3_000),
    () => void target.webhook(flavor, { type: "status", key, message: id }),
    target.life,
  );
}

const POLL_AGAIN_MS = 1_000;

/** What a client that reads from its cursor on gets next. */
function pump(state: State, connection: Connection): void {
  const { scheduler, platform, connections, prng } = state;
  if (connection.isBusy || !connections.has(connection) || !isUsable(connection)) return;
  const news = platform.said.filter(({ flavor, seq }) => flavor === connection.flavor && seq > connection.position);
  if (news.length === 0) return;
  connection.isBusy = true;
  const again = (delayMs: number): void => {
    connection.isBusy = false;
    scheduler.after(delayMs, () => pump(state, connection), connection.life);
  };
  if (platform.down) return again(POLL_AGAIN_MS);
  const batch = news.slice(0, 1 + prng.int(BATCH));
  scheduler.after(
    delayOf(state),
    () => {
      const events = prng.chance(0.2) ? prng.shuffle(batch) : batch;
      void connection.receive(events.map(({ event }) => event)).then((isSafe) => {
        if (!isSafe || !isUsable(connection)) return again(POLL_AGAIN_MS);
        connection.position = Math.max(connection.position, ...batch.map(({ seq }) => seq));
        for (const one of batch) one.acknowledged = true;
        connection.moved(connection.position);
        return again(1);
      });
    },
    connection.life,
  );
  return undefined;
}
