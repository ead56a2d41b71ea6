/**
 * The money of a reviewer: what it uses is counted with the attempt whose claim it runs under, and the same caps hold. The coder's
 * share is settled by then, so something is set aside anew before it begins.
 */
import { type CommandError, err, isUnknown, ok, openPurse, type Result, type Spend, spendsOf } from "@skein/core";

import { type AttemptContext, heldItem } from "./attempt-context.ts";
import { dayOf } from "./spending.ts";

/** Refused with a clause: there is no money for it, or nothing can be written down. */
export async function setAside(context: AttemptContext, agent: string): Promise<Result<void, string>> {
  const { deps, claimOp, project } = context;
  const written = await deps.journal.write<CommandError>(() => {
    const item = heldItem(context);
    if (item === undefined) return err({ code: "not-legal", message: "the claim is not this node's any more" });
    const before = spendsOf(item).find(({ claim }) => claim === claimOp);
    const day = before?.day ?? dayOf(deps.clock.wallMs());
    const purse = openPurse({
      view: deps.replica.view(),
      caps: project.config().budget,
      today: day,
      self: deps.self().key,
    });
    const more = purse.offerMore(item, claimOp);
    if (!more.ok) return err({ code: "not-legal", message: more.error });
    if (more.value === 0) return ok([]);
    const body = {
      kind: "item.spend" as const,
      day,
      agent: agentsOf(before, agent),
      models: before?.models ?? new Map(),
      reserved: (before?.reserved ?? 0) + more.value,
    };
    return ok([{ entity: item.id, on: claimOp, body }]);
  });
  return written.ok ? ok(undefined) : err(written.error.message);
}

/** The reviewer never ran: what was set aside for it is free again. */
export async function putBack(context: AttemptContext): Promise<void> {
  const { deps, claimOp, item: id } = context;
  const written = await deps.journal.write<never>(() => {
    const history = deps.replica.view().items.get(id);
    const aside = history === undefined ? undefined : spendsOf(history).find(({ claim }) => claim === claimOp);
    // Of what nobody knows the cost of, the rest stays charged.
    if (aside === undefined || aside.reserved === 0 || isUnknown(aside)) return ok([]);
    const { day, agent, models } = aside;
    return ok([{ entity: id, on: claimOp, body: { kind: "item.spend" as const, day, agent, models, reserved: 0 } }]);
  });
  if (!written.ok) context.note("What was set aside for the reviewer and not used could not be given back.");
}

const AGENTS_LONGEST = 100;

/** The ledger has one name for what an attempt has cost: it names both where two agents worked under one claim. */
export function agentsOf(before: Pick<Spend, "agent" | "models"> | undefined, agent: string): string {
  if (before === undefined || before.models.size === 0) return agent;
  return before.agent.split(" + ").includes(agent)
    ? before.agent
    : `${before.agent} + ${agent}`.slice(0, AGENTS_LONGEST);
}
