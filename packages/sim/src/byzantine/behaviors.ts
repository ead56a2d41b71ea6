/** What members that do not play by the rules do. Each is one small act, done again and again. */
import {
  concatBytes,
  type Draft,
  feedId,
  fromHex,
  isLive,
  type LiveItem,
  MESH_ENTITY,
  type Op,
  sealFrame,
  sealOp,
} from "@skein/core";

import type { SometimesName } from "../sometimes.ts";
import { TTL_MS } from "../world.ts";
import type { ByzantinePeer } from "./peer.ts";

export interface Behavior {
  readonly name: string;
  readonly about: string;
  readonly seen: SometimesName | undefined;
  readonly act: (peer: ByzantinePeer) => void;
}

const liveItemsOf = (peer: ByzantinePeer): readonly LiveItem[] =>
  [...peer.replica.view().items.values()].filter(isLive);

export const pickItem = (peer: ByzantinePeer): LiveItem | undefined => {
  const items = liveItemsOf(peer);
  return items.length === 0 ? undefined : peer.prng.pick(items);
};

const COMMIT = "c".repeat(40);

/** Ops that its role may not write. They are kept, and have no effect anywhere. */
const abuseRoles: Behavior = {
  name: "byzantine-roles",
  about: "an agent writes ops for operators and owners",
  seen: undefined,
  act: (peer) => {
    const item = pickItem(peer);
    const mesh = (body: Draft["body"]): Draft => ({ entity: MESH_ENTITY, on: null, body });
    const choices: Draft[] = [
      mesh({ kind: "member.invite", ticket: peer.prng.bytes(32), role: "owner", expires: 2 ** 47 }),
      mesh({ kind: "project.set", name: "demo", remote: "/evil", base: "main", config: "project: demo\n" }),
      mesh({ kind: "member.remove", key: pickMember(peer), cut: new Map(), note: "gone" }),
      {
        entity: peer.prng.pick(["zzzzzzzzzzzz", "0000000000zz"]),
        on: null,
        body: { kind: "item.create", title: "evil", text: "", type: "story", priority: 9, labels: [], dependsOn: [] },
      },
    ];
    if (item !== undefined) {
      const on = item.best.id;
      choices.push(
        { entity: item.id, on, body: { kind: "item.delete", note: "" } },
        { entity: item.id, on, body: { kind: "item.archive", reason: "Abandoned", note: "" } },
        { entity: item.id, on, body: { kind: "item.shelve", note: "" } },
        { entity: item.id, on, body: { kind: "item.restore", note: "" } },
        { entity: item.id, on, body: { kind: "item.set", field: "title", value: "evil" } },
        { entity: item.id, on, body: { kind: "item.submit", feature: featureOf(item.id, 1) } },
      );
    }
    peer.write([peer.prng.pick(choices)]);
  },
};

const pickMember = ({ prng, replica, key }: ByzantinePeer): Uint8Array =>
  fromHex(prng.pick([key, ...replica.view().membership.members.keys()])) ?? new Uint8Array(32);

const featureOf = (item: string, epoch: number) => ({
  featureBranch: `skein/${item}/${epoch}`,
  tip: COMMIT,
  tree: COMMIT,
  commitsAhead: 3,
});

/** The next op of its own feed, made by hand so that any field can be wrong. */
function handmade(
  peer: ByzantinePeer,
  change: { readonly lamportAhead: number; readonly kind: string },
): Uint8Array | undefined {
  const { world, signer, incarnation, replica } = peer;
  const head = replica.heads().get(feedId(signer.publicKey, incarnation));
  // Only at the start of a feed, where nothing has to be named: a second feed of the same key.
  const fresh = peer.prng.bytes(8);
  if (head === undefined) return undefined;
  const sealed = sealOp(
    {
      mesh: world.mesh,
      author: signer.publicKey,
      incarnation: fresh,
      seq: 1,
      prev: null,
      lamport: replica.lamport() + change.lamportAhead,
      wall: 0,
      entity: MESH_ENTITY,
      kind: change.kind,
      on: null,
      after: null,
      body: {},
    },
    world.crypto,
  );
  const opId = fromHex(sealed.id) ?? new Uint8Array();
  const header = {
    mesh: world.mesh,
    author: signer.publicKey,
    incarnation: fresh,
    firstSeq: 1,
    prevFrame: null,
    opIds: [opId],
  };
  return sealFrame(header, [sealed.bytes], signer, world.crypto).bytes;
}

const poisonLamport: Behavior = {
  name: "byzantine-lamport",
  about: "stamps far in the future",
  seen: undefined,
  act: (peer) => {
    const frame = handmade(peer, { lamportAhead: 2 ** 20, kind: "item.claim" });
    if (frame === undefined) return;
    const before = peer.refused.get("bad-frame") ?? 0;
    peer.send([frame], peer.links());
    peer.world.scheduler.after(3_000, () => {
      if ((peer.refused.get("bad-frame") ?? 0) > before) peer.world.note("byzantine: Lamport poison refused");
    });
  },
};

const poisonEpoch: Behavior = {
  name: "byzantine-epoch",
  about: "results for epochs that nobody reached, and claims upon claims",
  seen: undefined,
  act: (peer) => {
    const item = pickItem(peer);
    if (item?.best.state.stage.stage !== "Coding") return;
    const drafts: Draft[] = [
      { entity: item.id, on: item.best.id, body: { kind: "item.claim", ttl: TTL_MS } },
      { entity: item.id, on: { draft: 0 }, body: { kind: "item.submit", feature: featureOf(item.id, 1_000_000) } },
    ];
    const [, submit] = peer.write(drafts);
    const entry = peer.replica
      .view()
      .items.get(item.id)
      ?.entries.get(submit ?? "");
    if (entry?.outcome.type === "rejected") peer.world.note("byzantine: epoch poison refused");
  },
};

const backDate: Behavior = {
  name: "byzantine-backdate",
  about: "builds on old ops as if the newer ones were not there",
  seen: "byzantine: back-dated op sent",
  act: (peer) => {
    const item = pickItem(peer);
    if (item === undefined) return;
    const { on } = { on: peer.prng.pick([...item.entries.values()]).id };
    const bodies: Draft["body"][] = [
      { kind: "item.claim", ttl: TTL_MS },
      { kind: "item.release", note: "" },
      { kind: "item.sendBack", reason: "gate-failed", note: "old", progress: false, evidence: [] },
      { kind: "item.archive", reason: "Blocked", note: "old" },
    ];
    peer.write([{ entity: item.id, on, body: peer.prng.pick(bodies) }]);
  },
};

const claimEverything: Behavior = {
  name: "byzantine-claims",
  about: "claims whatever can be claimed, also what others hold, and works on nothing",
  seen: "byzantine: claimed everything",
  act: (peer) => {
    for (const item of liveItemsOf(peer)) {
      const { claim, stage } = item.best.state;
      const isOpen = stage.stage === "Coding" || stage.stage === "Qa" || stage.stage === "Merge";
      if (!isOpen || claim?.holder === peer.key || peer.prng.chance(0.5)) continue;
      peer.write([{ entity: item.id, on: item.best.id, body: { kind: "item.claim", ttl: TTL_MS } }]);
    }
  },
};

const interfere: Behavior = {
  name: "byzantine-interference",
  about: "submits, passes, gives back and gives up what others hold",
  seen: "byzantine: interfered",
  act: (peer) => {
    const held = liveItemsOf(peer).filter(({ best }) => ![null, peer.key].includes(best.state.claim?.holder ?? null));
    if (held.length === 0) return;
    const { id: entity, best } = peer.prng.pick(held);
    const inStage: Readonly<Record<string, Draft["body"]>> = {
      Coding: { kind: "item.submit", feature: featureOf(entity, best.state.epoch) },
      Qa: { kind: "item.pass", evidence: { tree: COMMIT, runs: [] } },
    };
    const always: readonly Draft["body"][] = [
      { kind: "item.release", note: "" },
      { kind: "item.archive", reason: "Blocked", note: "" },
    ];
    const fit = inStage[best.state.stage.stage];
    const body = fit !== undefined && peer.prng.chance(0.5) ? fit : peer.prng.pick(always);
    peer.write([{ entity, on: best.id, body }]);
  },
};

const makeUpEvidence: Behavior = {
  name: "byzantine-evidence",
  about: "submits a branch that does not exist and says that its gate is green",
  seen: "byzantine: evidence made up",
  act: (peer) => {
    const item = liveItemsOf(peer).find((one) => one.best.state.stage.stage === "Coding");
    if (item === undefined) return;
    const { epoch } = item.best.state;
    peer.write([
      { entity: item.id, on: item.best.id, body: { kind: "item.claim", ttl: TTL_MS } },
      { entity: item.id, on: { draft: 0 }, body: { kind: "item.submit", feature: featureOf(item.id, epoch + 1) } },
      { entity: item.id, on: { draft: 1 }, body: { kind: "item.pass", evidence: { tree: COMMIT, runs: [] } } },
    ]);
  },
};

const flood: Behavior = {
  name: "byzantine-flood",
  about: "hundreds of messages at once, some of them nonsense",
  seen: "byzantine: flooded",
  act: (peer) => {
    const links = peer.links();
    for (let round = 0; round < 40; round++) peer.say({ type: "heads", heads: peer.replica.heads() }, links);
    for (let round = 0; round < 20; round++) peer.say({ type: "want", heads: new Map(), locators: [] }, links);
    for (let id = 0; id < 20; id++)
      peer.say({ type: "log-read", id, item: "000000000000", epoch: 1, offset: 0 }, links);
    if (peer.prng.chance(0.5)) peer.sendRaw(peer.prng.bytes(200), links);
  },
};

const withhold: Behavior = {
  name: "byzantine-withhold",
  about: "announces ops that it never hands over",
  seen: "byzantine: withheld",
  act: (peer) => {
    peer.withholds = true;
    const heads = new Map([...peer.replica.heads()].map(([feed, head]) => [feed, { ...head, seq: head.seq + 5 }]));
    peer.say({ type: "heads", heads }, peer.links());
  },
};

const forgeSignatures: Behavior = {
  name: "byzantine-forgery",
  about: "frames in the name of others, and frames of others with a byte changed",
  seen: undefined,
  act: (peer) => {
    const { world, replica, prng } = peer;
    const victim = pickMember(peer);
    const incarnation = prng.bytes(8);
    const after = [...replica.view().items.values()][0]?.best?.id;
    const sealed = sealOp(
      {
        mesh: world.mesh,
        author: victim,
        incarnation,
        seq: 1,
        prev: null,
        lamport: 1,
        wall: 0,
        entity: after === undefined ? MESH_ENTITY : "000000000000",
        kind: "item.start",
        on: null,
        after: null,
        body: {},
      },
      world.crypto,
    );
    const opIds = [fromHex(sealed.id) ?? new Uint8Array()];
    const header = { mesh: world.mesh, author: victim, incarnation, firstSeq: 1, prevFrame: null, opIds };
    // Signed with its own key: the only one it has.
    const { bytes } = sealFrame(header, [sealed.bytes], peer.signer, world.crypto);
    const before = peer.refused.get("bad-frame") ?? 0;
    peer.send([prng.chance(0.5) ? bytes : concatBytes(bytes, prng.bytes(1))], peer.links());
    world.scheduler.after(3_000, () => {
      if ((peer.refused.get("bad-frame") ?? 0) > before) world.note("byzantine: foreign signature refused");
    });
  },
};

/** One op as the only one of a frame of a feed that begins with it. */
function firstFrame(
  peer: ByzantinePeer,
  incarnation: Uint8Array,
  draft: Pick<Op, "entity" | "kind" | "on" | "body" | "lamport">,
): Uint8Array {
  const { world, signer } = peer;
  const op = {
    mesh: world.mesh,
    author: signer.publicKey,
    incarnation,
    seq: 1,
    prev: null,
    wall: 0,
    after: null,
    ...draft,
  };
  const sealed = sealOp(op, world.crypto);
  const opIds = [fromHex(sealed.id) ?? new Uint8Array()];
  const header = { mesh: world.mesh, author: signer.publicKey, incarnation, firstSeq: 1, prevFrame: null, opIds };
  return sealFrame(header, [sealed.bytes], signer, world.crypto).bytes;
}

const equivocate: Behavior = {
  name: "byzantine-equivocate",
  about: "two claims for one place of its feed, one to each half of the mesh",
  seen: "byzantine: equivocated",
  act: (peer) => {
    const links = peer.links();
    const item = liveItemsOf(peer).find(({ best }) => OPEN.has(best.state.stage.stage)) ?? pickItem(peer);
    if (links.length < 2 || item === undefined) return;
    const incarnation = peer.prng.bytes(8);
    const { id, lamport } = item.best;
    const on = fromHex(id) ?? null;
    const twins = [TTL_MS, TTL_MS + 1].map((ttl) =>
      firstFrame(peer, incarnation, { entity: item.id, kind: "item.claim", on, body: { ttl }, lamport: lamport + 1 }),
    );
    links.forEach((link, index) => {
      const twin = twins[index % 2];
      if (twin !== undefined) peer.send([twin], [link]);
    });
  },
};

const breakChain: Behavior = {
  name: "byzantine-chain",
  about: "a second op that names another op than the one before it",
  seen: "byzantine: chain broken",
  act: (peer) => {
    const { world, signer, prng } = peer;
    const item = pickItem(peer);
    if (item === undefined) return;
    const incarnation = prng.bytes(8);
    const base = {
      mesh: world.mesh,
      author: signer.publicKey,
      incarnation,
      wall: 0,
      entity: MESH_ENTITY,
      on: null,
      after: null,
      body: {},
    };
    const first = sealOp({ ...base, seq: 1, prev: null, lamport: 1, kind: "x.one" }, world.crypto);
    const elsewhere = fromHex(item.best.id) ?? null;
    const second = sealOp(
      { ...base, seq: 2, prev: elsewhere, lamport: item.best.lamport + 1, kind: "x.two" },
      world.crypto,
    );
    const opIds = [first, second].map(({ id }) => fromHex(id) ?? new Uint8Array());
    const header = { mesh: world.mesh, author: signer.publicKey, incarnation, firstSeq: 1, prevFrame: null, opIds };
    peer.send([sealFrame(header, [first.bytes, second.bytes], signer, world.crypto).bytes], peer.links());
  },
};

const OPEN: ReadonlySet<string> = new Set(["Coding", "Qa", "Merge"]);

const makeUpLanding: Behavior = {
  name: "byzantine-landing",
  about: "says that an item has landed as a commit that is not on the target branch",
  seen: "byzantine: landing made up",
  act: (peer) => {
    const item = pickItem(peer);
    if (item === undefined) return;
    peer.write([{ entity: item.id, on: item.best.id, body: { kind: "item.land", commit: COMMIT, at: 1 } }]);
  },
};

export const BEHAVIORS: readonly Behavior[] = [
  abuseRoles,
  poisonLamport,
  poisonEpoch,
  backDate,
  claimEverything,
  interfere,
  makeUpEvidence,
  flood,
  withhold,
  forgeSignatures,
  breakChain,
  equivocate,
  makeUpLanding,
];
