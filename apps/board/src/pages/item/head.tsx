/** The head of an item's page, and the facts beside its tabs. */
import type { ComponentChildren, JSX } from "preact";
import { addressOf } from "../../frame/router.ts";
import { Copy } from "../../parts/copy.tsx";
import { HOLDER_COLOURS, holderState } from "../../parts/holder.ts";
import { Ticked } from "../../parts/ticked.tsx";
import { StateWord } from "../../parts/state-word.tsx";
import { Time } from "../../parts/time.tsx";
import type { Session } from "../../session.ts";
import { plainText } from "../../text.ts";
import { itemTexts } from "../../texts/item.ts";
import { Causes, type CausesProps } from "./causes.tsx";
import type { Details } from "./details.ts";
import { Edit } from "./edit.tsx";

export function ItemHead(props: CausesProps): JSX.Element {
  const { session, item } = props;
  return (
    <header class="item-head">
      <p class="item-line">
        <span class="item-stage" data-stage={item.stage}>
          {item.stage}
          {item.archiveReason === null ? "" : `: ${item.archiveReason}`}
        </span>
        <code class="quiet">{item.id}</code>
        <Copy text={item.id} label={itemTexts.copyId} />
        <span class="quiet">{item.type}</span>
        <span class="quiet" title={itemTexts.priority(item.priority)}>
          P{item.priority}
        </span>
        {item.cost === null ? null : <span class="quiet">{itemTexts.cost(plainText(item.cost))}</span>}
      </p>
      <div class="item-title-line">
        <h2 class="item-title" dir="auto">
          {plainText(item.title)}
        </h2>
        <Edit session={session} item={item} onDone={props.onDone} />
      </div>
      <Holder session={session} item={item} />
      {item.stuck.length > 0 ? <Causes {...props} /> : <Reasons item={item} />}
    </header>
  );
}

function Holder({ session, item: { claim, stage, activity } }: FactsProps): JSX.Element | null {
  if (claim === null) {
    return stage === "Coding" || stage === "Qa" || stage === "Merge" ? (
      <p class="item-line quiet">{itemTexts.nobody}</p>
    ) : null;
  }
  const { nodes } = session.board.value;
  const state = holderState({ nodes, isLive: session.connection.value.type === "live" }, claim);
  return (
    <p class="item-line">
      <StateWord state={HOLDER_COLOURS[state]} word={itemTexts.lease[state]} />
      <bdi class="who">{plainText(claim.nodeName)}</bdi>
      <span class="quiet">{itemTexts.epoch(claim.epoch)}</span>
      <span class="quiet">
        {itemTexts.since} <Time atMs={claim.since} />
      </span>
      <span class="quiet">{itemTexts.leaseMs(claim.ttlMs)}</span>
      {activity === "" || state !== "alive" ? null : <bdi class="item-activity">{plainText(activity)}</bdi>}
    </p>
  );
}

/** Each is a sentence of the node's, with the way out where there is one. */
function Reasons({ item }: { readonly item: Details }): JSX.Element | null {
  if (item.why.length === 0) return null;
  const isStuck = item.hold !== "" || item.questions.length > 0 || item.landing === "refuted";
  return (
    <ul class="item-why" aria-label={itemTexts.why} data-stuck={isStuck}>
      {item.why.map((reason) => (
        <li key={reason} dir="auto">
          <Ticked text={plainText(reason)} />
        </li>
      ))}
    </ul>
  );
}

interface FactsProps {
  readonly session: Session;
  readonly item: Details;
}

export function Facts({ session, item }: FactsProps): JSX.Element {
  const board = session.board.value;
  const names = itemTexts.factNames;
  const landing = item.landing === null ? "" : ` (${itemTexts.landing[item.landing]})`;
  return (
    <aside class="item-facts" aria-label={itemTexts.facts}>
      <dl>
        <Fact name={names.labels} shown={item.labels.length > 0}>
          {item.labels.map((label) => (
            <bdi key={label} class="item-label">
              {plainText(label)}
            </bdi>
          ))}
        </Fact>
        <Fact name={names.parent} shown={item.parent !== ""}>
          <ItemLink {...(board.items.get(item.parent) ?? { id: item.parent })} />
        </Fact>
        <Fact name={names.parts} shown={item.parts.length > 0}>
          {item.parts.map((part) => (
            <ItemLink key={part.id} {...part} />
          ))}
        </Fact>
        <Fact name={names.dependsOn} shown={item.dependsOn.length > 0}>
          {item.dependsOn.map((id) => (
            <ItemLink key={id} {...(board.items.get(id) ?? { id })} />
          ))}
        </Fact>
        <Fact name={names.overlaps} shown={item.overlaps.length > 0}>
          {item.overlaps.map((one) => (
            <ItemLink key={one.id} {...one} />
          ))}
        </Fact>
        <Fact name={names.branch} shown={item.branch !== null}>
          <code>{item.branch}</code>
        </Fact>
        <Fact name={names.tip} shown={item.tip !== null}>
          <code title={item.tip ?? ""}>{item.tip?.slice(0, 12)}</code>
        </Fact>
        <Fact name={names.merged} shown={item.mergeCommit !== null}>
          <code title={item.mergeCommit ?? ""}>{item.mergeCommit?.slice(0, 12)}</code>
          {landing}
        </Fact>
        <Fact name={names.created} shown={true}>
          <Time atMs={item.createdAt} />
        </Fact>
        <Fact name={names.updated} shown={true}>
          <Time atMs={item.updatedAt} />
        </Fact>
      </dl>
    </aside>
  );
}

interface FactProps {
  readonly name: string;
  readonly shown: boolean;
  readonly children: ComponentChildren;
}

function Fact({ name, shown, children }: FactProps): JSX.Element | null {
  if (!shown) return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

interface ItemLinkProps {
  readonly id: string;
  readonly title?: string;
  readonly stage?: string;
}

function ItemLink({ id, title, stage }: ItemLinkProps): JSX.Element {
  return (
    <a class="item-link" href={addressOf(`/items/${encodeURIComponent(id)}`)}>
      <bdi>{title === undefined ? id : plainText(title)}</bdi>
      {stage === undefined ? null : <span class="quiet"> {stage}</span>}
    </a>
  );
}
