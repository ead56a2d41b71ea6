/**
 * Who or what the merge queue stands for: its head, who holds that and since when, what it does right now and waits for,
 * and the last red runs of the gate with the attempt and the node each one belongs to.
 */
import type { LiveItem } from "../command/find.ts";
import type { View } from "../fold/fold.ts";
import type { HistoryEntry } from "../fold/history.ts";
import { type GateRun, isGreen } from "../fold/stage.ts";
import { compareText } from "../kernel/bytes.ts";
import { mergeQueueOf } from "./merge-queue.ts";
import { chainOf, type Naming } from "./project.ts";
import { liveItems, type Plain } from "./queries.ts";
import { reasonsOf } from "./waiting.ts";

const REDS_SHOWN = 10;

export function blameOf(view: View, naming: Naming): { readonly [key: string]: Plain } {
  const isVerified = (id: string): boolean => naming.landingOf(id).state === "verified";
  const { mode, note, line, aside } = mergeQueueOf(view, {
    isExpired: naming.isExpired,
    isVerified,
    qa: () => naming.qa?.(),
  });
  const setting = view.membership.queues.get([...view.membership.projects.keys()].at(-1) ?? "");
  const [head] = line;
  return {
    mode,
    note,
    modeBy: setting === undefined ? null : naming.nameOf(setting.author),
    modeSince: setting?.wall ?? null,
    head: head === undefined ? null : headOf(head, view, naming),
    behind: Math.max(0, line.length - 1),
    aside: aside.map(({ item, why }) => ({ item: item.id, title: item.registers.title.value, why })),
    red: redsOf(view, naming),
  };
}

function headOf(item: LiveItem, view: View, naming: Naming): Plain {
  const { claim } = item.best.state;
  return {
    item: item.id,
    title: item.registers.title.value,
    inQueueSince: chainOf(item, item.best.id).find(({ kind }) => kind === "item.pass")?.wall ?? null,
    holder: claim === null ? null : naming.nameOf(claim.holder),
    heldSince: claim?.since ?? null,
    expired: claim !== null && naming.isExpired(claim),
    activity: claim === null ? "" : naming.activityOf(item.id, claim),
    why: reasonsOf(item, view, naming),
  };
}

interface Red {
  readonly at: number;
  readonly id: string;
  readonly row: Plain;
}

/** Of all items, the newest first: what made the head wait may have been sent back already. */
function redsOf(view: View, naming: Naming): readonly Plain[] {
  let reds: readonly Red[] = [];
  for (const item of liveItems(view).toSorted((a, b) => b.updatedAt - a.updatedAt)) {
    // Nothing of this item, or of those behind it, is newer than the last one that is shown.
    if (reds.length === REDS_SHOWN && item.updatedAt < (reds.at(-1)?.at ?? 0)) break;
    reds = [...reds, ...redTrains(item, naming), ...sentBack(item, naming)]
      .toSorted((a, b) => b.at - a.at || compareText(a.id, b.id))
      .slice(0, REDS_SHOWN);
  }
  return reds.map(({ row }) => row);
}

/** Evidence that merging nodes signed for what they tried to land. */
function redTrains(item: LiveItem, { nameOf }: Naming): readonly Red[] {
  return item.annotations.attests
    .filter(({ evidence }) => !isGreen(evidence))
    .map(({ id, wall, member, tip, base, evidence }) => {
      const run = evidence.runs.findLast(({ exitCode }) => exitCode !== 0);
      const attempt = attemptOf(item, tip);
      return {
        at: wall,
        id,
        row: {
          at: wall,
          item: item.id,
          title: item.registers.title.value,
          attempt: attempt?.epoch ?? null,
          author: attempt === undefined ? null : nameOf(attempt.member),
          ranOn: nameOf(member),
          base,
          what: run === undefined ? "" : describeRun(run),
        },
      };
    });
}

const describeRun = ({ argv, exitCode }: GateRun): string => `${argv.join(" ")} ended with ${exitCode}`;

/** Whose work the tip is: the node that submitted it, in which attempt. */
function attemptOf(item: LiveItem, tip: string): { readonly epoch: number; readonly member: string } | undefined {
  for (const { kind, outcome } of item.entries.values()) {
    if (kind !== "item.submit" || outcome.type !== "accepted" || outcome.state.stage.stage !== "Qa") continue;
    const { claim, stage } = outcome.state;
    if (stage.tip === tip && claim !== null) return { epoch: claim.epoch, member: claim.holder };
  }
  return undefined;
}

/** Attempts that went back to Coding, with the reason as it was given. */
const sentBack = (item: LiveItem, { nameOf }: Naming): readonly Red[] =>
  chainOf(item, item.best.id).flatMap((entry) => {
    if (entry.kind !== "item.sendBack" || entry.outcome.type !== "accepted") return [];
    const claim = claimBefore(item, entry);
    const row = {
      at: entry.wall,
      item: item.id,
      title: item.registers.title.value,
      attempt: claim?.epoch ?? null,
      author: claim === undefined ? null : nameOf(claim.holder),
      ranOn: nameOf(entry.author),
      base: null,
      what: `sent back: ${entry.outcome.state.note}`,
    };
    return [{ at: entry.wall, id: entry.id, row }];
  });

function claimBefore(item: LiveItem, { on }: HistoryEntry): { epoch: number; holder: string } | undefined {
  const before = on === null ? undefined : item.entries.get(on);
  return before?.outcome.type === "accepted" ? (before.outcome.state.claim ?? undefined) : undefined;
}
