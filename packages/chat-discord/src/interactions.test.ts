/** Interactions as they are handed on: by whom and where, so that the mesh can judge what they may see and do. */
import { createHostDouble } from "@skein/chat/testing";
import { expect, test } from "vitest";

import { createInteractions } from "./interactions.ts";
import { createPlaces } from "./places.ts";

const ROOM = "900000000000000010";
const DM = "900000000000000011";

const complete = async (more: object): Promise<readonly unknown[]> => {
  const host = createHostDouble();
  host.items = [{ value: "#0123456789ab", label: "#012345 Say hello (Backlog)" }];
  const interactions = createInteractions({
    places: createPlaces(),
    ask: () => Promise.reject(new Error("nothing is asked here")),
    verbs: [],
    log: () => undefined,
  });
  const options = [{ type: 1, name: "show", options: [{ type: 3, name: "item", value: "#", focused: true }] }];
  const raw = { id: "900000000000000001", token: "t", type: 4, data: { name: "skein", type: 1, options }, ...more };
  const answered = await interactions.answer(raw, host);
  return [host.asked, answered?.reply.data?.choices?.length];
};

test("completion says who asks and where, in a room and in a direct message", async () => {
  const room = { channel_id: ROOM, channel: { id: ROOM, type: 0 }, member: { user: { id: "900000000000000002" } } };
  expect(await complete(room)).toEqual([[{ principal: "discord:900000000000000002", room: ROOM, direct: false }], 1]);
  const direct = { channel_id: DM, channel: { id: DM, type: 1 }, user: { id: "900000000000000003" } };
  expect(await complete(direct)).toEqual([[{ principal: "discord:900000000000000003", room: DM, direct: true }], 1]);
});

test("completion for nobody, or from nowhere, completes nothing", async () => {
  expect(await complete({ channel: { id: ROOM, type: 0 } })).toEqual([[], 0]);
  expect(await complete({ user: { id: "900000000000000003" } })).toEqual([[], 0]);
});

test("a slash command or a button that nobody listens to is not said to be received", async () => {
  const host = createHostDouble();
  host.isListening = false;
  const interactions = createInteractions({
    places: createPlaces(),
    ask: () => Promise.reject(new Error("nothing is asked here")),
    verbs: [],
    log: () => undefined,
  });
  const common = {
    id: "900000000000000001",
    token: "t",
    channel: { id: ROOM, type: 0 },
    user: { id: "900000000000000003" },
  };
  const slash = { type: 2, data: { name: "skein", type: 1, options: [{ type: 1, name: "status" }] } };
  const button = { type: 3, data: { component_type: 2, custom_id: "yes:abcd" }, message: { id: "900000000000000004" } };
  for (const what of [slash, button]) {
    const answered = await interactions.answer({ ...common, ...what }, host);
    expect(answered?.reply.data?.content).toContain("Nobody listens to you here");
  }
  expect(host.received).toEqual([]);
});
