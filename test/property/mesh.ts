/**
 * A mesh in memory, drawn from one seed: replicas that write by themselves and exchange frames over a network that
 * loses, repeats and reorders them. It keeps to what the engine does: frames are stored in the order they were taken, and
 * a `stale` fold is folded again from that store.
 */
import {
  createReplica,
  decide,
  digestOf,
  foundMesh,
  isLive,
  isOutOfOrder,
  joinProofBytes,
  type LiveItem,
  memberOf,
  parseCommand,
  proveRotation,
  type Replica,
  type Role,
  roleOf,
  type Signer,
  type StageBody,
  stageOn,
  toHex,
} from "@skein/core";
import { createPrng, type Prng, testCrypto, testSigner } from "@skein/core/testing";

export interface Node {
  readonly name: string;
  /** The member's id: the key it joined with (hex). */
  readonly id: string;
  /** What it signs with, and the incarnation under that key. */
  signer: Signer;
  key: string;
  incarnation: Uint8Array;
  readonly replica: Replica;
  /** Every frame taken or written, in that order: what the disk would hold. */
  readonly stored: Uint8Array[];
}

export interface Mesh {
  readonly seed: number;
  readonly prng: Prng;
  readonly id: Uint8Array;
  readonly nodes: readonly Node[];
  /** Frames on their way. */
  readonly flying: { readonly to: Node; readonly bytes: Uint8Array }[];
  /** Groups of nodes that hear each other; one group when there is no partition. */
  groups: readonly (readonly Node[])[];
  /** Called with the node whose log just changed. */
  onChange: (node: Node) => void;
  readonly wallMs: () => number;
}

const ROLES_BY_PLACE: readonly Role[] = ["owner", "owner", "operator", "agent", "operator", "agent", "observer"];

export interface MeshOptions {
  readonly seed: number;
  readonly size: number;
  readonly wallMs?: () => number;
}

export function createMesh({ seed, size, wallMs = () => 1_700_000_000_000 + seed }: MeshOptions): Mesh {
  const prng = createPrng(seed);
  const signers = Array.from({ length: size }, (_, place) => testSigner(`node ${place} of seed ${seed}`));
  const [first] = signers;
  if (first === undefined) throw new Error("a mesh has at least one node");
  const incarnationOf = (place: number): Uint8Array => new Uint8Array(8).fill(place + 1);
  const founded = foundMesh(
    { signer: first, incarnation: incarnationOf(0), meshName: "loom", nodeName: "node0", wallMs: wallMs() },
    testCrypto,
  );
  const nodes = signers.map((signer, place): Node => {
    const replica = createReplica(founded.mesh, testCrypto);
    return {
      name: `node${place}`,
      id: toHex(signer.publicKey),
      signer,
      key: toHex(signer.publicKey),
      incarnation: incarnationOf(place),
      replica,
      stored: [],
    };
  });
  const mesh: Mesh = { seed, prng, id: founded.mesh, nodes, flying: [], groups: [nodes], onChange: () => {}, wallMs };
  for (const node of nodes) receive(mesh, node, founded.frame.bytes);
  for (const [place, node] of nodes.entries()) if (place > 0) admit(mesh, node, ROLES_BY_PLACE[place] ?? "agent");
  return mesh;
}

/** The founder invites and lets in one node; everybody hears of it at once. */
function admit(mesh: Mesh, node: Node, role: Role): void {
  const [founder] = mesh.nodes;
  if (founder === undefined) throw new Error("a mesh has a founder");
  const ticket = testSigner(`ticket of ${node.name}, seed ${mesh.seed}`);
  const proof = ticket.sign(joinProofBytes({ mesh: mesh.id, key: node.signer.publicKey, name: node.name }));
  const join = { key: node.signer.publicKey, name: node.name, ticket: ticket.publicKey, proof };
  writeDrafts(mesh, founder, [
    { entity: "mesh", on: null, body: { kind: "member.invite", ticket: ticket.publicKey, role, expires: 1 } },
    { entity: "mesh", on: null, body: { kind: "member.join", ...join } },
  ]);
  exchangeAll(mesh);
}

// ── frames ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** False when something that the frame needs is not here yet. Any other refusal is a bug. */
export function receive(mesh: Mesh, node: Node, bytes: Uint8Array): boolean {
  const taken = node.replica.take(bytes);
  if (!taken.ok) {
    if (isOutOfOrder(taken.error) || taken.error.type === "not-a-member") return false;
    throw new Error(`${node.name} refused an honest frame: ${taken.error.type}, ${taken.error.message}`);
  }
  if (taken.value.type === "duplicate") return true;
  node.stored.push(bytes);
  if (taken.value.changes.some((change) => change.type === "stale")) reload(node);
  mesh.onChange(node);
  return true;
}

function reload(node: Node): void {
  const loaded = node.replica.reload(node.stored);
  if (!loaded.ok) throw new Error(`${node.name} cannot reload its own store: ${loaded.error.message}`);
}

type Drafts = Parameters<Replica["write"]>[0];

export function writeDrafts(
  mesh: Mesh,
  node: Node,
  drafts: Drafts,
  author: Pick<Node, "signer" | "incarnation"> = node,
): void {
  const { changes } = node.replica.write(drafts, author, mesh.wallMs());
  const frames = node.replica.seal(author);
  for (const frame of frames) node.stored.push(frame.bytes);
  if (changes.some((change) => change.type === "stale")) reload(node);
  mesh.onChange(node);
  for (const frame of frames) publish(mesh, node, frame.bytes);
}

/** Sends a frame to each node that hears this one: not at all, once or twice. */
function publish(mesh: Mesh, from: Node, bytes: Uint8Array): void {
  const group = mesh.groups.find((nodes) => nodes.includes(from)) ?? [];
  for (const to of group) {
    if (to === from) continue;
    const copies = mesh.prng.pick([0, 1, 1, 1, 2]);
    for (let copy = 0; copy < copies; copy++) mesh.flying.push({ to, bytes });
  }
}

/** Delivers one frame, any of those that are flying. */
export function deliverOne(mesh: Mesh): void {
  if (mesh.flying.length === 0) return;
  const [flight] = mesh.flying.splice(mesh.prng.int(mesh.flying.length), 1);
  if (flight !== undefined) receive(mesh, flight.to, flight.bytes);
}

/** Anti-entropy between two nodes: each sends what it stored, in its own order. */
export function exchange(mesh: Mesh, a: Node, b: Node): void {
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const) {
    for (const bytes of from.stored.slice()) {
      if (!receive(mesh, to, bytes)) throw new Error(`${to.name} lacks what a frame in ${from.name}'s order needs`);
    }
  }
}

/** Heals every partition and lets everybody hear everything. */
export function exchangeAll(mesh: Mesh): void {
  mesh.groups = [mesh.nodes];
  while (mesh.flying.length > 0) deliverOne(mesh);
  const [hub] = mesh.nodes;
  if (hub === undefined) return;
  for (const node of mesh.nodes) if (node !== hub) exchange(mesh, hub, node);
  for (const node of mesh.nodes) if (node !== hub) exchange(mesh, hub, node);
}

/** Splits the mesh in two at random; what is flying between the halves is lost. */
export function partition(mesh: Mesh): void {
  const shuffled = mesh.prng.shuffle(mesh.nodes);
  const cut = 1 + mesh.prng.int(Math.max(1, shuffled.length - 1));
  mesh.groups = [shuffled.slice(0, cut), shuffled.slice(cut)];
  mesh.flying.length = 0;
}

export const heal = (mesh: Mesh): void => {
  mesh.groups = [mesh.nodes];
};

/** A replica that is given these frames in this order, putting off those that come too early. */
export function replay(mesh: Mesh, frames: readonly Uint8Array[]): Replica {
  const node: Node = {
    ...(mesh.nodes[0] ?? fail("no node")),
    name: "replay",
    replica: createReplica(mesh.id, testCrypto),
    stored: [],
  };
  let waiting = [...frames];
  while (waiting.length > 0) {
    const early = waiting.filter((bytes) => !receive({ ...mesh, onChange: () => {} }, node, bytes));
    if (early.length === waiting.length) throw new Error("some frames build on frames that nobody has");
    waiting = early;
  }
  return node.replica;
}

/** A replica that loads this store as a node does at its start. */
export function load(mesh: Mesh, frames: readonly Uint8Array[]): Replica {
  const replica = createReplica(mesh.id, testCrypto);
  const loaded = replica.reload(frames);
  if (!loaded.ok) throw new Error(loaded.error.message);
  return replica;
}

export const digest = (replica: Replica): string => digestOf(replica.view(), testCrypto);

const fail = (message: string): never => {
  throw new Error(message);
};

// ── what nodes do ───────────────────────────────────────────────────────────────────────────────────────────────────

const roleOfNode = (node: Node): Role | undefined =>
  roleOf(node.replica.view().membership, {
    author: node.key,
    incarnation: toHex(node.incarnation),
    seq: Number.MAX_SAFE_INTEGER,
  }) ?? memberOf(node.replica.view().membership, node.key)?.role;

const itemsOf = (node: Node): readonly LiveItem[] => [...node.replica.view().items.values()].filter(isLive);

/** A command as a person gives it; refused ones write nothing. */
export function command(mesh: Mesh, node: Node, name: string, input: unknown): boolean {
  const role = roleOfNode(node);
  const parsed = parseCommand(name, input);
  // Drawn even when refused, so that the next draw does not depend on who may what.
  const idBytes = mesh.prng.bytes(8);
  if (!parsed.ok) throw new Error(`${name}: ${parsed.error.message}`);
  if (role === undefined) return false;
  const next = testSigner(`key ${toHex(idBytes)} of ${node.name}`);
  const decided = decide(parsed.value.command, {
    view: node.replica.view(),
    heads: node.replica.heads(),
    self: node.id,
    role,
    wallMs: mesh.wallMs(),
    idBytes,
    ticketKey: testSigner(toHex(idBytes)).publicKey,
    pairingHash: new Uint8Array(32),
    by: "",
    rotation: proveRotation(mesh.id, node.signer, next),
  });
  if (!decided.ok) return false;
  writeDrafts(mesh, node, decided.value.drafts);
  if (name === "member.rotate") goOnUnder(node, next, idBytes);
  return true;
}

/** As a node does: under the new key once the log says that it is the member's. */
function goOnUnder(node: Node, next: Signer, incarnation: Uint8Array): void {
  if (memberOf(node.replica.view().membership, node.id)?.key !== toHex(next.publicKey)) return;
  node.signer = next;
  node.key = toHex(next.publicKey);
  node.incarnation = incarnation;
}

/** A copy of a node's data directory lives on somewhere else, in an incarnation of its own, and rotates the same key. */
export function rotateAsCopy(mesh: Mesh, original: Node, where: Node): void {
  const incarnation = mesh.prng.bytes(8);
  // The copy holds what the place it lives at holds; a key that is unknown there is not in its log.
  if (memberOf(where.replica.view().membership, original.key) === undefined) return;
  const next = testSigner(`key ${toHex(incarnation)} of a copy of ${original.name}`);
  const { to: key, consent, proof } = proveRotation(mesh.id, original.signer, next);
  const seq = mesh.prng.int(40);
  const cut = seq === 0 ? new Map<string, number>() : new Map([[toHex(original.incarnation), seq]]);
  const body = { kind: "member.rotate" as const, key, cut, consent, proof };
  writeDrafts(mesh, where, [{ entity: "mesh", on: null, body }], { signer: original.signer, incarnation });
}

const OID = "c0ffee".padEnd(40, "0");

function stageBody(mesh: Mesh, item: string, epoch: number): StageBody {
  const { prng } = mesh;
  const feature = { featureBranch: `skein/${item}/${Math.max(1, epoch)}`, tip: OID, tree: OID, commitsAhead: 1 };
  const bodies: readonly StageBody[] = [
    { kind: "item.start" },
    { kind: "item.claim", ttl: 60_000 },
    { kind: "item.claim", ttl: 60_000 },
    { kind: "item.submit", feature },
    { kind: "item.submit", feature },
    { kind: "item.pass", evidence: { tree: OID, runs: [] } },
    { kind: "item.pass", evidence: { tree: OID, runs: [] } },
    { kind: "item.release", note: "" },
    { kind: "item.sendBack", reason: "gate-failed", note: "", progress: prng.chance(0.5), evidence: [] },
    { kind: "item.shelve", note: "" },
    { kind: "item.archive", reason: prng.pick(["Abandoned", "Blocked", "Completed"]), note: "" },
    { kind: "item.restore", note: "" },
    { kind: "item.land", commit: prng.pick(["a", "b"]).repeat(40), at: 77 },
  ];
  return prng.pick(bodies);
}

/** An event of the executor on the item's head, when it is legal there. */
function work(mesh: Mesh, node: Node): void {
  const items = itemsOf(node);
  if (items.length === 0) return;
  const item = mesh.prng.pick(items);
  const body = stageBody(mesh, item.id, item.best.state.epoch);
  const role = roleOfNode(node);
  if (role === undefined) return;
  const decided = stageOn(item, body, { self: node.id, role, wallMs: mesh.wallMs() });
  if (decided.ok) writeDrafts(mesh, node, decided.value.drafts);
}

/** What no honest node writes: any event on any op, legal or not. Authentic, so everybody has to judge it alike. */
function mischief(mesh: Mesh, node: Node): void {
  const { prng } = mesh;
  const items = [...node.replica.view().items.values()];
  if (items.length === 0) return;
  const item = prng.pick(items);
  const on = prng.pick([...item.entries.keys()]);
  const epoch = item.best?.state.epoch ?? 0;
  const entity = prng.chance(0.9) ? item.id : prng.pick(items).id;
  const drafts: Drafts = prng.chance(0.85)
    ? [{ entity, on, body: stageBody(mesh, item.id, epoch) }]
    : prng.pick<Drafts>([
        [{ entity, on, body: { kind: "item.set", field: "title", value: `stolen by ${node.name}` } }],
        [{ entity, on, body: { kind: "item.delete", note: "" } }],
        [{ entity, on: null, body: { kind: "item.claim", ttl: 100 } }],
        [
          {
            entity,
            on: null,
            body: {
              kind: "item.create",
              title: "born again",
              text: "",
              type: "bug",
              priority: 0,
              labels: [],
              dependsOn: [],
            },
          },
        ],
      ]);
  writeDrafts(mesh, node, drafts);
}

function person(mesh: Mesh, node: Node): void {
  const { prng } = mesh;
  const items = itemsOf(node);
  if (items.length === 0 || prng.chance(0.25)) {
    command(mesh, node, "item.add", {
      title: `item ${prng.int(1_000)}`,
      start: prng.chance(0.6),
      priority: prng.int(10),
    });
    return;
  }
  const item = prng.pick(items).id;
  const [name, input] = prng.pick<readonly [string, object]>([
    ["item.edit", { item, title: `edited by ${node.name}`, priority: prng.int(10) }],
    ["item.edit", { item, labels: [`l${prng.int(3)}`], dependsOn: [prng.pick(items).id] }],
    ["item.hold", { item, reason: "wait" }],
    ["item.hold", { item, release: true }],
    ["item.start", { item }],
    ["item.move", { item, stage: prng.pick(["backlog", "coding", "archived"]) }],
    ["item.archive", { item, reason: "Superseded" }],
    ["item.restore", { item }],
    ...(prng.chance(0.1) ? [["item.delete", { item }] as const] : []),
  ]);
  command(mesh, node, name, input);
}

/** One step of the world: somebody does something, or a frame arrives, or two nodes compare heads. */
export function step(mesh: Mesh): void {
  const { prng } = mesh;
  const roll = prng.int(100);
  const node = prng.pick(mesh.nodes);
  if (roll < 18) person(mesh, node);
  else if (roll < 42) work(mesh, node);
  else if (roll < 50) mischief(mesh, node);
  else if (roll < 92) deliverOne(mesh);
  else if (roll < 95) partition(mesh);
  else if (roll < 97) heal(mesh);
  else {
    const group = prng.pick(mesh.groups.filter((nodes) => nodes.length > 0));
    exchange(mesh, prng.pick(group), prng.pick(group));
  }
}

/** Runs a check for each seed; a failure names its seed. */
export function forSeeds(count: number, check: (seed: number) => void): void {
  for (let seed = 1; seed <= count; seed++) {
    try {
      check(seed);
    } catch (cause) {
      throw new Error(`seed ${seed}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    }
  }
}
