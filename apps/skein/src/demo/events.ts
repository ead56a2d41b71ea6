/**
 * What happened, told from the items' histories: the log itself says it, so nothing is missed between two looks however
 * fast it went. Pure.
 */
import type { DemoItem, HistoryEntry, Snapshot } from "./answers.ts";
import { bad, dim, good, type Line, node, plain, strong, warn } from "./line.ts";

export interface DemoEvent {
  readonly atMs: number;
  readonly line: Line;
}

/** What was told already. */
export interface Told {
  readonly ops: ReadonlySet<string>;
  readonly landed: ReadonlySet<string>;
  readonly silent: ReadonlySet<string>;
}

export const nothingTold: Told = { ops: new Set(), landed: new Set(), silent: new Set() };

export interface Look {
  readonly snapshot: Snapshot;
  readonly histories: ReadonlyMap<string, readonly HistoryEntry[]>;
}

interface Sentence {
  readonly lamport: number;
  readonly line: Line;
}

export function tellNews(look: Look, told: Told): { readonly lines: readonly Line[]; readonly told: Told } {
  const ops = new Set(told.ops);
  const landed = new Set(told.landed);
  const sentences: Sentence[] = [];
  for (const item of look.snapshot.items) {
    for (const [entry, holderBefore] of withHolders(look.histories.get(item.id) ?? [])) {
      if (ops.has(entry.op)) continue;
      ops.add(entry.op);
      if (entry.kind === "item.land" && landed.has(item.id)) continue;
      if (entry.kind === "item.land") landed.add(item.id);
      const line = describe(entry, item, holderBefore, nameIn(look));
      if (line !== undefined) sentences.push({ lamport: entry.lamport, line });
    }
  }
  const lines = sentences.toSorted((a, b) => a.lamport - b.lamport).map((sentence) => sentence.line);
  const quiet = tellSilence(look, told.silent);
  return { lines: [...quiet.lines, ...lines], told: { ops, landed, silent: quiet.silent } };
}

type NameOf = (key: string) => string;

const nameIn =
  ({ snapshot }: Look): NameOf =>
  (key) =>
    snapshot.nodes.find((one) => one.id === key)?.name ?? key.slice(0, 8);

/** The winning branch, oldest first, each entry with who held the claim before it. */
function withHolders(history: readonly HistoryEntry[]): readonly (readonly [HistoryEntry, string | undefined])[] {
  let holder: string | undefined;
  return history
    .filter((entry) => entry.winning)
    .map((entry) => {
      const before = holder;
      if (entry.kind === "item.claim") holder = entry.author;
      else if (entry.kind !== "item.submit" && entry.kind !== "item.pass") holder = undefined;
      return [entry, before] as const;
    });
}

function describe(
  entry: HistoryEntry,
  item: DemoItem,
  holderBefore: string | undefined,
  nameOf: NameOf,
): Line | undefined {
  const by = node(nameOf(entry.author));
  const title = strong(item.title);
  switch (entry.kind) {
    case "item.claim":
      if (holderBefore === undefined || holderBefore === entry.author)
        return [by, plain(" claimed "), title, dim(`, epoch ${entry.epoch ?? 0}`)];
      return [
        by,
        warn(" took over "),
        title,
        plain(" after "),
        node(nameOf(holderBefore)),
        plain(" went silent"),
        dim(`, epoch ${entry.epoch ?? 0}`),
      ];
    case "item.submit":
      return [by, plain(" committed "), title, plain(", on to Qa")];
    case "item.pass":
      return [good("gate green"), plain(" for "), title, plain(", on to Merge")];
    case "item.sendBack":
      return [warn("sent back "), title, plain(`: ${firstSentence(entry.note ?? "")}`)];
    case "item.release":
      return [by, plain(" gave back "), title];
    case "item.land":
      return [by, good(" landed "), title, dim(shortCommit(item))];
    case "item.archive":
      return [bad("archived "), title, plain(`: ${entry.note ?? ""}`)];
    default:
      return undefined;
  }
}

const shortCommit = ({ mergeCommit }: DemoItem): string =>
  mergeCommit === null ? "" : ` as ${mergeCommit.slice(0, 8)}`;

/** Notes end with advice; the feed has room for what happened. */
const firstSentence = (note: string): string => note.split(/(?<=\.)\s/)[0] ?? note;

/** A lease that ran out is the news; every holder's silence is told once for each epoch. */
function tellSilence(
  { snapshot }: Look,
  known: ReadonlySet<string>,
): { readonly lines: readonly Line[]; readonly silent: ReadonlySet<string> } {
  const silent = new Set(known);
  const lines: Line[] = [];
  for (const { id, title, claim } of snapshot.items) {
    if (claim === null || !claim.expired) continue;
    const key = `${id}/${claim.epoch}`;
    if (silent.has(key)) continue;
    silent.add(key);
    lines.push([plain("the lease of "), node(claim.nodeName), plain(" on "), strong(title), plain(" ran out")]);
  }
  return { lines, silent };
}
