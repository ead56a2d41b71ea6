/** Edits of stories that no editor makes, signed by a member that may not edit at all: they count nowhere, and cost little. */
import { LIMITS, STORY_FIELDS, storyDraft, toHex } from "@skein/core";

import { type Behavior, pickItem } from "./behaviors.ts";

/** Which one: a client of another member's, bytes that are no update, one byte of an update changed, or more than an edit holds. */
export const writeHostileEdits: Behavior = {
  name: "byzantine-stories",
  about: "edits of stories that no editor makes: of other members' clients, broken, too long, in others' names",
  seen: "byzantine: hostile edit sent",
  act: (peer) => {
    const { prng, world, replica } = peer;
    const item = pickItem(peer);
    if (item === undefined) return;
    const field = prng.pick(STORY_FIELDS);
    const author = prng.pick([peer.key, ...replica.view().membership.members.keys()]);
    const feed = { author, incarnation: toHex(peer.incarnation) };
    const session = prng.int(1_000_000);
    const text = `${prng.int(99)}${item.registers[field].value}`;
    const draft = storyDraft(item, field, text, { feed, session, crypto: world.crypto });
    const { body } = draft;
    // A text as a whole is what members of its role may not write either.
    if (body.kind !== "item.write") return void peer.write([draft]);
    const changed = body.update.slice();
    changed[prng.int(changed.length)] = prng.int(256);
    const tooLong = new Uint8Array(LIMITS.storyUpdateBytes + 1);
    const update = prng.pick([body.update, body.update, changed, changed, prng.bytes(prng.int(60)), tooLong]);
    const by = prng.chance(0.5) ? {} : { by: [`mesh:${author}`] };
    peer.write([{ ...draft, body: { ...body, update, ...by } }]);
    return undefined;
  },
};
