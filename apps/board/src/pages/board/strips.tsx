/** Above the columns: the nodes with what each works on, and the claims, expired leases first. */
import type { ComponentChildren, JSX } from "preact";
import { EmptyState } from "../../parts/empty-state.tsx";
import { StateWord } from "../../parts/state-word.tsx";
import { Time } from "../../parts/time.tsx";
import { shorten } from "../../text.ts";
import { boardTexts } from "../../texts/board.ts";
import { LeaseLine } from "./card.tsx";
import type { BoardView, ClaimChip, NodeChip } from "./view.ts";

export function Strips({ view }: { readonly view: BoardView }): JSX.Element {
  return (
    <div class="strips">
      <Strip id="nodes" title={boardTexts.nodes} empty={boardTexts.noNodes}>
        {view.nodes.map((node) => (
          <Node key={node.id} node={node} />
        ))}
      </Strip>
      <Strip id="claims" title={boardTexts.claims} empty={boardTexts.noClaims}>
        {view.claims.map((claim) => (
          <Claim key={claim.item} claim={claim} />
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

const NODE_STATES = { alive: "good", silent: "warn", removed: "off" } as const;

/** More than this many titles of one node's work say no more than their number. */
const WORK_SHOWN = 3;

function Node({ node }: { readonly node: NodeChip }): JSX.Element {
  return (
    <li class="chip">
      <p class="chip-head">
        <strong class="who" dir="auto" title={node.name}>
          {node.name}
        </strong>
        <StateWord state={NODE_STATES[node.state]} word={boardTexts.nodeStates[node.state]} />
        {node.state === "silent" && node.lastHeardAtMs !== undefined ? (
          <span class="quiet">
            {boardTexts.since} <Time atMs={node.lastHeardAtMs} />
          </span>
        ) : null}
      </p>
      <p class="quiet">{[node.role, node.slots, ...(node.self ? [boardTexts.thisNode] : [])].join(" · ")}</p>
      {node.workingOn.length === 0 ? null : <Work work={node.workingOn} />}
    </li>
  );
}

function Work({ work }: { readonly work: NodeChip["workingOn"] }): JSX.Element {
  const shown = work.slice(0, WORK_SHOWN);
  return (
    <p class="work">
      <span class="quiet">{boardTexts.on} </span>
      {shown.map(({ id, title }, index) => (
        <span key={id}>
          {index === 0 ? "" : ", "}
          <bdi title={title}>{shorten(title, 32) || id}</bdi>
        </span>
      ))}
      {work.length > shown.length ? boardTexts.andMore(work.length - shown.length) : ""}
    </p>
  );
}

function Claim({ claim }: { readonly claim: ClaimChip }): JSX.Element {
  return (
    <li class="chip">
      <p class="chip-title" dir="auto" title={claim.title}>
        {claim.title}
      </p>
      <LeaseLine lease={claim.lease} />
    </li>
  );
}
