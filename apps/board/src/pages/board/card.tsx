/** A card. Every word of people and agents stands in an element of its own with its own direction. */
import type { JSX } from "preact";
import { StateWord } from "../../parts/state-word.tsx";
import { Time } from "../../parts/time.tsx";
import { boardTexts } from "../../texts/board.ts";
import type { Card, Code, Lease, Notice } from "./view.ts";

export function CardPart({ card }: { readonly card: Card }): JSX.Element {
  return (
    <li class="card" data-state={card.lease?.state}>
      <h3 class="card-title" dir="auto" title={card.title}>
        {card.title}
      </h3>
      <p class="meta">
        <span class="id">{card.shortId}</span>
        <span class="type">{card.type}</span>
        <Priority priority={card.priority} />
        {card.facts.map((fact) => (
          <span key={fact}>{fact}</span>
        ))}
      </p>
      {card.labels.length === 0 ? null : (
        <ul class="labels" aria-label={boardTexts.labels}>
          {card.labels.map((label) => (
            <li key={label} dir="auto">
              {label}
            </li>
          ))}
        </ul>
      )}
      {card.lease === undefined ? null : <LeaseLine lease={card.lease} />}
      {card.notices.map((notice, index) => (
        <NoticeLine key={index} notice={notice} />
      ))}
      {card.code === undefined ? null : <CodeLine code={card.code} />}
    </li>
  );
}

/** High and low are marked by weight and words, not by colour alone. */
function Priority({ priority }: { readonly priority: number }): JSX.Element {
  const state = priority >= 7 ? "high" : priority <= 3 ? "low" : "usual";
  return (
    <span class="priority" data-state={state} title={boardTexts.priority(priority)}>
      P{priority}
    </span>
  );
}

export function LeaseLine({ lease }: { readonly lease: Lease }): JSX.Element {
  return (
    <p class="lease">
      <StateWord state={lease.state === "alive" ? "good" : "warn"} word={boardTexts.lease[lease.state]} />
      <span class="who" dir="auto">
        {lease.holder}
      </span>
      <span class="quiet">{boardTexts.epoch(lease.epoch)}</span>
      <span class="quiet">
        {boardTexts.since} <Time atMs={lease.sinceMs} />
      </span>
      {lease.activity === "" ? null : (
        <span class="activity" dir="auto">
          {lease.activity}
        </span>
      )}
    </p>
  );
}

function NoticeLine({ notice: { type, text } }: { readonly notice: Notice }): JSX.Element {
  const word = boardTexts.notices[type];
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
      <span class="quiet">{type === "branch" ? boardTexts.on : boardTexts.merged}</span>
      <code title={text}>{text}</code>
      {atMs === undefined ? null : (
        <span class="quiet">
          <Time atMs={atMs} />
        </span>
      )}
    </p>
  );
}
