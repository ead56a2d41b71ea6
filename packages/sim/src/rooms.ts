/**
 * The rooms of a simulated mesh: one platform with two accounts, an engine in each program, and what is written down of both
 * for the checkers. There are none unless the fault class `chat` is on.
 */
import { type AccountSettings, type ChatEngine, createChatEngine } from "@skein/chat";
import { commandIdOf, type RoomCommand } from "@skein/core";
import type { Prng } from "@skein/core/testing";
import type { Logger, Node } from "@skein/node";

import type { Life } from "./kernel/life.ts";
import { clockOf } from "./kernel/node-clock.ts";
import {
  type ChatPlatform,
  createChatPlatform,
  type Flavor,
  FLAVORS,
  type Post,
  type Said,
} from "./ports/chat-platform.ts";
import { clientKind, type ClientWatch } from "./ports/chat-transport.ts";
import type { Machine, World } from "./world.ts";

export interface RoomPerson {
  readonly name: string;
  /** What the person may do from rooms; null for somebody whom the mesh does not know. */
  readonly role: "operator" | "observer" | null;
}

export const ROOM_PEOPLE: readonly RoomPerson[] = [
  { name: "ada", role: "operator" },
  { name: "bob", role: "operator" },
  { name: "vic", role: "observer" },
  { name: "eve", role: null },
];

/** What a person wanted, as the person knows it. */
export interface Wish {
  readonly said: Said;
  readonly person: RoomPerson;
  readonly makes: "item" | "note" | "nothing";
  /** Is in the title or the text of what it makes, and nowhere else. */
  readonly token: string;
  /** It is addressed to the mesh beyond doubt, so that it may not be lost. */
  readonly isCommand: boolean;
}

/** A node said that an event is safe. */
interface SafeEvent {
  readonly event: string;
  readonly machine: Machine;
  /** Whose op says so in its log. */
  readonly author: string | undefined;
}

export interface Rooms {
  readonly platform: ChatPlatform;
  readonly leaseTtlMs: number;
  /** So much longer do people speak than they work at terminals. */
  readonly lingerMs: number;
  readonly wishes: Wish[];
  readonly safe: SafeEvent[];
  /** Who kept each account last. */
  readonly speakers: Map<string, Machine>;
  readonly prng: Prng;
  /** Told of every new message of the mesh. */
  hear: (post: Post) => void;
}

export const accountOf = (flavor: Flavor): string => `${flavor}/main`;
export const roomOf = (flavor: Flavor): string => `${flavor}-room`;
export const directOf = (flavor: Flavor, { name }: RoomPerson): string => `${flavor}-with-${name}`;
export const principalOf = (flavor: Flavor, { name }: RoomPerson): string => `${flavor}:${name}`;

export const wishId = (world: World, { said }: Pick<Wish, "said">): string =>
  commandIdOf(accountOf(said.flavor), said.event.id, (bytes) => world.crypto.sha256(bytes));

export interface RoomsSettings {
  readonly leaseTtlMs: number;
  readonly lingerMs: number;
  readonly blindSocket: boolean;
}

export function createRooms(world: World, { leaseTtlMs, lingerMs, blindSocket }: RoomsSettings): Rooms {
  const prng = world.streams("chat people");
  const rooms: Rooms = {
    leaseTtlMs,
    lingerMs,
    wishes: [],
    safe: [],
    speakers: new Map(),
    prng,
    hear: () => undefined,
    platform: createChatPlatform({
      scheduler: world.scheduler,
      prng: world.streams("chat platform"),
      blindSocket,
      watch: {
        onTwice: () => world.note("room: event delivered to two at once"),
        onAgain: () => world.note("room: old event delivered again"),
        onPost: (post, isAgain) => {
          world.trace.line("rooms", `see ${post.id} in ${post.room}${isAgain ? ", again" : ""}`);
          world.hooks.onPost(post, isAgain);
          rooms.hear(post);
        },
      },
    }),
  };
  return rooms;
}

const settingsOf = (flavor: Flavor, leaseTtlMs: number): AccountSettings => ({
  id: accountOf(flavor),
  kind: flavor,
  name: "main",
  enabled: true,
  leaseTtlMs,
  pin: "",
  prefixes: ["!mesh"],
  rooms: [
    { id: roomOf(flavor), role: "operator", guests: "none", notices: flavor === "keyed" ? "stages" : "important" },
  ],
  roles: {},
  fourEyes: [],
  settings: {},
  secret: () => undefined,
});

export interface EngineSpec {
  readonly machine: Machine;
  readonly life: Life;
  readonly node: Node;
  readonly log: Logger;
  readonly random: Prng;
}

/** The chat engine of one life of a program; undefined where there are no rooms. */
export function createEngine(world: World, spec: EngineSpec): ChatEngine | undefined {
  const { rooms } = world.chat;
  if (rooms === undefined) return undefined;
  const { machine, life, node, log, random } = spec;
  const { platform } = rooms;
  const isUp = (): boolean => machine.running?.life === life && !machine.removed;
  const engine = createChatEngine({
    desk: node.desk,
    clock: clockOf(machine.clock, life, world.scheduler),
    random: { bytes: (length) => random.bytes(length) },
    crypto: world.crypto,
    log: (level, event, fields) => {
      if (event === "chat.speaks") noteSpeaker(world, rooms, machine, String(fields?.["account"]));
      log(level, event, fields);
    },
    fetch: () => Promise.reject(new Error("a simulated transport fetches nothing")),
  });
  const watch = clientWatch(world, rooms, machine, life);
  for (const flavor of FLAVORS) {
    engine.register(clientKind(flavor, { platform, life, scheduler: world.scheduler, watch, isUp }));
  }
  void engine.apply(FLAVORS.map((flavor) => settingsOf(flavor, rooms.leaseTtlMs)));
  platform.addTarget({
    life,
    isUp,
    webhook: async (flavor, payload) => {
      const body = new TextEncoder().encode(JSON.stringify(payload));
      const reply = await engine.webhook(flavor, "main", { method: "POST", url: "/", headers: {}, body });
      return reply.status === 200;
    },
  });
  return engine;
}

function clientWatch(world: World, rooms: Rooms, machine: Machine, life: Life): ClientWatch {
  return {
    onAct: (flavor, what) => {
      world.trace.line(machine.name, `${what} on ${flavor}`);
      world.hooks.onSpoke(machine, accountOf(flavor), what);
    },
    onSafe: (flavor, events) => {
      // Nobody hears what a program says that ended in the middle of the write.
      if (!life.alive) return;
      const { commands } = machine.running?.node.replica.view().chat ?? { commands: new Map<string, RoomCommand>() };
      for (const { id: event } of events) {
        const id = commandIdOf(accountOf(flavor), event, (bytes) => world.crypto.sha256(bytes));
        rooms.safe.push({ event, machine, author: commands.get(id)?.received.stamp.author });
      }
      world.hooks.onSafe(machine, flavor, events);
    },
    onFound: (outcome) => {
      if (outcome === "sent") world.note("room: uncertain send found");
      if (outcome === "refused") world.note("room: uncertain send was not there");
    },
  };
}

function noteSpeaker(world: World, { speakers }: Rooms, machine: Machine, account: string): void {
  const before = speakers.get(account);
  speakers.set(account, machine);
  if (before === undefined || before === machine) return;
  if (before.running === undefined) world.note("room: ingress taken over after a kill");
  else if (before.running.life.frozen) world.note("room: ingress taken over from a frozen node");
  else world.note("room: ingress taken over from a node that runs");
}
