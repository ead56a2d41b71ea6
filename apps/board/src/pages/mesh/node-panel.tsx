/** One node in full, and what can be done to it. */
import type { BoardItem, MeshNode } from "@skein/core";
import type { ComponentChildren, JSX } from "preact";

import { Copy } from "../../parts/copy.tsx";
import { StateWord } from "../../parts/state-word.tsx";
import { Time } from "../../parts/time.tsx";
import { plainText } from "../../text.ts";
import { meshTexts } from "../../texts/mesh.ts";
import { type Action, actionsFor } from "./actions.tsx";
import { clockOf, nameOf, reachOf, stateOf } from "./facts.ts";
import { Held, labelsText } from "./tables.tsx";

export interface NodePanelProps {
  readonly node: MeshNode | undefined;
  readonly held: readonly BoardItem[];
  /** Undefined for who may look and not act. */
  readonly onAction: ((action: Action) => void) | undefined;
}

const { fields, columns } = meshTexts;

export function NodePanel({ node, held, onAction }: NodePanelProps): JSX.Element {
  return (
    <section class="panel mesh-panel" aria-labelledby="mesh-node">
      <h2 id="mesh-node">
        <bdi>{node === undefined ? meshTexts.details : nameOf(node)}</bdi>
      </h2>
      {node === undefined ? <p class="empty">{meshTexts.choose}</p> : <Facts node={node} held={held} />}
      {node === undefined || onAction === undefined ? null : (
        <div class="mesh-actions">
          {actionsFor(node).map((action) => (
            <button key={action} type="button" onClick={() => onAction(action)}>
              {meshTexts.actions[action]}
            </button>
          ))}
        </div>
      )}
    </section>
  );
}

function Facts({ node, held }: { readonly node: MeshNode; readonly held: readonly BoardItem[] }): JSX.Element {
  const { state, word } = stateOf(node);
  const clock = clockOf(node);
  return (
    <dl class="facts">
      <Fact name={columns.state}>
        <StateWord state={state} word={word} />
      </Fact>
      <Fact name={columns.role}>{node.role}</Fact>
      <Fact name={fields.reach}>{reachOf(node)}</Fact>
      {node.self || node.heardAgoMs === null ? null : (
        <Fact name={columns.heard} help={meshTexts.heardHelp}>
          {meshTexts.heardAgo(node.heardAgoMs)}
        </Fact>
      )}
      {clock.word === "" ? null : (
        <Fact name={columns.clock} help={meshTexts.clockHelp}>
          {clock.word}
        </Fact>
      )}
      <Fact name={fields.standby}>
        {node.standby === "" ? meshTexts.takesWork : meshTexts.takesNone(plainText(node.standby))}
      </Fact>
      <Fact name={columns.slots}>
        {node.slots === 0 ? meshTexts.noSlots : meshTexts.slotsFree(node.slotsFree, node.slots)}
      </Fact>
      <Fact name={columns.holds}>{held.length === 0 ? meshTexts.holdsNothing : <Held items={held} />}</Fact>
      {node.load === null ? null : <Fact name={fields.load}>{`${node.load} %`}</Fact>}
      <Fact name={columns.labels}>
        <bdi>{labelsText(node) || (node.alive ? meshTexts.labelsNone : meshTexts.labelsUnheard)}</bdi>{" "}
        <span class="mesh-how">
          {meshTexts.labelsHow} <code>{meshTexts.labelsCommand}</code>
        </span>
      </Fact>
      <Fact name={columns.version}>
        <bdi>{plainText(node.version) || meshTexts.unknown}</bdi>
      </Fact>
      <Fact name={fields.address}>
        <bdi>{plainText(node.address) || meshTexts.noAddress}</bdi>
      </Fact>
      <Fact name={fields.joined}>
        <Time atMs={node.joinedAt} />
      </Fact>
      <Fact name={fields.id}>
        <code>{node.id.slice(0, 16)}</code>
        <Copy text={node.id} label={meshTexts.copyId} />
      </Fact>
      <Fact name={fields.key}>
        {node.key === node.id ? meshTexts.sameKey : <code>{node.key.slice(0, 16)}</code>}
        {node.earlierKeys === 0 ? null : <span class="quiet"> {meshTexts.earlierKeys(node.earlierKeys)}</span>}
      </Fact>
      <Fact name={fields.incarnations}>
        <Incarnations node={node} />
      </Fact>
    </dl>
  );
}

interface FactProps {
  readonly name: string;
  readonly help?: string;
  readonly children: ComponentChildren;
}

function Fact({ name, help, children }: FactProps): JSX.Element {
  return (
    <div title={help}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Incarnations({ node }: { readonly node: MeshNode }): JSX.Element {
  const more = node.incarnationCount - node.incarnations.length;
  if (node.incarnationCount === 0) {
    return <span class="quiet">{node.alive ? meshTexts.nothingWritten : meshTexts.nothingWrittenYet}</span>;
  }
  return (
    <ul>
      {node.incarnations.map(({ id, ops, forkedAt }) => (
        <li key={id}>
          {meshTexts.incarnation(id, ops)}
          {forkedAt === null ? null : <span class="mesh-odd"> {meshTexts.forkedAt(forkedAt)}</span>}
        </li>
      ))}
      {more > 0 ? <li>{meshTexts.incarnationsMore(more)}</li> : null}
    </ul>
  );
}
