/** The card that has the keyboard, and the one beside it that a key leads to. Pure. */
import type { Stage } from "@skein/core";
import { COLUMN_STAGES } from "./columns.ts";
import type { Row } from "./rows.ts";

export interface Cursor {
  readonly stage: Stage;
  /** The row's. */
  readonly key: string;
}

export type Direction = "up" | "down" | "left" | "right";

type RowsByStage = (stage: Stage) => readonly Row[];

/** Undefined when there is nothing in that direction, or no card at all. */
export function stepFrom(cursor: Cursor | undefined, direction: Direction, rowsIn: RowsByStage): Cursor | undefined {
  const at = cursor === undefined ? undefined : placeOf(cursor, rowsIn);
  if (at === undefined) return firstCard(COLUMN_STAGES, rowsIn);
  if (direction === "up" || direction === "down") {
    const cards = cardsIn(rowsIn(at.stage));
    const key = cards[at.index + (direction === "down" ? 1 : -1)];
    return key === undefined ? undefined : { stage: at.stage, key };
  }
  const column = COLUMN_STAGES.indexOf(at.stage);
  const beside = direction === "right" ? COLUMN_STAGES.slice(column + 1) : COLUMN_STAGES.slice(0, column).toReversed();
  const stage = beside.find((one) => cardsIn(rowsIn(one)).length > 0);
  if (stage === undefined) return undefined;
  const cards = cardsIn(rowsIn(stage));
  const key = cards[Math.min(at.index, cards.length - 1)];
  return key === undefined ? undefined : { stage, key };
}

function firstCard(stages: readonly Stage[], rowsIn: RowsByStage): Cursor | undefined {
  for (const stage of stages) {
    const [key] = cardsIn(rowsIn(stage));
    if (key !== undefined) return { stage, key };
  }
  return undefined;
}

/** Where the cursor's card is by now: it may have gone to another column. */
function placeOf({ stage, key }: Cursor, rowsIn: RowsByStage): { stage: Stage; index: number } | undefined {
  for (const one of [stage, ...COLUMN_STAGES]) {
    const index = cardsIn(rowsIn(one)).indexOf(key);
    if (index >= 0) return { stage: one, index };
  }
  return undefined;
}

const cardsIn = (rows: readonly Row[]): readonly string[] =>
  rows.flatMap(({ type, key }) => (type === "card" ? [key] : []));
