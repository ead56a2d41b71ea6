/** Cards after a take-over: what nobody knows the words of is edited once, and what rests is left alone. */
import { type LiveItem, projectItem } from "@skein/core";
import { expect, test } from "vitest";

import { createCards } from "./cards.ts";
import { cardKey, type DueContext } from "./due.ts";
import { createMeshDouble, createPlatformDouble } from "./testing/index.ts";
import { accountOf, addItem, chatDraft, ROOM, sha256 } from "./testing/rooms.ts";
import { createTransportDouble } from "./testing/transport-double.ts";

const HOUR_MS = 3_600_000;

test("whoever takes over edits the cards of items that moved lately, and not those of all that ever were", async () => {
  const mesh = createMeshDouble();
  const desk = mesh.desk("alice");
  const account = accountOf();
  const platform = createPlatformDouble();
  const transport = createTransportDouble("fake", "main", platform);
  const project = (item: LiveItem): ReturnType<DueContext["project"]> => projectItem(item, desk.naming);
  const context = (): DueContext => ({
    view: mesh.view(),
    account,
    capabilities: platform.capabilities,
    sha256,
    project,
  });
  const addWithCard = (id: string): void => {
    const item = addItem(mesh, id, "Say hello");
    mesh.write({ entity: id, on: item.best.id, body: { kind: "item.start" } });
    const mark = { account: account.id, room: ROOM, purpose: "card", item: id, about: id, result: "sent" } as const;
    const key = cardKey(context(), ROOM, id);
    mesh.write(chatDraft({ kind: "chat.sent", sends: [{ ...mark, key, message: `card ${id}`, reason: "" }] }));
  };
  for (let at = 10; at < 60; at++) addWithCard(`aaaaaaaaaa${at}`);
  await mesh.clock.pass(25 * HOUR_MS);
  addWithCard("bbbbbbbbbbbb");
  const log = (): void => undefined;
  const cards = createCards({ account, transport, desk, clock: mesh.clock, log, context, mayAct: () => true });
  cards.look(undefined);
  cards.poke();
  await mesh.clock.rest();
  expect(platform.edits.map(([message]) => message)).toEqual(["card bbbbbbbbbbbb"]);
  // One that moves again is looked at like any other.
  cards.look(new Set(["aaaaaaaaaa10"]));
  await mesh.clock.pass(2_000);
  cards.poke();
  await mesh.clock.rest();
  expect(platform.edits.map(([message]) => message)).toContain("card aaaaaaaaaa10");
});
