/** A node for tests: a board in memory that can be changed, commands that are recorded and answered as told. */
import { err, ok, type BoardAttempt, type BoardChange, type BoardItem } from "@skein/core";
import type { BoardNode, BoardQueueEntry, CommandError, KeptFile, Result } from "@skein/core";
import type { Role } from "@skein/core";
import type { Actor, Health, Json, LogChunk, NodeApi, OpenedPass, Standing } from "@skein/node";

export interface FakeNode {
  readonly api: NodeApi;
  readonly commands: { readonly name: string; readonly input: unknown }[];
  /** In whose name each command was given. */
  readonly actors: (Actor | undefined)[];
  /** Members beside the node itself, by id; and who comes in by which pass. */
  readonly members: Map<string, Standing>;
  readonly passes: Map<string, OpenedPass>;
  readonly pages: Map<string, { readonly origin: string; readonly role: Role }>;
  readonly logQueries: { readonly item: string; readonly epoch?: number; readonly offset: number }[];
  readonly change: (change: Partial<BoardChange>) => void;
  readonly answerCommands: (answer: (name: string, input: unknown) => Result<Json, CommandError>) => void;
  readonly setHealth: (health: Health) => void;
  readonly listeners: () => number;
}

/** The fake node's own member id. */
export const SELF = "a1".repeat(32);

const KEPT: KeptFile = {
  sort: "file",
  name: '"evil\r..\n/name".html',
  digest: "ab".repeat(32),
  size: 25,
  item: "0123456789ab",
  project: "demo",
  epoch: 3,
  commit: "",
  node: "a1".repeat(32),
  nodeName: "alder",
  at: 1,
};

/** Believes whoever says `good`, and gives passes that say what they are for. */
function createFakeAdmission({
  members,
  passes,
  pages,
}: Pick<FakeNode, "members" | "passes" | "pages">): NodeApi["admission"] {
  return {
    standing: (member) => members.get(member),
    prove: ({ key, signature }) => {
      const member = members.get(key);
      return member !== undefined && signature === "good" ? ok(member) : err("The signature does not fit.");
    },
    issuePass: ({ to, actor, origin }) => ok(`${to} ${actor.member} ${actor.role} ${origin}`),
    readPass: (text) => {
      const pass = passes.get(text);
      return pass === undefined ? err("This is no pass.") : ok(pass);
    },
    pages: () => pages,
  };
}

export function createFakeNode(): FakeNode {
  const board = {
    items: new Map<string, BoardItem>(),
    nodes: new Map<string, BoardNode>(),
    attempts: new Map<string, BoardAttempt>(),
    queue: new Map<string, BoardQueueEntry>(),
  };
  const listeners = new Set<(change: BoardChange) => void>();
  const commands: { name: string; input: unknown }[] = [];
  const actors: (Actor | undefined)[] = [];
  const members = new Map<string, Standing>([[SELF, { id: SELF, name: "alder", role: "owner" }]]);
  const passes = new Map<string, OpenedPass>();
  const pages = new Map<string, { origin: string; role: Role }>();
  const logQueries: { item: string; epoch?: number; offset: number }[] = [];
  let health: Health = { status: "ok", reasons: [] };
  let answer = (name: string, input: unknown): Result<Json, CommandError> => ok({ ran: name, with: json(input) });

  const api: NodeApi = {
    meshId: "3f".repeat(32),
    nodeId: SELF,
    name: "alder",
    admission: createFakeAdmission({ members, passes, pages }),
    board: {
      current: () => board,
      subscribe: (listener) => {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
    },
    health: () => health,
    metrics: () =>
      new Map([
        ["skein_ops_total", { help: "Ops in the log,\nin all feeds.", type: "counter" as const, value: 7 }],
        ["skein_peers", { help: "Peers linked now.", type: "gauge" as const, value: Number.POSITIVE_INFINITY }],
      ]),
    command: async (name, input, actor) => {
      commands.push({ name, input });
      actors.push(actor);
      return answer(name, input);
    },
    readArtifact: (digest) =>
      Promise.resolve(
        digest === "missing"
          ? err({ code: "not-found" as const, message: "Nothing is kept under missing." })
          : ok({ file: KEPT, bytes: new TextEncoder().encode("<script>alert(1)</script>") }),
      ),
    stories: { open: () => err({ code: "not-found", message: "There is no item." }) },
    readLog: async (query) => {
      logQueries.push(query);
      return query.item === "nope" ? err({ code: "not-found", message: "There is no such log." }) : ok(logChunk(query));
    },
  };

  return {
    api,
    commands,
    actors,
    members,
    passes,
    pages,
    logQueries,
    change: (part) => {
      const change: BoardChange = { items: NONE, nodes: NONE, attempts: NONE, queue: NONE, ...part };
      applyTo(board.items, change.items);
      applyTo(board.nodes, change.nodes);
      applyTo(board.attempts, change.attempts);
      applyTo(board.queue, change.queue);
      for (const listener of listeners) listener(change);
    },
    answerCommands: (next) => {
      answer = next;
    },
    setHealth: (next) => {
      health = next;
    },
    listeners: () => listeners.size,
  };
}

function json(value: unknown): Json {
  const copy: Json = JSON.parse(JSON.stringify(value));
  return copy;
}

const NONE: ReadonlyMap<string, never> = new Map<string, never>();

function applyTo<T>(map: Map<string, T>, change: ReadonlyMap<string, T | null>): void {
  for (const [key, value] of change) {
    if (value === null) map.delete(key);
    else map.set(key, value);
  }
}

function logChunk(query: { readonly item: string; readonly epoch?: number; readonly offset: number }): LogChunk {
  const { item, epoch = 1, offset } = query;
  return {
    item,
    epoch,
    node: "a1".repeat(32),
    offset,
    text: "line\n",
    nextOffset: offset + 5,
    end: offset + 5,
    ended: true,
  };
}

export function testItem(fields: Partial<BoardItem> = {}): BoardItem {
  return {
    id: "item1",
    project: "loom",
    title: "A story",
    type: "story",
    stage: "Backlog",
    priority: 0,
    labels: [],
    dependsOn: [],
    hold: "",
    qa: "",
    generation: 0,
    epoch: 0,
    attempts: 0,
    claim: null,
    branch: null,
    commitsAhead: null,
    mergeCommit: null,
    landing: null,
    mergedAt: null,
    archivedAt: null,
    archiveReason: null,
    activity: "",
    note: "",
    questions: [],
    awaitsPerson: false,
    cost: { microUsd: 0, unknown: 0 },
    createdAt: 1_760_000_000_000,
    updatedAt: 1_760_000_000_000,
    revision: 1,
    ...fields,
  };
}

export function testNode(fields: Partial<BoardNode> = {}): BoardNode {
  return {
    id: "a1".repeat(32),
    name: "alder",
    role: "agent",
    removed: false,
    self: true,
    alive: true,
    lastHeardAt: 1_760_000_000_000,
    version: "0.1.0",
    labels: {},
    slots: 2,
    slotsFree: 1,
    address: "",
    linked: false,
    ...fields,
  };
}
