/** What an account looks at to know what it has to say. */
import { projectItem } from "@skein/core";
import { expect, test } from "vitest";

import { createAgenda } from "./agenda.ts";
import type { DueContext } from "./due.ts";
import { createMeshDouble } from "./testing/index.ts";
import { accountOf, addItem, itemOf, ROOM, sha256 } from "./testing/rooms.ts";
import { CAPABILITIES } from "./testing/transport-double.ts";

test("the ledger is read once for all items that wait for money, and never while none does", () => {
  const mesh = createMeshDouble();
  const desk = mesh.desk("alice");
  const account = accountOf({ rooms: [{ id: ROOM, role: "operator", guests: "none", notices: "important" }] });
  const context = (): DueContext => ({
    view: mesh.view(),
    account,
    capabilities: CAPABILITIES,
    sha256,
    project: (item) => projectItem(item, desk.naming),
  });
  const agenda = createAgenda({ account, desk, clock: mesh.clock, context });
  const ids = ["0123456789aa", "0123456789ab", "0123456789ac"];
  mesh.project.unpaid = "today's work has $2.00 of $2.00 spent or set aside";
  for (const id of ids) addItem(mesh, id, "Say hello");
  agenda.touch(undefined);
  agenda.due();
  expect(mesh.project.booksOpened).toBe(0);
  for (const id of ids) mesh.write({ entity: id, on: itemOf(mesh, id).best.id, body: { kind: "item.start" } });
  agenda.touch(undefined);
  const said = agenda.due().map(({ mark }) => mark.about);
  expect(said.filter((about) => about.startsWith("money/"))).toHaveLength(3);
  expect(mesh.project.booksOpened).toBe(1);
});
