/**
 * The demo as a picture: stories travel along their stages, nodes below, what happened last at the bottom. Pure: state and
 * size of the terminal in, lines out.
 *
 *                           Backlog  Coding   Qa       Merge    Done     Archived
 *     Say good-bye          ●━━━━━━━━●━━━━━━━━◐────────○────────○        ·         bob #1  gate: node --test
 *
 * A narrow terminal gets the track without room between the stages, and the stage's name behind it.
 */
import { STAGES, type Stage } from "@skein/core";

import type { DemoItem, DemoNode, Snapshot } from "./answers.ts";
import type { DemoEvent } from "./events.ts";
import { bad, dim, fit, good, type Line, node, plain, type Span, strong, type Tone, warn } from "./line.ts";
import { seconds } from "./seconds.ts";

export interface ViewState {
  readonly elapsedMs: number;
  readonly snapshot: Snapshot;
  readonly gone: ReadonlySet<string>;
  readonly events: readonly DemoEvent[];
}

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

export function drawView(state: ViewState, size: Size): readonly Line[] {
  const layout = layoutFor(size.columns);
  const { items, nodes } = state.snapshot;
  const board = [
    headline(state),
    [],
    ...(layout.stageWidth > COMPACT ? [stageNames(layout)] : []),
    ...items.map((item) => itemLine(item, layout, state)),
    [],
    ...nodes.map((one) => nodeLine(one, state)),
  ];
  // One row stays free for the cursor; a picture higher than the terminal could not be drawn over.
  const room = Math.min(FEED_LINES, size.rows - board.length - 2);
  if (room < 1) return board.slice(0, Math.max(1, size.rows - 1));
  return [...board, [], ...feed(state.events, room)];
}

/** Always the same height, so that nothing below it jumps. */
const FEED_LINES = 8;

const COMPACT = 2;
const WIDE_STAGE = 9;
const HOLDER_WIDTH = 9;

interface Layout {
  readonly titleWidth: number;
  /** Columns from one stage's mark to the next one's. */
  readonly stageWidth: number;
}

function layoutFor(columns: number): Layout {
  if (columns >= 112) return { titleWidth: 26, stageWidth: WIDE_STAGE };
  return { titleWidth: Math.max(10, Math.min(24, columns - 44)), stageWidth: COMPACT };
}

function headline({ elapsedMs, snapshot }: ViewState): Line {
  const done = snapshot.items.filter((item) => item.stage === "Done").length;
  const count = `${done} of ${snapshot.items.length} Done`;
  const all = done === snapshot.items.length && done > 0;
  return [strong("  Skein demo"), dim(`  ${seconds(elapsedMs)}  `), all ? good(count) : plain(count)];
}

function stageNames({ titleWidth, stageWidth }: Layout): Line {
  return [plain(" ".repeat(titleWidth + 4)), ...STAGES.map((stage) => dim(stage.padEnd(stageWidth)))];
}

function itemLine(item: DemoItem, layout: Layout, state: ViewState): Line {
  const { claim } = item;
  const lost = claim !== null && (claim.expired || state.gone.has(claim.nodeName));
  const title = fit(item.stage === "Done" ? good(item.title) : strong(item.title), layout.titleWidth);
  const track = trackOf(item, layout.stageWidth, state.elapsedMs);
  const stage = layout.stageWidth > COMPACT ? [] : [plain(` ${item.stage.padEnd(8)}`)];
  const holder = claim === null ? plain("") : node(claim.nodeName, `${claim.nodeName} #${claim.epoch}`);
  return [
    plain("  "),
    title,
    plain("  "),
    ...track,
    ...stage,
    plain(" "),
    fit(holder, HOLDER_WIDTH),
    remark(item, lost),
  ];
}

const SPINNER = ["◐", "◓", "◑", "◒"] as const;
const SPIN_MS = 120;

function trackOf(item: DemoItem, width: number, elapsedMs: number): readonly Span[] {
  const here = STAGES.indexOf(item.stage);
  const done = STAGES.indexOf("Done");
  return STAGES.flatMap((stage, index): readonly Span[] => {
    const passed = item.stage !== "Archived" && index < here;
    const tone: Tone = passed ? trackTone(item) : "dim";
    // Archived is not on the way to Done: it is beside it.
    const link = index >= done ? " " : passed ? "━" : "─";
    const mark = index === here ? markHere(item, elapsedMs) : { text: markOf(stage, passed), tone };
    return [mark, { text: link.repeat(index === STAGES.length - 1 ? 0 : width - 1), tone }];
  });
}

const trackTone = ({ stage, claim }: DemoItem): Tone =>
  stage === "Done" ? "good" : claim === null ? "plain" : `node:${claim.nodeName}`;

const markOf = (stage: Stage, passed: boolean): string => (passed ? "●" : stage === "Archived" ? "·" : "○");

function markHere(item: DemoItem, elapsedMs: number): Span {
  if (item.stage === "Done") return good("✔");
  if (item.stage === "Archived") return bad("✘");
  if (item.claim === null) return plain("◉");
  if (item.claim.expired) return warn("◌");
  const frame = SPINNER[Math.floor(elapsedMs / SPIN_MS) % SPINNER.length];
  return node(item.claim.nodeName, frame);
}

function remark(item: DemoItem, lost: boolean): Span {
  if (item.stage === "Done") return dim(item.mergeCommit === null ? "" : `merged as ${item.mergeCommit.slice(0, 8)}`);
  if (lost) return warn(item.claim?.expired === true ? "lease ran out" : "no sign of life");
  if (item.claim === null) return item.attempts > 0 ? warn("sent back") : dim("free to claim");
  return item.activity === "" && item.attempts > 0 ? warn(`attempt ${item.attempts + 1}`) : dim(item.activity);
}

const NAME_WIDTH = 8;

function nodeLine(one: DemoNode, { snapshot, gone }: ViewState): Line {
  const held = snapshot.items.filter((item) => item.claim?.node === one.id);
  const isGone = gone.has(one.name);
  const dot = isGone ? bad("✘") : one.alive ? good("●") : warn("○");
  const slots = "■".repeat(held.length) + "□".repeat(Math.max(0, one.slots - held.length));
  const work = held.map((item) => item.title).join(", ");
  return [
    plain("  "),
    dot,
    plain(" "),
    fit(node(one.name), NAME_WIDTH),
    ...(isGone ? [bad("killed")] : [plain(`${slots}  `), work === "" ? dim("idle") : plain(`works on ${work}`)]),
  ];
}

function feed(events: readonly DemoEvent[], room: number): readonly Line[] {
  const lines = events.slice(-room).map(({ atMs, line }): Line => [dim(`  ${seconds(atMs).padStart(6)}  `), ...line]);
  return [...lines, ...Array.from({ length: room - lines.length }, (): Line => [])];
}
