/**
 * Who stands behind what this node's key signs: a member that is signed in at its page is named by the same pair of ops as
 * a principal in a room, around the effects and in the same write. So the history says who did it.
 */
import {
  CHAT_ENTITY,
  type ChatBody,
  commandIdOf,
  type Crypto,
  type Draft,
  memberOf,
  memberPrincipal,
  type Replica,
  toHex,
} from "@skein/core";

import type { Clock, Random } from "./ports.ts";

export interface AttributionDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly crypto: Crypto;
  readonly replica: Replica;
}

export interface Attribution {
  around(effects: readonly Draft[], item: string | null): readonly Draft[];
}

/** Not an account of any platform: the page of a node. */
const ACCOUNT = "page/main";

const draft = (body: ChatBody): Draft => ({ entity: CHAT_ENTITY, on: null, body });

/** `member`: id (hex) of whoever commands; `said`: the command's name. */
export function attributionOf(deps: AttributionDeps, member: string, said: string): Attribution {
  const { clock, random, crypto, replica } = deps;
  const event = toHex(random.bytes(16));
  const received = draft({
    kind: "chat.receive",
    account: ACCOUNT,
    event,
    type: "button",
    principal: memberPrincipal(member),
    name: memberOf(replica.view().membership, member)?.name ?? "",
    room: "page",
    direct: false,
    thread: "",
    message: "",
    quotes: "",
    text: said,
    at: clock.wallMs(),
  });
  return {
    around: (effects, item) => [
      received,
      ...effects,
      draft({
        kind: "chat.settle",
        command: commandIdOf(ACCOUNT, event, (bytes) => crypto.sha256(bytes)),
        outcome: "done",
        reply: [],
        item: item ?? "",
        proposal: "",
        version: "",
        answers: "",
        effects: effects.length,
      }),
    ],
  };
}
