/** The words of the flow page. */
import { durationText, moneyText } from "./units.ts";

export const flowTexts = {
  title: "Flow",
  waiting: "Asking the node how work flows…",
  failed: "The flow of work cannot be shown",
  stalePart: (why: string) => `What you see may be old: ${why}`,
  range: "How far back",
  ranges: { "24h": "24 hours", "7d": "7 days", "30d": "30 days" },
  clocks: "Times are those that nodes wrote with their own clocks; days and hours are UTC.",
  table: "As a table",
  queue: {
    title: "Merge queue",
    open: (merger: string) => `Open. ${merger} lands it.`,
    openIdle: "Open. Nobody holds the head yet.",
    paused: "Paused: nothing lands.",
    draining: "Draining: what is in it still lands, and nothing new.",
    said: (who: string) => `said by ${who}`,
    empty: "Nothing waits to land.",
    head: "Head",
    next: (place: number) => `${place}`,
    train: (number: number) => `Train ${number}`,
    trainHelp: (batch: number) =>
      batch === 1
        ? "Every item lands alone."
        : `Up to ${batch} items are merged one behind the other, tested and landed as one commit. The merger makes shorter trains of what is red.`,
    noPlan: "How many land together is not known here: this node has not read skein.yaml.",
    since: "since",
    aside: "In Merge and not in line",
    why: "What the head waits for",
    redTarget: (commit: string) =>
      `The target branch is red by itself at ${commit}. Mend it there: nothing lands before.`,
    red: "What was red lately",
    redColumns: { at: "At", item: "Item", epoch: "Epoch", author: "Attempt of", ranOn: "Found by", what: "What" },
    overlaps: (count: number) => `touches what ${count} ${count === 1 ? "other does" : "others do"}`,
    commits: (count: number) => `${count} ${count === 1 ? "commit" : "commits"}`,
    pause: "Pause",
    resume: "Resume",
    pauseTitle: "Pause the merge queue",
    pauseHelp:
      "Nothing lands until somebody resumes it. Work goes on up to the queue. A train that is being pushed right now may still land.",
    pauseReason: "Why (others read it)",
    pauseDrain: "Let what is in the queue land, and nothing that comes after it",
    pauseDone: "Said. The queue shows what still lands.",
    resumeTitle: "Resume the merge queue",
    resumeHelp: "What is in line lands again, the most urgent first.",
    resumeDone: "The merge queue goes on.",
  },
  figures: {
    landed: "Landed",
    lead: "Lead time",
    cycle: "Cycle time",
    failures: "Came to nothing",
    spent: "Spent",
    none: "none",
    leadHelp: "From the item's first op to its landing: half of them took no longer.",
    cycleHelp: "From its first claim to its landing: half of them took no longer.",
    within: (p85: number, p95: number) => `85 % within ${durationText(p85)}, 95 % within ${durationText(p95)}`,
    unclear: (count: number) =>
      `${count} ${count === 1 ? "landing is" : "landings are"} left out of the times: the clocks contradict each other.`,
    items: (count: number) => `of ${count} ${count === 1 ? "item" : "items"}`,
    spend: (microUsd: number, unknown: number, attempts: number) =>
      attempts === 0
        ? "none"
        : unknown === 0
          ? moneyText(microUsd)
          : microUsd === 0 && unknown === attempts
            ? "unknown"
            : `≥ ${moneyText(microUsd)}`,
    unknownSpend: (count: number) =>
      `It is not known what ${count} ${count === 1 ? "attempt" : "attempts"} cost; no sum covers ${count === 1 ? "it" : "them"}.`,
  },
  charts: {
    throughput: "Landings",
    throughputText: (total: number, most: number, perDay: boolean) =>
      total === 0
        ? "Nothing landed in this time."
        : `${total} landed, at most ${most} in one ${perDay ? "day" : "hour"}.`,
    times: "Lead and cycle time, medians",
    timesText: (lead: number | undefined, cycle: number | undefined) =>
      lead === undefined
        ? "Nothing landed in this time."
        : `Half of what landed took at most ${durationText(lead)} from its beginning${cycle === undefined ? "" : ` and ${durationText(cycle)} from its first claim`}.`,
    failures: "Why attempts came to nothing",
    failuresText: (total: number, worst: string) =>
      total === 0 ? "No attempt came to nothing in this time." : `${total} in all, most often: ${worst}.`,
    spend: "Spend by day",
    spendText: (total: string, cap: string) =>
      `${{ none: "Nothing was told of any cost", unknown: "What it cost is not known" }[total] ?? `${total} in all`}; ${cap === "" ? "there is no cap" : `the cap of a day is ${cap}`}.`,
    legend: {
      lead: "lead time",
      cycle: "cycle time",
      spent: "spent",
      reserved: "set aside",
      unknown: "with attempts whose cost is unknown",
      cap: "cap of the day",
    },
    columns: {
      from: "From (UTC)",
      landed: "Landed",
      lead: "Lead time",
      cycle: "Cycle time",
      reason: "Reason",
      times: "Times",
      items: "Items",
      day: "Day (UTC)",
      spent: "Spent",
      reserved: "Set aside",
      cap: "Cap",
    },
    noCap: "none",
  },
  reasons: {
    "gate-failed": "gate was red",
    "agent-failed": "agent failed",
    "no-commits": "no commits",
    conflict: "conflict with the target branch",
    infrastructure: "infrastructure",
    "over-budget": "over budget",
    person: "a person sent it back",
    "taken-over": "holder fell silent",
    Blocked: "given up: blocked",
    MergeFailed: "given up: merge failed",
  },
  timeline: {
    title: "Who held what when",
    help: "A row is an item, a bar a claim. Arrow keys go from bar to bar, Enter opens the item.",
    empty: "Nobody held anything in this time.",
    zoom: "Shown",
    zooms: {
      all: "all of it",
      "24h": "last 24 hours",
      "6h": "last 6 hours",
      "1h": "last hour",
      "10m": "last 10 minutes",
    },
    legend: {
      coding: "Coding",
      qa: "Qa",
      merge: "Merge",
      takeover: "take-over",
      sentBack: "sent back",
      landed: "landed",
      alternate: "lost to another attempt",
      silent: "holder silent",
    },
    nodes: "Nodes",
    more: "Show older ones",
    loading: "Asking…",
    left: (count: number) => `${count} older ${count === 1 ? "claim is" : "claims are"} not drawn`,
    rows: (count: number) => `${count} ${count === 1 ? "item" : "items"}`,
    now: "now",
    outcomes: {
      running: "still held",
      landed: "landed",
      "sent-back": "sent back",
      "taken-over": "taken over by another claim",
      released: "given back",
      archived: "archived",
      alternate: "lost to another attempt",
    },
    /** A bar, to somebody who does not see it. */
    span: (node: string, epoch: number, from: string, to: string, ended: string, tookOverFrom: string) =>
      `${node}, epoch ${epoch}, from ${from} to ${to}, ${ended}${tookOverFrom === "" ? "" : `; taken over from ${tookOverFrom}`}`,
    silent: "its holder is silent",
    noBars: "nothing in what is shown",
  },
};
