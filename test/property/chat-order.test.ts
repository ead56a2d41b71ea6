/**
 * Chat ops through real replicas: nodes of every role write about the same few commands, codes, leases and timers at once and
 * apart from each other; whatever way their frames took, everybody reads the same.
 */
import { CHAT_ENTITY, type ChatBody, commandIdOf, type Draft, isLive, ROLES } from "@skein/core";
import { CHAT_SAMPLES, testCrypto } from "@skein/core/testing";
import { expect, test } from "vitest";

import {
  command,
  createMesh,
  digest,
  exchangeAll,
  forSeeds,
  heal,
  load,
  type Mesh,
  type Node,
  partition,
  replay,
  step,
  writeDrafts,
} from "./mesh.ts";

const SEEDS = 50;
const STEPS = 120;

const sha256 = (bytes: Uint8Array): Uint8Array => testCrypto.sha256(bytes);
const EVENTS = ["$1", "$2", "$3"];
const CODES = ["AAAA", "BBBB"];

function chatBody({ prng }: Mesh): ChatBody {
  const event = prng.pick(EVENTS);
  const id = commandIdOf("matrix/main", event, sha256);
  const other = commandIdOf("matrix/main", prng.pick(EVENTS), sha256);
  const [mark] = CHAT_SAMPLES["chat.sent"].sends;
  if (mark === undefined) throw new Error("the sample has a mark");
  const role = prng.pick(ROLES);
  const person = prng.pick(["ada", "bob"]);
  const principal = prng.pick(["matrix:@ada:x", "slack:T1/U1"]);
  return prng.pick<ChatBody>([
    { kind: "lease.claim", lease: "matrix/main", epoch: 1 + prng.int(3), ttl: 30_000 },
    { kind: "lease.release", lease: "matrix/main", epoch: 1 + prng.int(3) },
    { ...CHAT_SAMPLES["chat.receive"], event, direct: prng.chance(0.5), at: prng.int(4) },
    { ...CHAT_SAMPLES["chat.settle"], command: id, outcome: prng.pick(["asked", "done"]), answers: other },
    { ...CHAT_SAMPLES["chat.settle"], command: id, outcome: prng.pick(["asked", "refused"]), answers: "" },
    { kind: "chat.sent", sends: [{ ...mark, message: prng.pick(["$a", "$b"]), about: id }] },
    { ...CHAT_SAMPLES["chat.spend"] },
    { kind: "notice.set", target: person, field: "quiet", value: prng.pick(["on", "off"]) },
    {
      ...CHAT_SAMPLES["person.invite"],
      person,
      role,
      code: sha256(new TextEncoder().encode(prng.pick(CODES))),
    },
    { kind: "person.link", principal, code: prng.pick(CODES) },
    { kind: "person.unlink", principal },
    { kind: "person.role", person, role: prng.chance(0.3) ? "none" : role },
    { ...CHAT_SAMPLES["timer.set"], text: prng.pick(["look", "listen"]) },
    { ...CHAT_SAMPLES["timer.cancel"] },
  ]);
}

/** A question on an item's head, or an answer to one, as agents and rooms write them. */
function questionDraft({ prng }: Mesh, node: Node): Draft | undefined {
  const items = [...node.replica.view().items.values()].filter(isLive);
  if (items.length === 0) return undefined;
  const { id, best, annotations } = prng.pick(items);
  const question = prng.pick(["q001", "q002"]);
  const asked = annotations.questions.get(question);
  const ask = { kind: "item.ask", question, text: "Which?", options: ["a", "b"] } as const;
  if (asked === undefined || prng.chance(0.2)) return { entity: id, on: best.id, body: ask };
  const answer = { kind: "item.answer", question, text: prng.pick(["a", "b", "c"]), by: "" } as const;
  return { entity: id, on: asked.id, body: answer };
}

function run(seed: number): Mesh {
  const mesh = createMesh({ seed, size: 4 + (seed % 4) });
  const { prng } = mesh;
  for (let at = 0; at < STEPS; at++) {
    const node = prng.pick(mesh.nodes);
    const roll = prng.int(100);
    if (roll < 40) writeDrafts(mesh, node, [{ entity: CHAT_ENTITY, on: null, body: chatBody(mesh) }]);
    else if (roll < 58)
      writeDrafts(
        mesh,
        node,
        [questionDraft(mesh, node)].flatMap((one) => one ?? []),
      );
    else if (roll < 60) partition(mesh);
    else if (roll < 62) heal(mesh);
    else step(mesh);
  }
  return mesh;
}

test("nodes that wrote about the same commands, people and leases apart from each other agree once they meet", () => {
  let commands = 0;
  let linked = 0;
  let answered = 0;
  forSeeds(SEEDS, (seed) => {
    const mesh = run(seed);
    // Somebody leaves, and takes along what they were still allowed to say.
    if (seed % 3 === 0) command(mesh, mesh.nodes[0] ?? fail(), "member.remove", { member: mesh.nodes[2]?.name });
    exchangeAll(mesh);
    const [first] = mesh.nodes;
    if (first === undefined) throw new Error("a mesh has nodes");
    const { chat, items } = first.replica.view();
    commands += chat.commands.size;
    linked += chat.people().byPrincipal.size;
    for (const { annotations } of items.values()) {
      answered += [...annotations.questions.values()].filter(({ answer }) => answer !== undefined).length;
    }
    const expected = digest(first.replica);
    for (const node of mesh.nodes) {
      expect(digest(node.replica), node.name).toBe(expected);
      expect(digest(load(mesh, node.stored)), `${node.name} from its disk`).toBe(expected);
    }
    expect(digest(replay(mesh, mesh.prng.shuffle(first.stored)))).toBe(expected);
  });
  // The seeds had something to disagree about.
  expect(commands).toBeGreaterThan(SEEDS);
  expect(linked).toBeGreaterThan(SEEDS / 4);
  expect(answered).toBeGreaterThan(SEEDS / 4);
});

const fail = (): never => {
  throw new Error("a mesh has nodes");
};
