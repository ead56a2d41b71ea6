/**
 * A person's command that lost a race is not lost: the node that took it writes it again on the new head if it is still
 * legal there, and otherwise keeps a note for the person saying what happened instead.
 */
import {
  chainOf,
  type CommandError,
  isLive,
  type Replica,
  type SealedOp,
  type StageBody,
  STAGE_KINDS,
  stageOn,
} from "@skein/core";

import type { Incidents } from "./incidents.ts";
import type { Journal } from "./journal.ts";
import type { Clock } from "./ports.ts";

export interface Reissuer {
  /** This op carries out a person's command. */
  watch(op: SealedOp, body: StageBody): void;
  /** These items changed; undefined means that any may have. */
  look(items: ReadonlySet<string> | undefined): void;
}

export interface ReissuerDeps {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly replica: Replica;
  readonly incidents: Incidents;
  readonly self: () => { readonly key: string; readonly role: "owner" | "operator" | "agent" | "observer" };
}

interface Watched {
  readonly item: string;
  readonly op: string;
  readonly body: StageBody;
  readonly untilMs: number;
}

/** After this long everybody has seen the command win; a race that heals later is a new situation. */
const WATCH_MS = 10 * 60_000;
const WATCHED_MAX = 1_000;

export const isStageBody = (body: { readonly kind: string }): body is StageBody =>
  STAGE_KINDS.some((kind) => kind === body.kind);

export function createReissuer(deps: ReissuerDeps): Reissuer {
  let watched: Watched[] = [];

  const hasLost = (one: Watched): boolean => {
    const item = deps.replica.view().items.get(one.item);
    if (item?.best === undefined) return false;
    return !chainOf(item, item.best.id).some((entry) => entry.id === one.op);
  };

  const reissue = async (one: Watched): Promise<void> => {
    const written = await deps.journal.write<CommandError>(() => {
      const item = deps.replica.view().items.get(one.item);
      if (item === undefined || !isLive(item)) {
        return { ok: false, error: { code: "not-found", message: `Item ${one.item} was deleted.` } };
      }
      const { key, role } = deps.self();
      const decided = stageOn(item, one.body, { self: key, role, wallMs: deps.clock.wallMs() });
      return decided.ok ? { ok: true, value: decided.value.drafts } : decided;
    });
    const verb = one.body.kind.slice("item.".length);
    if (!written.ok) {
      deps.incidents.record(
        "command-lost",
        one.item,
        `"${verb}" lost a race and is not possible any more: ${written.error.message}`,
      );
      return;
    }
    const [op] = written.value;
    if (op !== undefined) watch(op, one.body);
  };

  const watch = (op: SealedOp, body: StageBody): void => {
    watched.push({ item: op.op.entity, op: op.id, body, untilMs: deps.clock.monoMs() + WATCH_MS });
    if (watched.length > WATCHED_MAX) watched.shift();
  };

  return {
    watch,
    look: (items) => {
      const now = deps.clock.monoMs();
      const lost = watched.filter((one) => (items === undefined || items.has(one.item)) && hasLost(one));
      watched = watched.filter((one) => one.untilMs > now && !lost.includes(one));
      for (const one of lost) void reissue(one);
    },
  };
}
