/** Who may make whom what, for chat rooms. */
import { expect, test } from "vitest";

import { foundMesh } from "../log/genesis.ts";
import { createReplica, type Replica } from "../log/replica.ts";
import type { Role } from "../member/role.ts";
import { testCrypto, testSigner } from "../testing/index.ts";
import { decide } from "./decide.ts";
import { parseCommand } from "./parse.ts";
import type { CommandName } from "./registry.ts";

const me = { signer: testSigner("decider"), incarnation: new Uint8Array(8).fill(1) };

type Run = (name: CommandName, input: unknown, role: Role) => string;

function newReplica(): Replica {
  const { mesh, frame } = foundMesh({ ...me, meshName: "m", nodeName: "first", wallMs: 1 }, testCrypto);
  const replica = createReplica(mesh, testCrypto);
  replica.take(frame.bytes);
  return replica;
}

/** Carries out commands of a node with this role; a refused one says why. */
function world(replica: Replica = newReplica()): Run {
  let codes = 0;
  return (name, input, role) => {
    const parsed = parseCommand(name, input);
    if (!parsed.ok) return parsed.error.message;
    const decided = decide(parsed.value.command, {
      view: replica.view(),
      heads: replica.heads(),
      self: "",
      role,
      wallMs: 1,
      idBytes: new Uint8Array(8),
      ticketKey: new Uint8Array(32),
      pairingHash: new Uint8Array(32).fill(++codes),
      by: "",
    });
    if (!decided.ok) return decided.error.message;
    replica.write(decided.value.drafts, me, 1);
    return "done";
  };
}

test("a code for somebody who is more than this node is refused: using it would make them less", () => {
  const run = world();
  expect(run("people.pair", { person: "ada", role: "owner" }, "owner")).toBe("done");
  const again = { person: "ada", role: "operator" };
  expect(run("people.pair", again, "operator")).toContain("ada is owner already, and this node is operator");
  expect(run("people.role", { person: "ada", role: "none" }, "operator")).toContain("Only somebody who is owner");
  expect(run("people.role", { person: "ada", role: "none" }, "owner")).toBe("done");
  expect(run("people.pair", again, "operator")).toBe("done");
});

test("nobody makes a person more than they are", () => {
  const run = world();
  expect(run("people.pair", { person: "ada", role: "owner" }, "operator")).toContain(
    "cannot be made owner by operator",
  );
  expect(run("people.pair", { person: "ada" }, "operator")).toBe("done");
  expect(run("people.role", { person: "ada", role: "owner" }, "operator")).toContain("Only somebody who is owner");
});

test("a second code for somebody leaves what they may do, unless it says otherwise", () => {
  const replica = newReplica();
  const run = world(replica);
  const roleOf = (): string | undefined => replica.view().chat.people().persons.get("ada")?.role;
  run("people.pair", { person: "ada" }, "owner");
  expect(roleOf()).toBe("operator");
  run("people.role", { person: "ada", role: "observer" }, "owner");
  run("people.pair", { person: "ada" }, "owner");
  expect(roleOf()).toBe("observer");
  run("people.pair", { person: "ada", role: "owner" }, "owner");
  expect(roleOf()).toBe("owner");
});
