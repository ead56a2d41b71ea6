/** A card. Every word of people and agents stands in an element of its own with its own direction. */
import { draggable } from "@atlaskit/pragmatic-drag-and-drop/element/adapter";
import { Ellipsis } from "lucide-preact";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { addressOf } from "../../frame/router.ts";
import { HOLDER_COLOURS } from "../../parts/holder.ts";
import { Money } from "../../parts/money.tsx";
import { now } from "../../parts/now.ts";
import { StateWord } from "../../parts/state-word.tsx";
import { Time } from "../../parts/time.tsx";
import { cardTexts } from "../../texts/board.ts";
import { leaseLeftMs } from "./lease.ts";
import type { BoardModel } from "./model.ts";
import type { Card, Code, Lease, Notice } from "./view.ts";

export interface CardProps {
  readonly model: BoardModel;
  readonly card: Card;
  /** The tab key stops here; at one card of each column. */
  readonly isStop: boolean;
}

export function CardPart({ model, card, isStop }: CardProps): JSX.Element {
  const element = useRef<HTMLElement>(null);
  const { item } = card;
  useEffect(() => {
    if (element.current === null) return undefined;
    return draggable({
      element: element.current,
      canDrag: () => model.mayChange.peek(),
      getInitialData: () => ({ item: item.id }),
      onDragStart: () => (model.dragging.value = item),
      onDrop: () => (model.dragging.value = undefined),
    });
  }, [model, item]);
  const stop = isStop ? 0 : -1;
  return (
    <article ref={element} class="card" data-state={card.lease?.state}>
      <h3 class="card-title">
        <a
          class="card-link"
          href={addressOf(`/items/${item.id}`)}
          dir="auto"
          title={card.title}
          tabIndex={stop}
          draggable={false}
        >
          {card.title}
        </a>
        <button
          type="button"
          class="icon-button card-menu"
          aria-label={cardTexts.actions(card.title)}
          tabIndex={stop}
          onClick={() => (model.acting.value = item.id)}
        >
          <Ellipsis size={15} aria-hidden="true" />
        </button>
      </h3>
      <p class="meta">
        <span class="id">{card.shortId}</span>
        <span class="type">{card.type}</span>
        <Priority priority={item.priority} />
        {card.facts.map((fact) => (
          <span key={fact}>{fact}</span>
        ))}
        <Money {...item.cost} />
      </p>
      {card.labels.length === 0 ? null : (
        <ul class="labels" aria-label={cardTexts.labels}>
          {card.labels.slice(0, LABELS_SHOWN).map((label) => (
            <li key={label} dir="auto">
              {label}
            </li>
          ))}
          {card.labels.length > LABELS_SHOWN ? (
            <li title={card.labels.slice(LABELS_SHOWN).join(", ")}>
              {cardTexts.labelsMore(card.labels.length - LABELS_SHOWN)}
            </li>
          ) : null}
        </ul>
      )}
      {card.lease === undefined ? null : <LeaseLine model={model} lease={card.lease} />}
      {card.notices.map((notice, index) => (
        <NoticeLine key={index} notice={notice} />
      ))}
      {card.code === undefined ? null : <CodeLine code={card.code} />}
    </article>
  );
}

/** What the filter knows by more labels than these is on the item's page. */
const LABELS_SHOWN = 4;

/** High and low are marked by weight and words, not by colour alone. */
function Priority({ priority }: { readonly priority: number }): JSX.Element {
  const state = priority >= 7 ? "high" : priority <= 3 ? "low" : "usual";
  return (
    <span class="priority" data-state={state} title={cardTexts.priority(priority)}>
      P{priority}
    </span>
  );
}

/** Whether the holder is there and whether it works are two things: a node may beat on while its agent hangs. */
function LeaseLine({ model, lease }: { readonly model: BoardModel; readonly lease: Lease }): JSX.Element {
  const working = lease.activity === "" ? "idle" : "working";
  return (
    <p class="lease">
      <span class="who" dir="auto">
        {lease.holder}
      </span>
      <span class="quiet">{cardTexts.epoch(lease.claim.epoch)}</span>
      <StateWord
        state={HOLDER_COLOURS[lease.state]}
        word={cardTexts.lease[lease.state]}
        title={cardTexts.leaseHelp[lease.state]}
      />
      {lease.state === "alive" ? (
        <StateWord
          state={working === "working" ? "good" : "off"}
          word={cardTexts[working]}
          title={cardTexts.workingHelp[working]}
        />
      ) : null}
      <LeaseLeft model={model} lease={lease} />
      <span class="quiet">
        {cardTexts.since} <Time atMs={lease.claim.since} />
      </span>
      {lease.activity === "" ? null : (
        <span class="activity" dir="auto">
          {lease.activity}
        </span>
      )}
    </p>
  );
}

export function LeaseLeft({ model, lease }: { readonly model: BoardModel; readonly lease: Lease }): JSX.Element | null {
  if (model.session.connection.value.type !== "live") return null;
  const leftMs = leaseLeftMs(model.hearing.value, lease.claim, now.value);
  if (leftMs === undefined) return null;
  return (
    <span class="quiet counted" title={cardTexts.leftHelp}>
      {cardTexts.left(Math.ceil(leftMs / 1_000))}
    </span>
  );
}

function NoticeLine({ notice: { type, text } }: { readonly notice: Notice }): JSX.Element {
  const word = cardTexts.notices[type];
  return (
    <p class="notice" data-state={type}>
      {word === "" ? null : <strong>{word} </strong>}
      <bdi>{text}</bdi>
    </p>
  );
}

function CodeLine({ code: { type, text, atMs } }: { readonly code: Code }): JSX.Element {
  return (
    <p class="code">
      <span class="quiet">{type === "branch" ? cardTexts.on : cardTexts.merged}</span>
      <code title={text}>{text}</code>
      {atMs === undefined ? null : (
        <span class="quiet">
          <Time atMs={atMs} />
        </span>
      )}
    </p>
  );
}
