/** The board: six columns of cards, the nodes, the claims, and the way between the columns where they stand below each other. */
import { useComputed } from "@preact/signals";
import type { JSX } from "preact";
import { FIRST_STEPS } from "../../frame/first-run.ts";
import { addressOf } from "../../frame/router.ts";
import type { PageProps } from "../../frame/routes.ts";
import { boardTexts } from "../../texts/board.ts";
import { frameTexts } from "../../texts/frame.ts";
import { CardPart } from "./card.tsx";
import { Strips } from "./strips.tsx";
import { type Column, viewBoard } from "./view.ts";

export default function BoardPage({ session }: PageProps): JSX.Element {
  const view = useComputed(() => viewBoard(session.board.value)).value;
  return (
    <>
      <Strips view={view} />
      <nav class="stages" aria-label={boardTexts.stages}>
        {view.columns.map(({ stage, title, count }) => (
          <button key={stage} type="button" onClick={() => document.getElementById(idOf(stage))?.scrollIntoView()}>
            {title} <span class="count">{count}</span>
          </button>
        ))}
      </nav>
      {session.board.value.items.size === 0 ? (
        <p class="first-steps">
          <a href={addressOf(FIRST_STEPS)}>{frameTexts.firstSteps}</a>
        </p>
      ) : null}
      <div class="board" id="board">
        {view.columns.map((column) => (
          <ColumnPart key={column.stage} column={column} />
        ))}
      </div>
    </>
  );
}

const idOf = (stage: string): string => `stage-${stage.toLowerCase()}`;

function ColumnPart({ column }: { readonly column: Column }): JSX.Element {
  const id = idOf(column.stage);
  return (
    <section class="column" id={id} aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>
        {column.title} <span class="count">{column.count}</span>
      </h2>
      <ol class="cards">
        {column.cards.map((card) => (
          <CardPart key={card.id} card={card} />
        ))}
      </ol>
      <p class="more">{moreText(column)}</p>
    </section>
  );
}

function moreText({ count, cards }: Column): string {
  if (count === 0) return boardTexts.nothingHere;
  return count > cards.length ? boardTexts.latestOf(cards.length, count) : "";
}
