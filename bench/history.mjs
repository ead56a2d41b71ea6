// A log as a mesh of ten nodes writes it, for measuring how it grows: items are added, started, claimed, submitted, gated,
// landed, now and then sent back, edited or archived. Real signatures, one frame per command, drawn from a fixed seed.
import { createReplica, foundMesh, joinProofBytes, toHex } from "@skein/core";
import { createPrng } from "@skein/core/testing";
import { createNodeCrypto, createSigner } from "@skein/node";

const NODES = 10;
/** Items under way at once; what is older is Done or waits in Backlog. */
const OPEN_ITEMS = 60;

const crypto = createNodeCrypto();
const hash = (text) => crypto.sha256(new TextEncoder().encode(text));

/** The secret of a node, in hex. */
export const seedOf = (name) => toHex(hash(name));

const STORY =
  "What is wanted, and how to tell that it is done.\n\nThe page shows what changed since the reader was last here, newest first.";

/** `onFrame` gets every frame's bytes in causal order. */
export function createHistory(onFrame, startMs = 1_700_000_000_000) {
  const prng = createPrng(7);
  const signers = Array.from({ length: NODES }, (_, place) => createSigner(hash(`node ${place}`)));
  const authors = signers.map((signer, place) => ({ signer, incarnation: new Uint8Array(8).fill(place + 1) }));
  const founded = foundMesh({ ...authors[0], meshName: "growth", nodeName: "node0", wallMs: startMs }, crypto);
  const replica = createReplica(founded.mesh, crypto);
  let wall = startMs;
  let items = 0;
  const open = [];
  const written = [];
  const describe = ({ header }) => ({
    branch: `${toHex(header.author)}/${toHex(header.incarnation)}`,
    lastSeq: header.firstSeq + header.opIds.length - 1,
  });

  const write = (author, drafts) => {
    const { ops } = replica.write(drafts, author, wall);
    for (const frame of replica.seal(author)) {
      onFrame(frame.bytes);
      written.push(describe(frame));
    }
    return ops;
  };
  const admit = (place) => {
    const ticket = createSigner(hash(`ticket ${place}`));
    const name = `node${place}`;
    const key = signers[place].publicKey;
    const proof = ticket.sign(joinProofBytes({ mesh: founded.mesh, key, name }));
    const role = place < 3 ? "operator" : "agent";
    write(authors[0], [
      { entity: "mesh", on: null, body: { kind: "member.invite", ticket: ticket.publicKey, role, expires: 1 } },
      { entity: "mesh", on: null, body: { kind: "member.join", key, name, ticket: ticket.publicKey, proof } },
    ]);
  };

  replica.take(founded.frame.bytes);
  onFrame(founded.frame.bytes);
  written.push(describe(founded.frame));
  for (let place = 1; place < NODES; place++) admit(place);

  const operator = () => authors[prng.int(3)];
  const worker = () => authors[prng.int(NODES)];
  const oid = (text) => toHex(hash(text)).slice(0, 40);
  const step = (item, author, body) => {
    const [op] = write(author, [{ entity: item.id, on: item.head, body }]);
    item.head = op.id;
  };
  const add = () => {
    const id = (items++).toString(36).padStart(12, "0");
    const body = {
      kind: "item.create",
      title: `Story ${id}`,
      text: STORY,
      type: "story",
      priority: 3,
      labels: ["web"],
      dependsOn: [],
    };
    const item = { id, head: null, stage: 0, holder: undefined, epoch: 0 };
    step(item, operator(), body);
    open.push(item);
  };
  const feature = (item) => ({
    featureBranch: `skein/${item.id}/${item.epoch}`,
    tip: oid(`${item.id} tip`),
    tree: oid(`${item.id} tree`),
    commitsAhead: 2,
  });
  const evidence = (item) => ({
    tree: oid(`${item.id} tree`),
    runs: [{ argv: ["npm", "test"], exitCode: 0, durationMs: 41_000, outputDigest: toHex(hash(item.id)) }],
  });
  const claim = (item) => {
    item.holder = worker();
    item.epoch++;
    step(item, item.holder, { kind: "item.claim", ttl: 60_000 });
  };
  const STEPS = [
    (item) => step(item, operator(), { kind: "item.start" }),
    (item) => claim(item),
    (item) => {
      if (prng.int(10) < 3) {
        step(item, item.holder, {
          kind: "item.sendBack",
          reason: "gate-failed",
          note: "npm test failed",
          progress: true,
          evidence: [],
        });
        item.epoch++;
        claim(item);
      }
      step(item, item.holder, { kind: "item.submit", feature: feature(item) });
    },
    (item) => step(item, item.holder, { kind: "item.pass", evidence: evidence(item) }),
    (item) => step(item, item.holder, { kind: "item.land", commit: oid(`${item.id} merge`), at: wall }),
    (item) => step(item, operator(), { kind: "item.archive", reason: "Completed", note: "" }),
  ];

  return {
    mesh: founded.mesh,
    replica,
    authors,
    crypto,
    /** Branch and last seq of each frame, for whoever takes them away. */
    written,
    items: () => items,
    /** One more step of one of the items that are under way. */
    advance: (elapsedMs) => {
      wall += elapsedMs;
      if (open.length < OPEN_ITEMS) return add();
      const at = prng.int(open.length);
      const item = open[at];
      if (prng.int(20) === 0) {
        return void write(operator(), [
          { entity: item.id, on: item.head, body: { kind: "item.set", field: "priority", value: prng.int(10) } },
        ]);
      }
      STEPS[item.stage++](item);
      if (item.stage === STEPS.length) open.splice(at, 1);
    },
  };
}
