/** Above the columns: the nodes with what each works on, and the claims, expired leases first. */
import type { ComponentChildren, JSX } from "preact";
import { addressOf } from "../../frame/router.ts";
import { EmptyState } from "../../parts/empty-state.tsx";
import { HOLDER_COLOURS } from "../../parts/holder.ts";
import { StateWord } from "../../parts/state-word.tsx";
import { Time } from "../../parts/time.tsx";
import { shorten } from "../../text.ts";
import { boardTexts, cardTexts } from "../../texts/board.ts";
import { LeaseLeft } from "./card.tsx";
import type { BoardModel } from "./model.ts";
import { type ClaimChip, type NodeChip, standbyWord } from "./view.ts";

export function Strips({ model }: { readonly model: BoardModel }): JSX.Element {
  return (
    <div class="strips">
      <Strip id="nodes" title={boardTexts.nodes} empty={boardTexts.noNodes}>
        {model.nodes.value.map((node) => (
          <Node key={node.id} node={node} />
        ))}
      </Strip>
      <Strip id="claims" title={boardTexts.claims} empty={boardTexts.noClaims}>
        {model.claims.value.map((claim) => (
          <Claim key={claim.item} model={model} claim={claim} />
        ))}
      </Strip>
    </div>
  );
}

interface StripProps {
  readonly id: string;
  readonly title: string;
  readonly empty: string;
  readonly children: readonly ComponentChildren[];
}

function Strip({ id, title, empty, children }: StripProps): JSX.Element {
  return (
    <section class="strip" aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>
        {title} <span class="count">{children.length}</span>
      </h2>
      {children.length === 0 ? (
        <div id={id}>
          <EmptyState>{empty}</EmptyState>
        </div>
      ) : (
        <ul class="chips" id={id} tabIndex={0} aria-labelledby={`${id}-title`}>
          {children}
        </ul>
      )}
    </section>
  );
}

const NODE_STATES = { alive: "good", resting: "warn", silent: "warn", unknown: "off", removed: "off" } as const;

/** More than this many titles of one node's work say no more than their number. */
const WORK_SHOWN = 2;

function Node({ node }: { readonly node: NodeChip }): JSX.Element {
  const facts = [node.slots, ...(node.self ? [cardTexts.thisNode] : [])].join(" · ");
  return (
    <li class="chip">
      <StateOf node={node} />
      <strong class="who" dir="auto" title={`${node.name}, ${node.role}`}>
        {node.name}
      </strong>
      {node.state === "silent" && node.lastHeardAtMs !== undefined ? (
        <span class="quiet">
          {cardTexts.since} <Time atMs={node.lastHeardAtMs} />
        </span>
      ) : null}
      <span class="quiet">{facts}</span>
      {node.workingOn.length === 0 ? null : <Work work={node.workingOn} />}
    </li>
  );
}

function StateOf({ node: { state, standby } }: { readonly node: NodeChip }): JSX.Element {
  if (state !== "resting") return <StateWord state={NODE_STATES[state]} word={cardTexts.nodeStates[state]} />;
  return <StateWord state={NODE_STATES[state]} word={standbyWord(standby)} title={cardTexts.restingHelp(standby)} />;
}

function Work({ work }: { readonly work: NodeChip["workingOn"] }): JSX.Element {
  const shown = work.slice(0, WORK_SHOWN);
  return (
    <span class="work">
      <span class="quiet">{cardTexts.on} </span>
      {shown.map(({ id, title }, index) => (
        <span key={id}>
          {index === 0 ? "" : ", "}
          <bdi title={title}>{shorten(title, 24) || id}</bdi>
        </span>
      ))}
      {work.length > shown.length ? cardTexts.andMore(work.length - shown.length) : ""}
    </span>
  );
}

interface ClaimProps {
  readonly model: BoardModel;
  readonly claim: ClaimChip;
}

function Claim({ model, claim: { item, title, lease } }: ClaimProps): JSX.Element {
  return (
    <li class="chip">
      <StateWord
        state={HOLDER_COLOURS[lease.state]}
        word={cardTexts.lease[lease.state]}
        title={cardTexts.leaseHelp[lease.state]}
      />
      <a class="chip-title" dir="auto" title={title} href={addressOf(`/items/${item}`)}>
        {title}
      </a>
      <span class="who" dir="auto">
        {lease.holder}
      </span>
      <LeaseLeft model={model} lease={lease} />
    </li>
  );
}
