/** The board: what moves, what is stuck and why, who holds what, and the way to steer it. */
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import type { PageProps } from "../../frame/routes.ts";
import { useShortcuts } from "../../frame/shortcuts.ts";
import { FirstSteps } from "../../parts/first-steps.tsx";
import { boardTexts, cardTexts } from "../../texts/board.ts";
import { ActDialog } from "./act-dialog.tsx";
import { ColumnPart, columnId } from "./column.tsx";
import { COLUMN_STAGES } from "./columns.ts";
import { type BoardModel, createModel } from "./model.ts";
import { NewItem } from "./new-item.tsx";
import { Strips } from "./strips.tsx";
import { SEARCH_ID, Toolbar } from "./toolbar.tsx";

export default function BoardPage({ session }: PageProps): JSX.Element {
  const model = useMemo(() => createModel(session), [session]);
  useKeys(model);
  return (
    <div class="board-page">
      <Strips model={model} />
      <Toolbar model={model} />
      <nav class="stages" aria-label={boardTexts.stages}>
        {COLUMN_STAGES.map((stage) => (
          <button
            key={stage}
            type="button"
            onClick={() => document.getElementById(columnId(stage))?.scrollIntoView({ inline: "start" })}
          >
            {cardTexts.stages[stage]} <span class="count">{model.rows[stage].value.shown}</span>
          </button>
        ))}
      </nav>
      <FirstSteps session={session} />
      <div class="board" id="board">
        {COLUMN_STAGES.map((stage) => (
          <ColumnPart key={stage} model={model} stage={stage} />
        ))}
      </div>
      {model.acting.value === undefined ? null : <ActDialog model={model} id={model.acting.value} />}
      {model.adding.value ? <NewItem model={model} /> : null}
    </div>
  );
}

const STEPS = [
  ["down", ["j", "ArrowDown"]],
  ["up", ["k", "ArrowUp"]],
  ["left", ["h", "ArrowLeft"]],
  ["right", ["l", "ArrowRight"]],
] as const;

function useKeys(model: BoardModel): void {
  const texts = boardTexts.keys;
  useShortcuts(() => [
    ...STEPS.flatMap(([direction, keys]) =>
      keys.map((key) => ({
        keys: key,
        text: texts[direction],
        place: "here" as const,
        run: () => model.step(direction),
      })),
    ),
    { keys: "Enter", text: texts.open, place: "here" },
    { keys: "/", text: texts.search, place: "here", run: () => document.getElementById(SEARCH_ID)?.focus() },
    { keys: "n", text: texts.add, place: "here", run: () => (model.adding.value = model.mayChange.peek()) },
    {
      keys: "m",
      text: texts.move,
      place: "here",
      run: () => {
        // A card's key is its item's id, with its group behind it where there are groups.
        model.acting.value = model.cursor.peek()?.key.split(" ", 1)[0];
      },
    },
    {
      keys: "x",
      text: texts.clear,
      place: "here",
      run: () => model.setFilter({ q: "", state: "", label: "", node: "", group: "" }),
    },
  ]);
}
