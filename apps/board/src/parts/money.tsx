/** Dollars, with a mark where not all of them are known. */
import type { BoardItem } from "@skein/core";
import type { JSX } from "preact";
import { moneyText } from "../text.ts";
import { cardTexts } from "../texts/board.ts";

/** Null where nothing was spent, as far as anybody knows. */
export function Money({ microUsd, unknown }: BoardItem["cost"]): JSX.Element | null {
  if (microUsd === 0 && unknown === 0) return null;
  const text = moneyText(microUsd);
  return unknown === 0 ? (
    <span title={cardTexts.cost(text)}>{text}</span>
  ) : (
    <span title={cardTexts.costUnknown(text, unknown)}>{microUsd === 0 ? "$?" : `${text} + ?`}</span>
  );
}
