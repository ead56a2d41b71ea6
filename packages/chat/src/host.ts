/** The mesh as a transport sees it: durable inbox, shared budgets, completion, troubles. */
import {
  CHAT_ENTITY,
  commandIdOf,
  err,
  isLive,
  normalPairingCode,
  ok,
  type ReceiveBody,
  type Result,
  roleAtLeast,
  toHex,
} from "@skein/core";
import type { ChatDesk, Clock, Logger } from "@skein/node";

import { type AccountSettings, placeOf } from "./account.ts";
import { authorityOf } from "./authority.ts";
import { hasOpenQuestion } from "./questions.ts";
import { relevant, type RelevanceContext } from "./relevance.ts";
import { createStrangers, type Strangers } from "./strangers.ts";
import type { ChatHost, InboundEvent, IngressHost, Trouble } from "./transport.ts";

export interface HostDeps {
  readonly account: AccountSettings;
  readonly desk: ChatDesk;
  readonly clock: Clock;
  readonly log: Logger;
  readonly sha256: (bytes: Uint8Array) => Uint8Array;
  readonly onTrouble: (problem: Trouble) => void;
  readonly delivered: ChatHost["delivered"];
  /** Something durable waits. */
  readonly onReceived: () => void;
}

export function createHost(deps: HostDeps): ChatHost & Pick<IngressHost, "spend"> {
  const { account, desk, clock, log } = deps;
  const strangers = createStrangers(clock, () =>
    log("warn", "chat.strangers", {
      account: account.id,
      message:
        "Strangers say so much that no more of it is taken in for up to an hour. Codes of `skein pair` still are.",
    }),
  );
  return {
    receive: (events) => receive(deps, strangers, events),
    hears: (event) => relevant(event, contextOf(deps)) !== undefined,
    delivered: deps.delivered,
    trouble: deps.onTrouble,
    complete: (beginning, who) => (mayRead(deps, who) ? complete(desk, beginning) : []),
    spend: async (budget, { count, perMs }) => {
      let waitMs = 0;
      const written = await desk.write(() => {
        waitMs = overdrawnMs(desk, `${account.id} ${budget}`, count, perMs, clock.wallMs());
        if (waitMs > 0) return ok([]);
        return ok([{ entity: CHAT_ENTITY, on: null, body: { kind: "chat.spend", account: account.id, budget } }]);
      });
      if (!written.ok) return err(RETRY_MS);
      return waitMs > 0 ? err(waitMs) : ok(undefined);
    },
  };
}

const RETRY_MS = 5_000;

/** How long until one more may be taken; 0 now. A clock that was set back only makes it wait longer. */
function overdrawnMs(desk: ChatDesk, key: string, count: number, perMs: number, nowMs: number): number {
  const recent = (desk.view().chat.spent.get(key) ?? []).filter((at) => at > nowMs - perMs).toSorted((a, b) => a - b);
  if (recent.length < count) return 0;
  return Math.max(1, (recent[recent.length - count] ?? nowMs) + perMs - nowMs);
}

const contextOf = ({ account, desk }: HostDeps): RelevanceContext => ({
  account,
  chat: desk.view().chat,
  hasQuestion: (item) => hasOpenQuestion(desk.view(), item),
});

async function receive(
  deps: HostDeps,
  strangers: Strangers,
  events: readonly InboundEvent[],
): Promise<Result<void, string>> {
  const { desk, account, sha256 } = deps;
  const role = desk.role();
  if (role === undefined || !roleAtLeast(role, "operator")) {
    return err(`this node is ${role ?? "no member"}, and what comes from rooms takes an operator's node`);
  }
  const context = contextOf(deps);
  const bodies = events
    .flatMap((event) => relevant(event, context) ?? [])
    .filter((body) => mayCount(deps, body) || strangers.hear(body.principal));
  if (bodies.length === 0) return ok(undefined);
  const written = await desk.write(() =>
    ok(news(desk, account, bodies, sha256).map((body) => ({ entity: CHAT_ENTITY, on: null, body }))),
  );
  if (!written.ok) return err(written.error.message);
  // What this node writes counts for nothing after its feed forked, until it writes under a new incarnation.
  const { commands } = desk.view().chat;
  if (!bodies.every(({ event }) => commands.has(commandIdOf(account.id, event, sha256)))) {
    return err("what this node writes does not count");
  }
  deps.onReceived();
  return ok(undefined);
}

/** Somebody who may do something here, or shows a code that is open, or what is in the log already. */
function mayCount({ account, desk, sha256 }: HostDeps, { event, principal, room, direct, text }: ReceiveBody): boolean {
  const view = desk.view();
  const { role } = authorityOf(principal, { room, direct }, account, view);
  if (role !== undefined || view.chat.commands.has(commandIdOf(account.id, event, sha256))) return true;
  const code = normalPairingCode(text.trim().replace(/^\S+/, ""));
  if (code === undefined) return false;
  return view.chat.people().pairings.get(toHex(sha256(new TextEncoder().encode(code))))?.used === false;
}

/** What is here already, from another node or an earlier delivery, is not written again. */
function news(
  desk: ChatDesk,
  account: AccountSettings,
  bodies: readonly ReceiveBody[],
  sha256: HostDeps["sha256"],
): readonly ReceiveBody[] {
  const { commands } = desk.view().chat;
  const seen = new Set<string>();
  return bodies.filter(({ event }) => {
    const id = commandIdOf(account.id, event, sha256);
    if (commands.has(id) || seen.has(id)) return false;
    seen.add(id);
    return true;
  });
}

/** Titles are what a room or a person may read, or not: whoever shares a server with the bot can ask for completions. */
function mayRead({ account, desk }: HostDeps, who: Parameters<ChatHost["complete"]>[1]): boolean {
  return authorityOf(who.principal, placeOf(who, account), account, desk.view()).role !== undefined;
}

const COMPLETIONS = 25;

function complete(desk: ChatDesk, beginning: string): readonly { readonly value: string; readonly label: string }[] {
  const wanted = beginning.replace(/^#/, "").toLowerCase();
  return [...desk.view().items.values()]
    .filter(isLive)
    .filter(({ id, registers }) => id.startsWith(wanted) || registers.title.value.toLowerCase().startsWith(wanted))
    .toSorted((a, b) => b.updatedAt - a.updatedAt)
    .slice(0, COMPLETIONS)
    .map(({ id, registers, best }) => ({
      value: `#${id}`,
      label: `#${id.slice(0, 6)} ${registers.title.value} (${best.state.stage.stage})`.slice(0, 100),
    }));
}
