/** `pair CODE`: somebody shows that the inviter meant them. Only in a direct message, so that nobody reads the code first. */
import { type Body, code, NOBODY, normalPairingCode, plain, type RoomCommand, strong, toHex } from "@skein/core";

import type { JudgeContext, Judgement } from "./judgement.ts";

export function judgePairing(typed: string, { received }: RoomCommand, context: JudgeContext): Judgement {
  const { view, nowMs, sha256 } = context;
  const normal = normalPairingCode(typed);
  const people = view.chat.people();
  const pairing =
    normal === undefined ? undefined : people.pairings.get(toHex(sha256(new TextEncoder().encode(normal))));
  if (!received.direct) {
    // Whoever reads along could use it now, so it is used up, and for nobody.
    const isOpen = normal !== undefined && pairing?.used === false;
    return {
      type: "settle",
      settling: settling("refused", [
        plain("Write me that in a direct message, with a fresh code: whoever reads this room could have used it. "),
        code("skein pair NAME"),
        plain(" prints one."),
      ]),
      ...(isOpen ? { effects: [{ kind: "person.link", principal: NOBODY, code: normal }] } : {}),
    };
  }
  if (normal === undefined || pairing === undefined) {
    return refuse([plain("I do not know that code. It has 16 letters and digits, like 7K3M-9QXR-2VBT-HW4N.")]);
  }
  if (pairing.used) return refuse([plain("That code was used already. Ask for a new one.")]);
  if (nowMs > pairing.expires) return refuse([plain("That code is too old. Ask for a new one.")]);
  const role = people.persons.get(pairing.person)?.role ?? "none";
  return {
    type: "settle",
    settling: settling("done", [
      plain("Hello, "),
      strong(pairing.person),
      plain(`. You may do here what an ${role} may. Say `),
      code("help"),
      plain("."),
    ]),
    effects: [{ kind: "person.link", principal: received.principal, code: normal }],
  };
}

const settling = (
  outcome: "done" | "refused",
  reply: Body,
): Extract<Judgement, { readonly type: "settle" }>["settling"] => ({
  outcome,
  reply,
  item: "",
  proposal: "",
  version: "",
  answers: "",
});

const refuse = (reply: Body): Judgement => ({ type: "settle", settling: settling("refused", reply) });
