import { createReplica, foundMesh, MESH_ENTITY } from "@skein/core";
import { testCrypto, testSigner } from "@skein/core/testing";
import { expect, test } from "vitest";

import { admit } from "./admission.ts";

const founder = testSigner("founder");
const stranger = testSigner("stranger");
const ticket = testSigner("ticket");
const incarnation = new Uint8Array(8);

/** A log with a founder and an open invite. */
function invited() {
  const founded = foundMesh(
    { signer: founder, incarnation, meshName: "m", nodeName: "founder", wallMs: 1 },
    testCrypto,
  );
  const replica = createReplica(founded.mesh, testCrypto);
  replica.take(founded.frame.bytes);
  const body = { kind: "member.invite" as const, ticket: ticket.publicKey, role: "agent" as const, expires: 9 };
  replica.write([{ entity: MESH_ENTITY, on: null, body }], { signer: founder, incarnation }, 1);
  return replica;
}

test("a node that its own log does not know as a member admits nobody, and writes nothing", async () => {
  const replica = invited();
  let decided: unknown;
  const outcome = await admit(
    {
      journal: {
        write: (decide) => {
          const result = decide();
          decided = result;
          return Promise.resolve(result.ok ? { ok: true, value: [] } : result);
        },
      },
      signer: () => stranger,
      membership: () => replica.view().membership,
      log: () => undefined,
    },
    { key: testSigner("joiner").publicKey, name: "joiner", ticket: ticket.publicKey, proof: new Uint8Array(64) },
  );
  expect(decided).toEqual({ ok: false, error: "stranger" });
  expect(outcome).toMatchObject({ ok: false, error: { code: "unknown-ticket" } });
});
