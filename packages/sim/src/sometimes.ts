/**
 * What a good run sees at least now and then. An event that never happens says that the simulator is too kind: the tests
 * behind it proved nothing.
 */
export const SOMETIMES = [
  "agent crashed",
  "agent hung until its limit",
  "agent lied: success without a commit",
  "archived item turned out to have landed",
  "CAS lost",
  "CAS lost three times in a row",
  "checkpoint signed",
  "clock jumped",
  "command refused: nothing could be saved",
  "command refused: not legal",
  "crash before a write",
  "crash after a write, before its sync",
  "crash after a sync, before anybody heard",
  "disk full",
  "disk full and healed",
  "sync failed",
  "finished result of another attempt taken to the gate",
  "fork noticed by a node",
  "fork proof made",
  "gate red",
  "gate run again because the target had moved",
  "half-open link closed by silence",
  "holder that is alive and cut off was taken over",
  "invented landing refuted",
  "item archived as Blocked",
  "item held",
  "item archived while it was about to land",
  "item sent back",
  "landing observed by a node that did not push",
  "link cut with messages under way",
  "log flipped a bit",
  "log packed",
  "machine's directory cloned",
  "member joined while faults were on",
  "member removed",
  "merge conflict",
  "new incarnation minted",
  "node frozen",
  "node killed",
  "node stopped in good order",
  "pack taken from a peer",
  "partition",
  "partition during a claim",
  "peer cut off because it was too slow",
  "person committed to the target branch",
  "push refused or unreachable",
  "restart from an older image",
  "several items landed together",
  "signatures left out",
  "stalled observer granted grace",
  "take-over of a dead holder",
  "take-over of a frozen holder",
  "twin noticed",
  "two nodes worked on one item at once",
  "unfinished work gone on with",
  "unknown push that had not succeeded",
  "unknown push that had succeeded",
  "zombie finished late",
  "night: provider blocked an agent",
  "night: provider throttled an agent",
  "room: answer",
  "room: answer on an account without keys",
  "room: answer seen twice",
  "room: answer seen twice, beside a copy of a node",
  "room: event delivered to two at once",
  "room: ingress taken over after a kill",
  "room: ingress taken over from a frozen node",
  "room: ingress taken over from a node that runs",
  "room: old event delivered again",
  "room: platform away",
  "room: question answered",
  "room: socket dropped",
  "room: two nodes spoke under one epoch",
  "room: uncertain send found",
  "room: uncertain send was not there",
  "byzantine: back-dated op sent",
  "byzantine: chain broken",
  "byzantine: claimed everything",
  "byzantine: epoch poison refused",
  "byzantine: equivocated",
  "byzantine: evidence made up",
  "byzantine: flooded",
  "byzantine: foreign signature refused",
  "byzantine: hostile edit sent",
  "byzantine: interfered",
  "byzantine: landing made up",
  "byzantine: Lamport poison refused",
  "byzantine: removed by the owner",
  "byzantine: role abuse refused",
  "byzantine: withheld",
] as const;

export type SometimesName = (typeof SOMETIMES)[number];

export type SometimesCounts = Readonly<Partial<Record<SometimesName, number>>>;

export interface SometimesLedger {
  note(name: SometimesName): void;
  counts(): SometimesCounts;
}

export function createSometimes(): SometimesLedger {
  const seen = new Map<SometimesName, number>();
  return {
    note: (name) => seen.set(name, (seen.get(name) ?? 0) + 1),
    // In the order of the list, so that two runs print alike.
    counts: () => Object.fromEntries(SOMETIMES.flatMap((name) => (seen.has(name) ? [[name, seen.get(name)]] : []))),
  };
}

export function addCounts(a: SometimesCounts, b: SometimesCounts): SometimesCounts {
  const both = SOMETIMES.flatMap((name) => {
    const count = (a[name] ?? 0) + (b[name] ?? 0);
    return count === 0 ? [] : [[name, count] as const];
  });
  return Object.fromEntries(both);
}
