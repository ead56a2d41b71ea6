/** The mesh as tables: everything that the graph shows, in words, and more. */
import type { BoardItem, Mesh, MeshNode } from "@skein/core";
import type { JSX } from "preact";

import { EmptyState } from "../../parts/empty-state.tsx";
import { StateWord } from "../../parts/state-word.tsx";
import { Time } from "../../parts/time.tsx";
import { plainText } from "../../text.ts";
import { meshTexts } from "../../texts/mesh.ts";
import { bytesText, durationText } from "../../texts/units.ts";
import { clockOf, nameOf, reachOf, stateOf } from "./facts.ts";

export interface NodeTableProps {
  readonly mesh: Mesh;
  readonly held: ReadonlyMap<string, readonly BoardItem[]>;
  readonly chosen: string | undefined;
  readonly onChoose: (node: string) => void;
}

const { columns } = meshTexts;

export function NodeTable({ mesh, held, chosen, onChoose }: NodeTableProps): JSX.Element {
  return (
    <section class="panel" aria-labelledby="mesh-nodes">
      <h2 id="mesh-nodes">{meshTexts.table}</h2>
      <div class="table-room" tabIndex={0} role="group" aria-labelledby="mesh-nodes">
        <table>
          <thead>
            <tr>
              <th scope="col">{columns.node}</th>
              <th scope="col">{columns.role}</th>
              <th scope="col">{columns.state}</th>
              <th scope="col">{meshTexts.fields.reach}</th>
              <th scope="col" title={meshTexts.heardHelp}>
                {columns.heard}
              </th>
              <th scope="col" title={meshTexts.clockHelp}>
                {columns.clock}
              </th>
              <th scope="col">{columns.slots}</th>
              <th scope="col">{columns.holds}</th>
              <th scope="col">{columns.version}</th>
              <th scope="col">{columns.labels}</th>
            </tr>
          </thead>
          <tbody>
            {mesh.nodes.map((node) => (
              <NodeRow key={node.id} node={node} held={held.get(node.id) ?? []} chosen={chosen} onChoose={onChoose} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

interface NodeRowProps extends Pick<NodeTableProps, "chosen" | "onChoose"> {
  readonly node: MeshNode;
  readonly held: readonly BoardItem[];
}

function NodeRow({ node, held, chosen, onChoose }: NodeRowProps): JSX.Element {
  const { state, word } = stateOf(node);
  const clock = clockOf(node);
  return (
    <tr data-removed={node.removed}>
      <th scope="row">
        <button type="button" class="text-button" aria-pressed={node.id === chosen} onClick={() => onChoose(node.id)}>
          <bdi>{nameOf(node)}</bdi>
        </button>
      </th>
      <td>{node.role}</td>
      <td>
        <StateWord state={state} word={word} />
      </td>
      <td>{reachOf(node)}</td>
      <td>{node.self || node.heardAgoMs === null ? "" : meshTexts.heardAgo(node.heardAgoMs)}</td>
      <td data-odd={clock.odd}>{clock.word}</td>
      <td class="number">{node.alive ? `${node.slotsFree}/${node.slots}` : ""}</td>
      <td>
        <Held items={held} />
      </td>
      <td>
        <bdi>{plainText(node.version)}</bdi>
      </td>
      <td class={Object.keys(node.labels).length > LABELS_IN_LINE ? "wide" : undefined}>
        <bdi>{labelsText(node)}</bdi>
      </td>
    </tr>
  );
}

/** More than these stand below each other, and the table stays within the page. */
const LABELS_IN_LINE = 2;

export const labelsText = ({ labels }: Pick<MeshNode, "labels">): string =>
  Object.entries(labels)
    .map(([key, value]) => plainText(`${key}=${value}`))
    .join(", ");

const HELD_LISTED = 3;

export function Held({ items }: { readonly items: readonly BoardItem[] }): JSX.Element {
  return (
    <>
      {items.slice(0, HELD_LISTED).map(({ id, title }, place) => (
        <span key={id}>
          {place === 0 ? "" : ", "}
          <a href={`#/items/${encodeURIComponent(id)}`}>
            <bdi>{plainText(title) || id}</bdi>
          </a>
        </span>
      ))}
      {items.length > HELD_LISTED ? ` ${meshTexts.holdsMore(items.length - HELD_LISTED)}` : ""}
    </>
  );
}

export function LinkTable({ mesh }: { readonly mesh: Mesh }): JSX.Element {
  const names = new Map(mesh.nodes.map((node) => [node.id, nameOf(node)]));
  const name = (id: string): string => names.get(id) ?? id.slice(0, 8);
  const known = (value: number | null, words: (value: number) => string): string =>
    value === null ? meshTexts.unknown : words(value);
  return (
    <section class="panel" aria-labelledby="mesh-links">
      <h2 id="mesh-links">{meshTexts.links}</h2>
      {mesh.links.length === 0 ? (
        <EmptyState>{meshTexts.noLinks}</EmptyState>
      ) : (
        <div class="table-room" tabIndex={0} role="group" aria-labelledby="mesh-links">
          <table>
            <thead>
              <tr>
                <th scope="col">{columns.from}</th>
                <th scope="col">{columns.to}</th>
                <th scope="col">{columns.whose}</th>
                <th scope="col">{columns.roundTrip}</th>
                <th scope="col">{columns.behind}</th>
                <th scope="col">{columns.queued}</th>
                <th scope="col">{columns.up}</th>
              </tr>
            </thead>
            <tbody>
              {mesh.links.map(({ a, b, own, toldBy, rttMs, opsBehind, queuedBytes, upForMs }) => (
                <tr key={`${a}/${b}`}>
                  <th scope="row">
                    <bdi>{name(a)}</bdi>
                  </th>
                  <td>
                    <bdi>{name(b)}</bdi>
                  </td>
                  <td>
                    <bdi>{own ? meshTexts.own : meshTexts.told(toldBy.map(name).join(", "))}</bdi>
                  </td>
                  <td class="number">{own ? known(rttMs, durationText) : ""}</td>
                  <td class="number" data-odd={(opsBehind ?? 0) > 0}>
                    {own ? known(opsBehind, meshTexts.opsBehind) : ""}
                  </td>
                  <td class="number">{own ? known(queuedBytes, bytesText) : ""}</td>
                  <td class="number">{own ? known(upForMs, durationText) : ""}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

export function InviteTable({ mesh }: { readonly mesh: Mesh }): JSX.Element {
  return (
    <section class="panel" aria-labelledby="mesh-invites">
      <h2 id="mesh-invites">{meshTexts.invitesOpen}</h2>
      {mesh.invites.length === 0 ? (
        <EmptyState>{meshTexts.noInvites}</EmptyState>
      ) : (
        <table>
          <thead>
            <tr>
              <th scope="col">{columns.role}</th>
              <th scope="col">{columns.until}</th>
              <th scope="col">{columns.by}</th>
            </tr>
          </thead>
          <tbody>
            {mesh.invites.map(({ role, expires, by }, place) => (
              <tr key={place}>
                <th scope="row">{role}</th>
                <td>
                  <Time atMs={expires} />
                </td>
                <td>
                  <bdi>{plainText(by)}</bdi>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
