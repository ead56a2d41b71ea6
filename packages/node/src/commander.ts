/** Runs the commands of the registry: authorise, decide, write, and answer after the durable ack. */
import type { SandboxKind } from "@skein/config";
import {
  blameOf,
  type BoardNode,
  type Command,
  type CommandError,
  type CommandSpec,
  type Crypto,
  countUntakable,
  decide,
  describeStandby,
  err,
  findItem,
  flowOf,
  type FlowRange,
  isLive,
  type keyStatus,
  leastRole,
  type Naming,
  ok,
  type ParsedCommand,
  type KeyRotation,
  memberOf,
  memberPrincipal,
  normalPairingCode,
  pairingCodeFrom,
  type Plain,
  printTicket,
  projectItem,
  projectWhole,
  query,
  type Replica,
  type Result,
  type Role,
  roleAtLeast,
  type SealedOp,
  standbyOf,
  type Signer,
  type StageBody,
  timelineOf,
  toHex,
} from "@skein/core";

import type { Actor } from "./api.ts";
import type { Alarms } from "./alarms.ts";
import { attributionOf } from "./attribution.ts";
import { calendar } from "./calendar.ts";
import { examine } from "./doctor.ts";
import { listForks, type ProvedFork } from "./forks.ts";
import type { Growth } from "./growth.ts";
import type { Incidents } from "./incidents.ts";
import { type Journal, notSavedError } from "./journal.ts";
import type { Links } from "./links/links.ts";
import { meshAnswer } from "./mesh-answer.ts";
import type { Clock, LogStore, Random, Sandboxes } from "./ports.ts";
import type { Presence } from "./presence.ts";
import { createProjectStarter, type ProjectCommand, type ProjectDesk } from "./project-desk.ts";
import { isStageBody, type Reissuer } from "./reissue.ts";
import { verifyLog } from "./verify.ts";
import type { Timers } from "./timers.ts";
import { dayOf } from "./work/spending.ts";
import type { Worker } from "./work/worker.ts";

export interface Commander {
  /** `actor`: in whose name, with no more than their role and this node's; this node's own when it is left out. */
  run(parsed: ParsedCommand, actor?: Actor): Promise<Result<Plain, CommandError>>;
}

export interface CommanderDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly crypto: Crypto;
  readonly createSigner: (seed: Uint8Array) => Signer;
  readonly store: LogStore;
  readonly journal: Journal;
  readonly replica: Replica;
  readonly naming: Naming;
  readonly incidents: Incidents;
  readonly alarms: Alarms;
  readonly reissuer: Reissuer;
  readonly worker: Worker;
  readonly links: Links;
  readonly presence: () => Pick<Presence, "heard">;
  readonly growth: Growth;
  readonly timers: Pick<Timers, "nextOf">;
  readonly nodes: () => readonly BoardNode[];
  readonly announced: () => readonly string[];
  /** What each chat account does on this node. */
  readonly transports: () => Plain;
  /** This node's member id. */
  readonly self: () => string;
  readonly role: () => Role | undefined;
  /** What this node's key is good for. */
  readonly keyStatus: () => ReturnType<typeof keyStatus>;
  /** Proposes a rotation of this node's key, with no other write of this node under way. */
  readonly withRotation: <T>(
    run: (journal: Journal, rotation: Result<KeyRotation, CommandError>) => Promise<T>,
  ) => Promise<T>;
  readonly idle: string | null;
  readonly sandboxes: Sandboxes;
  /** Repositories of this machine; none can be begun with from here when it is left out. */
  readonly projectDesk?: ProjectDesk;
}

export function createCommander(deps: CommanderDeps): Commander {
  const starter = createProjectStarter(deps.projectDesk, () => deps.replica.view());
  return {
    run: async ({ spec, command }, actor) => {
      const role = actorRole(deps, actor);
      const needed = neededRole(spec, actor);
      const mayRead = spec.effect !== "writes" && needed === "observer";
      if (!mayRead && role === undefined) return err(notAMember(deps.keyStatus()));
      if (!mayRead && role !== undefined && !roleAtLeast(role, needed)) {
        return err(notEnough(role, needed, spec, actor));
      }
      if (spec.effect === "writes") return write(deps, command, { role: role ?? "observer", actor });
      if (isOfProjects(command)) {
        return starter.run(command, (input) =>
          write(deps, { name: "project.set", input }, { role: role ?? "observer", actor }),
        );
      }
      return read(deps, command);
    },
  };
}

/** What whoever has the machine may do with any role, and a browser only with one that may change something. */
const OF_THE_MACHINE: ReadonlySet<CommandSpec["name"]> = new Set(["member.rotate", "doctor.seen", "verify", "compact"]);

const neededRole = ({ name, role }: CommandSpec, actor: Actor | undefined): Role =>
  actor !== undefined && OF_THE_MACHINE.has(name) ? "operator" : role;

/** The least of what the node and whoever commands through it may do; undefined: nothing is written here. */
function actorRole({ role, self, replica }: CommanderDeps, actor: Actor | undefined): Role | undefined {
  const own = role();
  if (own === undefined || actor === undefined) return own;
  if (actor.member === self()) return leastRole(own, actor.role);
  const member = memberOf(replica.view().membership, actor.member);
  // A member that was removed a moment ago reads what its page still asks for, and writes nothing.
  if (member === undefined || member.cut !== null) return "observer";
  return leastRole(own, leastRole(actor.role, member.role));
}

function notEnough(role: Role, needed: Role, spec: CommandSpec, actor: Actor | undefined): CommandError {
  const words = spec.words.join(" ");
  return {
    code: "not-allowed",
    message:
      actor === undefined
        ? `This node's role is ${role}; "${words}" needs ${needed}. Run it on a node with that role.`
        : `You are signed in here as ${role}; "${words}" needs ${needed}. Ask somebody with that role, or sign in at a node that has it.`,
  };
}

const isOfProjects = (command: Command): command is ProjectCommand =>
  command.name === "project.look" || command.name === "project.begin" || command.name === "project.practice";

const notAMember = (status: ReturnType<CommanderDeps["keyStatus"]>): CommandError => ({
  code: "not-allowed",
  message:
    status === "removed"
      ? "This node's key was removed from the mesh, so it can read and not write."
      : status === "rotated"
        ? "This node's key was replaced by another one, so it can read and not write. `skein doctor` says what to do."
        : "This node is not a member yet. It joins with a valid ticket and a reachable rendezvous; `skein doctor` says more.",
});

// ── writing ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Who commands, and what they may. */
interface Speaker {
  readonly role: Role;
  readonly actor: Actor | undefined;
}

async function write(deps: CommanderDeps, command: Command, who: Speaker): Promise<Result<Plain, CommandError>> {
  if (command.name !== "member.rotate") return writeIn(deps, deps.journal, command, who);
  if (who.actor !== undefined && who.actor.member !== deps.self()) {
    const message = "A key is rotated by whoever has it: run `skein rotate` on that node's own machine.";
    return err({ code: "not-allowed", message });
  }
  return deps.withRotation((journal, rotation) =>
    rotation.ok ? writeIn(deps, journal, command, who, rotation.value) : Promise.resolve(rotation),
  );
}

async function writeIn(
  deps: CommanderDeps,
  journal: Journal,
  command: Command,
  { role, actor }: Speaker,
  rotation?: KeyRotation,
): Promise<Result<Plain, CommandError>> {
  // Making a key pair costs a millisecond; only a ticket needs one.
  const seed = command.name === "member.invite" ? deps.random.bytes(32) : new Uint8Array();
  const ticketKey = seed.length === 0 ? seed : deps.createSigner(seed).publicKey;
  const idBytes = deps.random.bytes(8);
  const pairingCode = command.name === "people.pair" ? pairingCodeFrom(deps.random.bytes(10)) : "";
  // The node's own member is named by the signature; anybody else by what is written around the effects.
  const guest = actor === undefined || actor.member === deps.self() ? undefined : actor.member;
  const attribution = guest === undefined ? undefined : attributionOf(deps, guest, command.name);
  let itemId: string | null = null;
  let stageBody: StageBody | undefined;
  const written = await journal.write<CommandError>(() => {
    const decided = decide(command, {
      view: deps.replica.view(),
      heads: deps.replica.heads(),
      self: deps.self(),
      role,
      wallMs: deps.clock.wallMs(),
      idBytes,
      ticketKey,
      pairingHash: deps.crypto.sha256(new TextEncoder().encode(normalPairingCode(pairingCode) ?? "")),
      by: guest === undefined ? "" : memberPrincipal(guest),
      qa: deps.naming.qa?.(),
      calendar,
      ...(rotation === undefined ? {} : { rotation }),
    });
    if (!decided.ok) return decided;
    const { drafts, item } = decided.value;
    itemId = item;
    const [first] = drafts;
    stageBody = drafts.length === 1 && first !== undefined && isStageBody(first.body) ? first.body : undefined;
    return ok(attribution === undefined ? drafts : attribution.around(drafts, item));
  });
  if (!written.ok) return err("type" in written.error ? notSavedError(written.error) : written.error);
  const ops = attribution === undefined ? written.value : written.value.slice(1, -1);
  const [op] = ops;
  // A person's command is followed up when it loses a race.
  if (op !== undefined && stageBody !== undefined) deps.reissuer.watch(op, stageBody);
  if (command.name === "people.pair") return ok(pairingAnswer(pairingCode, ops));
  return ok(answer(deps, command, itemId, ops, seed));
}

function answer(
  deps: CommanderDeps,
  command: Command,
  itemId: string | null,
  ops: readonly SealedOp[],
  seed: Uint8Array,
): Plain {
  const written = ops.map((op) => op.id);
  if (command.name === "member.invite") return ticketAnswer(deps, seed, ops);
  if (command.name === "member.rotate") return rotationAnswer(deps, written);
  const item = itemId === null ? undefined : deps.replica.view().items.get(itemId);
  if (item === undefined || !isLive(item)) return itemId === null ? { ops: written } : { id: itemId, ops: written };
  return { ...projectWhole(item, deps.naming), ops: written };
}

function ticketAnswer(deps: CommanderDeps, seed: Uint8Array, ops: readonly SealedOp[]): Plain {
  const body = ops[0]?.op.body;
  const expires = typeof body?.["expires"] === "number" ? body["expires"] : 0;
  const role = typeof body?.["role"] === "string" ? body["role"] : "";
  const addresses = deps.announced();
  return { ticket: printTicket({ mesh: deps.replica.mesh, seed, expires, addresses }), role, expires, addresses };
}

/** The code is in this answer and nowhere else: the log has its hash. */
function pairingAnswer(code: string, ops: readonly SealedOp[]): Plain {
  const { person, role, expires } = ops[0]?.op.body ?? {};
  const text = (value: unknown): string => (typeof value === "string" ? value : "");
  return { code, person: text(person), role: text(role), expires: typeof expires === "number" ? expires : 0 };
}

function rotationAnswer({ replica, self }: CommanderDeps, ops: readonly string[]): Plain {
  const { membership } = replica.view();
  const member = memberOf(membership, self());
  const previous = membership.keys.get(member?.key ?? "")?.rotation?.from;
  return {
    id: self(),
    name: member?.name ?? "",
    key: member?.key ?? "",
    previous: previous === undefined ? null : toHex(previous),
    ops,
  };
}

// ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────────

async function read(deps: CommanderDeps, command: Command): Promise<Result<Plain, CommandError>> {
  const { replica, naming, crypto } = deps;
  const context = {
    view: replica.view(),
    heads: replica.heads(),
    opCount: replica.opCount(),
    naming,
    crypto,
    today: dayOf(deps.clock.wallMs()),
  };
  const answered = query(command, context);
  if (command.name === "timers") return withNext(deps, answered);
  const aboutOne = command.name === "why" || command.name === "item.show";
  if (answered !== undefined) return aboutOne ? withOwnReason(deps, answered) : answered;
  switch (command.name) {
    case "claims":
      return ok(claims(deps));
    case "queue.blame":
      return ok({ ...blameOf(replica.view(), naming), target: redTarget(deps) });
    case "item.diff":
      return deps.worker.readDiff(command.input);
    case "nodes":
      return ok(deps.nodes());
    case "mesh":
      return ok(mesh(deps));
    case "flow":
      return ok(flow(deps, command.input.range));
    case "timeline":
      return ok(timelineOf(replica.view(), naming, command.input.range, deps.clock.wallMs(), command.input.after));
    case "effects":
      return ok(deps.worker.executions().map((execution) => ({ ...execution })));
    case "forks":
      return ok(listForks({ ...deps, index: deps.journal.index }).map((fork) => forkAnswer(fork, naming)));
    case "verify":
      return verifyLog({ clock: deps.clock, store: deps.store, mesh: replica.mesh, crypto });
    case "checkpoint":
      return deps.growth.checkpoint();
    case "compact":
      return ok(await deps.growth.compact());
    case "doctor":
      return ok(doctor(deps));
    case "doctor.seen":
      return seen(deps);
    case "transports":
      return ok(deps.transports());
    default:
      return err({ code: "unknown-command", message: `${command.name} cannot be answered by this node.` });
  }
}

const mesh = (deps: CommanderDeps): Plain =>
  meshAnswer({
    clock: deps.clock,
    meshId: toHex(deps.replica.mesh),
    self: deps.self(),
    membership: deps.replica.view().membership,
    heads: deps.replica.heads(),
    forks: deps.replica.forks(),
    nodes: deps.nodes(),
    heard: deps.presence().heard(),
    peers: deps.links.peers(),
    nameOf: deps.naming.nameOf,
    alarms: deps.alarms.list(),
    incidents: deps.incidents,
  });

/** With the caps of the project, which this node alone may have read by now; null where it has not. */
function flow({ replica, naming, clock, worker }: CommanderDeps, range: FlowRange): Plain {
  const budget = worker.project()?.config().budget;
  const caps = budget === undefined ? null : { attempt: budget.attempt, item: budget.item, day: budget.day };
  return flowOf(replica.view(), naming, { range, now: clock.wallMs(), caps, dayOf });
}

function forkAnswer(fork: ProvedFork, { nameOf }: Naming): Plain {
  const authorName = nameOf(fork.author);
  const message = `${authorName} wrote two histories under incarnation ${fork.incarnation}; nothing it wrote there from op ${fork.seq} on counts.`;
  return { ...fork, authorName, message, proof: fork.proof.map((one) => ({ ...one })) };
}

/** An item that nobody holds may be waiting for this very node. */
function withOwnReason(deps: CommanderDeps, answered: Result<Plain, CommandError>): Result<Plain, CommandError> {
  const notReady = deps.worker.notReady();
  if (!answered.ok || notReady === undefined || !isRecord(answered.value)) return answered;
  const { id, why } = answered.value;
  const state = typeof id === "string" ? deps.replica.view().items.get(id)?.best?.state : undefined;
  const waits = state?.claim === null && ["Coding", "Qa", "Merge"].includes(state.stage.stage);
  if (!waits || !Array.isArray(why)) return answered;
  return ok({ ...answered.value, why: [...why, `This node does not take it: ${notReady}`] });
}

/** What this node itself has found out about the target branch; the merger's activity says it everywhere else. */
function redTarget({ worker }: CommanderDeps): Plain {
  const red = worker.redTarget();
  return red === undefined ? null : { ...red };
}

/** When timers that come again and again are due next. */
function withNext(
  { replica, timers }: CommanderDeps,
  answered: Result<Plain, CommandError> | undefined,
): Result<Plain, CommandError> {
  if (answered === undefined || !answered.ok || !Array.isArray(answered.value)) return answered ?? ok([]);
  return ok(
    answered.value.map((row: Plain) => {
      if (!isRecord(row) || typeof row["id"] !== "string") return row;
      const plan = replica.view().chat.plans.get(row["id"]);
      return plan === undefined ? row : { ...row, due: timers.nextOf(plan) ?? null };
    }),
  );
}

const isRecord = (value: Plain): value is { readonly [key: string]: Plain } =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function claims({ replica, naming }: CommanderDeps): Plain {
  return [...replica.view().items.values()].flatMap((history) => {
    const item = findItem(replica.view(), history.id);
    if (!item.ok) return [];
    const { claim, stage, id, title } = projectItem(item.value, naming);
    return claim === null ? [] : [{ item: id, title, stage, ...claim }];
  });
}

function seen({ alarms }: CommanderDeps): Result<Plain, CommandError> {
  const count = alarms.list().length;
  const saved = alarms.seen();
  return saved.ok
    ? ok({ seen: count })
    : err({ code: "not-saved", message: `The alarms stay: ${saved.error.message}.` });
}

function doctor(deps: CommanderDeps): Plain {
  const project = deps.worker.project();
  const standby = standbyOf(deps.replica.view(), deps.self());
  return examine({
    role: deps.role(),
    keyStatus: deps.keyStatus(),
    diskProblem: deps.journal.problem()?.message,
    notReady: deps.worker.notReady(),
    codingFrom: deps.worker.trouble().codingFrom,
    idle: deps.idle !== null,
    hasProject: deps.replica.view().membership.projects.size > 0,
    configProblem: project?.problem()?.message,
    linked: deps.links.peers().size,
    members: [...deps.replica.view().membership.members.values()].filter((member) => member.cut === null).length,
    sandbox: sandboxInForce(project?.config().sandbox, deps.sandboxes),
    standby: standby === undefined ? undefined : describeStandby(standby),
    untakable: countUntakable(deps.replica.view(), deps.naming),
    refuted: deps.worker.landings.count("refuted"),
    incidents: deps.incidents,
    alarms: deps.alarms.list(),
  });
}

/** `bwrap (bubblewrap 0.8.0)`, for people. */
function sandboxInForce(kind: SandboxKind | undefined, sandboxes: Sandboxes): string | undefined {
  if (kind === undefined || kind === "none") return kind;
  const described = sandboxes.describe(kind);
  return described === undefined ? kind : `${kind} (${described})`;
}
