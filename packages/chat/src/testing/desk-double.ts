/**
 * A mesh of a few nodes in front of the chat engine: one real log that all of them share, so that what one writes the others
 * know at once, and for each a desk of its own whose disk can refuse and which can fall silent.
 */
import {
  type BoardNode,
  decide,
  digestOf,
  err,
  foundMesh,
  joinProofBytes,
  type Naming,
  ok,
  parseCommand,
  type QaPolicy,
  query,
  type Replica,
  type Role,
  roleAtLeast,
  createReplica,
  type Draft,
  type Signer,
  toHex,
  unverified,
  type View,
} from "@skein/core";
import { testCrypto, testSigner } from "@skein/core/testing";
import type { ChatDesk } from "@skein/node";

import { type ClockDouble, createClockDouble } from "./clock-double.ts";

type Listener = Parameters<ChatDesk["onCommitted"]>[0];

export interface DeskDouble extends ChatDesk {
  readonly name: string;
  /** While this is set, nothing can be saved. */
  failure: string | undefined;
  /** Writes of these kinds of ops alone cannot be saved. */
  refuses: (kind: string) => boolean;
  /** Called before a write is judged: what comes in between. */
  beforeWrite: () => void;
  readonly incidents: string[];
  /** Falls silent: its beats stop, and from its last one on its leases run out. */
  die(): void;
}

/** What the nodes know of the project beside the log. */
interface ProjectDouble {
  qa: QaPolicy | undefined;
  unpaid: string | undefined;
  /** How often the ledger was read to answer what is unpaid. */
  booksOpened: number;
}

export interface MeshDouble {
  readonly project: ProjectDouble;
  readonly clock: ClockDouble;
  readonly replica: Replica;
  view(): View;
  digest(): string;
  /** The founder is the first, and owner; the others are what is asked for. */
  desk(name: string, role?: Role): DeskDouble;
  /** Written by the founder. */
  write(...drafts: readonly Draft[]): void;
}

const incarnationOf = (place: number): Uint8Array => new Uint8Array(8).fill(place + 1);

const namingOf = (project: ProjectDouble): Naming => ({
  nameOf: (key) => key.slice(0, 6),
  isExpired: () => false,
  activityOf: () => "",
  landingOf: () => unverified,
  qa: () => project.qa,
  unpaid: () => () => project.unpaid,
  unpaidAnywhere: () => {
    project.booksOpened++;
    return () => project.unpaid;
  },
});

interface Seat {
  readonly name: string;
  readonly id: string;
  readonly role: Role;
  readonly signer: Signer;
  readonly incarnation: Uint8Array;
  silentSince: number | undefined;
  accounts: Readonly<Record<string, string>>;
}

export function createMeshDouble(clock: ClockDouble = createClockDouble()): MeshDouble {
  const founder = testSigner("founder");
  const founded = foundMesh(
    { signer: founder, incarnation: incarnationOf(0), meshName: "loom", nodeName: "alice", wallMs: clock.wallMs() },
    testCrypto,
  );
  const replica = createReplica(founded.mesh, testCrypto);
  replica.take(founded.frame.bytes);
  const listeners: Listener[] = [];
  const seats: Seat[] = [];
  const writeAs = (
    seat: Pick<Seat, "signer" | "incarnation">,
    drafts: readonly Draft[],
  ): ReturnType<Replica["write"]> => {
    const written = replica.write(drafts, seat, clock.wallMs());
    replica.seal(seat);
    const items = new Set(written.changes.flatMap((change) => (change.type === "item" ? [change.item] : [])));
    for (const listen of listeners) listen({ items, chat: written.changes.some(({ type }) => type === "chat") });
    return written;
  };
  const founding = { signer: founder, incarnation: incarnationOf(0) };
  const sit = (name: string, role: Role): Seat => {
    const isFounder = seats.length === 0;
    const signer = isFounder ? founder : testSigner(name);
    const seat: Seat = {
      name,
      id: toHex(signer.publicKey),
      role: isFounder ? "owner" : role,
      signer,
      incarnation: incarnationOf(seats.length),
      silentSince: undefined,
      accounts: {},
    };
    if (!isFounder) writeAs(founding, joinDrafts(replica.mesh, seat));
    seats.push(seat);
    return seat;
  };
  const project: ProjectDouble = { qa: undefined, unpaid: undefined, booksOpened: 0 };
  const around = { clock, replica, seats, listeners, writeAs, naming: namingOf(project) };
  return {
    project,
    clock,
    replica,
    view: () => replica.view(),
    digest: () => digestOf(replica.view(), testCrypto),
    write: (...drafts) => void writeAs(founding, drafts),
    desk: (name, role = "operator") => createDesk(sit(name, role), around),
  };
}

function joinDrafts(mesh: Uint8Array, { name, role, signer }: Seat): readonly Draft[] {
  const ticket = testSigner(`ticket of ${name}`);
  const proof = ticket.sign(joinProofBytes({ mesh, key: signer.publicKey, name }));
  const join = { key: signer.publicKey, name, ticket: ticket.publicKey, proof };
  return [
    { entity: "mesh", on: null, body: { kind: "member.invite", ticket: ticket.publicKey, role, expires: 1 } },
    { entity: "mesh", on: null, body: { kind: "member.join", ...join } },
  ];
}

interface Around {
  readonly naming: Naming;
  readonly clock: ClockDouble;
  readonly replica: Replica;
  readonly seats: readonly Seat[];
  readonly listeners: Listener[];
  readonly writeAs: (seat: Seat, drafts: readonly Draft[]) => ReturnType<Replica["write"]>;
}

// A table of what a node gives to the engine.
// oxlint-disable-next-line max-lines-per-function
function createDesk(seat: Seat, { clock, replica, seats, listeners, writeAs, naming }: Around): DeskDouble {
  const facts = new Map<string, string>();
  const isAlive = ({ silentSince }: Seat): boolean => silentSince === undefined;
  const desk: DeskDouble = {
    name: seat.name,
    failure: undefined,
    refuses: () => false,
    beforeWrite: () => undefined,
    incidents: [],
    die: () => {
      seat.silentSince = clock.monoMs();
    },
    self: () => seat.id,
    role: () => seat.role,
    view: () => replica.view(),
    naming,
    write: async (decideNow) => {
      await Promise.resolve();
      if (desk.failure !== undefined) return err({ code: "not-saved", message: desk.failure });
      desk.beforeWrite();
      const decided = decideNow();
      if (!decided.ok) return decided;
      if (decided.value.some(({ body }) => desk.refuses(body.kind)))
        return err({ code: "not-saved", message: "disk full" });
      return ok(decided.value.length === 0 ? [] : writeAs(seat, decided.value).ops);
    },
    decide: (command, who) =>
      decide(command, {
        view: replica.view(),
        heads: replica.heads(),
        self: seat.id,
        wallMs: clock.wallMs(),
        ticketKey: new Uint8Array(32),
        pairingHash: new Uint8Array(32),
        qa: naming.qa?.(),
        ...who,
        // As the fold will judge it.
        role: roleAtLeast(who.role, seat.role) ? seat.role : who.role,
      }),
    read: async (name, input) => {
      await Promise.resolve();
      const parsed = parseCommand(name, input);
      if (!parsed.ok) return parsed;
      const context = {
        view: replica.view(),
        heads: replica.heads(),
        opCount: 0,
        today: "2026-11-21",
        naming,
        crypto: testCrypto,
      };
      return query(parsed.value.command, context) ?? ok([]);
    },
    readLog: ({ item, offset }) =>
      Promise.resolve(ok({ item, epoch: 1, node: seat.id, offset, text: "", nextOffset: offset, end: 0, ended: true })),
    watch: () => undefined,
    onCommitted: (listener) => void listeners.push(listener),
    isExpired: ({ holder, ttlMs }) => {
      const since = seats.find(({ id }) => id === holder)?.silentSince;
      return since !== undefined && clock.monoMs() - since > ttlMs;
    },
    canSave: () => desk.failure === undefined,
    speakers: (account) =>
      new Map(
        seats.filter(isAlive).flatMap(({ id, accounts }) => {
          const cursor = accounts[account];
          return cursor === undefined ? [] : [[id, cursor] as const];
        }),
      ),
    announce: (accounts) => {
      seat.accounts = accounts;
    },
    nodes: () => seats.map((one): BoardNode => nodeOf(one, seat, isAlive(one))),
    recall: (fact) => facts.get(fact),
    remember: (fact, value) => {
      facts.set(fact, value);
      return ok(undefined);
    },
    incident: (_type, about, message) => void desk.incidents.push(`${about}: ${message}`),
  };
  return desk;
}

const nodeOf = ({ id, name, role }: Seat, self: Seat, alive: boolean): BoardNode => ({
  id,
  name,
  role,
  alive,
  self: id === self.id,
  removed: false,
  version: "",
  address: "",
  labels: {},
  slots: 0,
  slotsFree: 0,
  lastHeardAt: null,
  linked: true,
});
