/** Who somebody is, shown by a code that only they were given. */
import { CHAT_ENTITY, pairingCodeFrom, plainText } from "@skein/core";
import { expect, test } from "vitest";

import type { Judgement } from "./judgement.ts";
import { judgePairing } from "./pairing.ts";
import { createMeshDouble, type MeshDouble } from "./testing/index.ts";
import { accountOf, chatDraft, commandId, eventOf, sha256 } from "./testing/rooms.ts";

const HOUR_MS = 3_600_000;
const CODE = pairingCodeFrom(new Uint8Array(10).fill(0xa5));

function meshOf(): MeshDouble {
  const mesh = createMeshDouble();
  mesh.desk("alice");
  const code = sha256(new TextEncoder().encode(CODE.replaceAll("-", "")));
  const expires = mesh.clock.wallMs() + HOUR_MS;
  mesh.write(chatDraft({ kind: "person.invite", person: "ada", role: "operator", member: "", code, expires }));
  return mesh;
}

function pairWith(mesh: MeshDouble, typed: string, principal: string = "fake:ada", direct: boolean = true): Judgement {
  const event = eventOf(`pair ${typed}`, { principal, direct, room: "!dm" });
  const { chat } = mesh.view();
  const stamp = { lamport: 1, author: "aa", id: "aa", wall: 1 };
  const received = { ...event, account: "fake/main", event: event.id, thread: "", quotes: "", name: "", at: 1, stamp };
  const command = { id: commandId(event), received, settled: undefined, answeredBy: undefined };
  expect(chat.commands.size).toBe(0);
  return judgePairing(typed, command, {
    view: mesh.view(),
    account: accountOf(),
    nowMs: mesh.clock.wallMs(),
    sha256,
    canInterpret: false,
    maxText: 1_000,
  });
}

const wordsOf = (judgement: Judgement): string =>
  judgement.type === "settle"
    ? `${judgement.settling.outcome}: ${plainText(judgement.settling.reply)}`
    : judgement.type;
const carryOut = (mesh: MeshDouble, judgement: Judgement): void => {
  const effects = judgement.type === "settle" ? (judgement.effects ?? []) : [];
  mesh.write(...effects.map((body) => ({ entity: CHAT_ENTITY, on: null, body })));
};

test("a code makes whoever got it a person, however it was typed", () => {
  for (const typed of [CODE, CODE.toLowerCase(), CODE.replaceAll("-", " "), CODE.replaceAll("-", "\u2014")]) {
    const mesh = meshOf();
    const judgement = pairWith(mesh, typed);
    expect(wordsOf(judgement)).toContain("done: Hello, ada. You may do here what an operator may.");
    carryOut(mesh, judgement);
    expect(mesh.view().chat.people().byPrincipal.get("fake:ada")?.name).toBe("ada");
  }
});

test("a code is good once", () => {
  const mesh = meshOf();
  carryOut(mesh, pairWith(mesh, CODE));
  const again = pairWith(mesh, CODE, "fake:eve");
  expect(wordsOf(again)).toContain("used already");
  carryOut(mesh, again);
  expect(mesh.view().chat.people().byPrincipal.has("fake:eve")).toBe(false);
});

test("a code is good until it expires", async () => {
  const mesh = meshOf();
  await mesh.clock.pass(HOUR_MS);
  expect(wordsOf(pairWith(mesh, CODE))).toContain("done: ");
  await mesh.clock.pass(1);
  expect(wordsOf(pairWith(mesh, CODE))).toContain("too old");
});

test("in a room no code is taken, for others read it there", () => {
  const mesh = meshOf();
  const judgement = pairWith(mesh, CODE, "fake:ada", false);
  expect(wordsOf(judgement)).toContain("refused: Write me that in a direct message, with a fresh code");
  carryOut(mesh, judgement);
  expect([...mesh.view().chat.people().byPrincipal.keys()]).toEqual([]);
  expect(mesh.view().chat.people().persons.get("ada")?.principals).toEqual([]);
});

test("a code that others could read in a room is used up, so that none of them can take it", () => {
  const mesh = meshOf();
  carryOut(mesh, pairWith(mesh, CODE, "fake:ada", false));
  const read = pairWith(mesh, CODE, "fake:eve");
  expect(wordsOf(read)).toContain("used already");
  carryOut(mesh, read);
  expect(mesh.view().chat.people().byPrincipal.size).toBe(0);
  // What is no open code changes nothing there.
  for (const typed of ["x", "0".repeat(16), CODE]) {
    const judgement = pairWith(mesh, typed, "fake:ada", false);
    expect(judgement.type === "settle" ? judgement.effects : undefined).toBeUndefined();
  }
});

test("a code that others have read gives nothing once the person's role is none", () => {
  const mesh = meshOf();
  mesh.write(chatDraft({ kind: "person.role", person: "ada", role: "none" }));
  carryOut(mesh, pairWith(mesh, CODE, "fake:eve"));
  expect(mesh.view().chat.people().byPrincipal.get("fake:eve")?.role).toBe("none");
});

test("what is no code, or somebody else's guess, makes nobody anybody", () => {
  for (const typed of [
    "",
    "x",
    CODE.slice(1),
    `${CODE}0`,
    `${CODE.slice(0, -1)}${CODE.endsWith("0") ? "1" : "0"}`,
    "0".repeat(16),
  ]) {
    expect(wordsOf(pairWith(meshOf(), typed))).toContain("I do not know that code");
  }
});
