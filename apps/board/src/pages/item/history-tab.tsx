/** The history as the tree it is, the newest op first: branches drawn beside each other, refused ops with their reason. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { EmptyState } from "../../parts/empty-state.tsx";
import { Problem } from "../../parts/problem.tsx";
import { StateWord } from "../../parts/state-word.tsx";
import { Time } from "../../parts/time.tsx";
import { plainText } from "../../text.ts";
import { itemTexts } from "../../texts/item.ts";
import { type HistoryRow, useAnswer } from "./details.ts";
import { type GraphRow, graphOf, lanesIn } from "./history-graph.ts";
import type { TabProps } from "./index.tsx";

export function HistoryTab({ session, item, revision }: TabProps): JSX.Element {
  const onlyStages = useSignal(false);
  const most = useSignal(ROWS_SHOWN);
  const path = `api/v1/items/${encodeURIComponent(item.id)}/history`;
  const answer = useAnswer<readonly HistoryRow[]>(session, path, revision).value;
  if (answer.type === "loading") return <EmptyState>{itemTexts.loading}</EmptyState>;
  if (answer.type === "failed") return <Problem title={itemTexts.gone} why={answer.message} />;
  const shown = answer.value.filter(({ effect }) => !onlyStages.value || effect !== "noted");
  const graph = graphOf(shown);
  const lanes = lanesIn(graph);
  return (
    <>
      <p class="item-line log-bar">
        <label class="item-switch">
          <input
            type="checkbox"
            checked={onlyStages.value}
            onChange={(event) => (onlyStages.value = event.currentTarget.checked)}
          />
          {itemTexts.onlyStages}
        </label>
      </p>
      <ol class="history" aria-label={itemTexts.historyList}>
        {graph.slice(0, most.value).map((one) => (
          <Row key={one.row.op} graph={one} lanes={lanes} />
        ))}
      </ol>
      {graph.length <= most.value ? null : (
        <button type="button" onClick={() => (most.value += ROWS_SHOWN)}>
          {itemTexts.earlierOps(graph.length - most.value)}
        </button>
      )}
    </>
  );
}

/** A history may have a hundred thousand ops; who wants to see the older ones asks for them. */
const ROWS_SHOWN = 300;

const STATES = {
  accepted: "good",
  alternate: "warn",
  noted: "off",
  rejected: "bad",
  quarantined: "bad",
} as const;

function Row({ graph, lanes }: { readonly graph: GraphRow; readonly lanes: number }): JSX.Element {
  const { row } = graph;
  const node = plainText(row.authorName);
  const effect = itemTexts.effect[row.effect];
  return (
    <li class="history-row" data-effect={row.effect} style={{ paddingInlineStart: `${(lanes + 1) * LANE + 8}px` }}>
      <Lanes graph={graph} lanes={lanes} />
      <details>
        <summary>
          <bdi class="history-words">{plainText(row.words)}</bdi>
          {effect === "" ? null : <StateWord state={STATES[row.effect]} word={effect} />}
          {row.signature === "verified" ? null : <StateWord state="bad" word={itemTexts.signature[row.signature]} />}
          <bdi class="quiet">{row.by === null ? node : itemTexts.by(plainText(row.by), node)}</bdi>
          <span class="quiet">
            <Time atMs={row.wall} />
          </span>
          {row.reason === undefined ? null : <bdi class="history-reason">{plainText(row.reason)}</bdi>}
        </summary>
        <OpFacts row={row} />
      </details>
    </li>
  );
}

function OpFacts({ row }: { readonly row: HistoryRow }): JSX.Element {
  const names = itemTexts.opFacts;
  const effect = row.effect === "accepted" ? itemTexts.winning : (row.reason ?? itemTexts.effect[row.effect]);
  const facts: readonly (readonly [string, string])[] = [
    [names.op, row.op],
    [names.on, row.on ?? ""],
    [names.author, row.author],
    [names.incarnation, `${row.incarnation}, ${row.seq}`],
    [names.lamport, String(row.lamport)],
    [names.wall, new Date(row.wall).toISOString()],
    [names.signature, itemTexts.signature[row.signature]],
    [names.effect, plainText(effect)],
    [names.after, row.stage === undefined || row.epoch === undefined ? "" : itemTexts.asState(row.stage, row.epoch)],
  ];
  return (
    <dl class="history-facts">
      {facts
        .filter(([, value]) => value !== "")
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <bdi>{value}</bdi>
            </dd>
          </div>
        ))}
    </dl>
  );
}

const LANE = 14;
/** Of a row's first line; the rest of a row is as high as its words need. */
const MIDDLE = 16;

const xOf = (lane: number): number => lane * LANE + LANE / 2;

/** What comes from this op bends into it; the rest runs straight through. The words beside it say the same. */
function Lanes({ graph, lanes }: { readonly graph: GraphRow; readonly lanes: number }): JSX.Element {
  const { row, lane, through, hasAbove, hasBelow, joins } = graph;
  const width = (lanes + 1) * LANE;
  const x = xOf(lane ?? lanes);
  return (
    <svg class="history-lanes" width={width} aria-hidden="true">
      {through.map((one) => (
        <line key={one} data-lane={one} x1={xOf(one)} x2={xOf(one)} y1={0} y2="100%" />
      ))}
      {joins.map((one) => (
        <path key={`join ${one}`} data-lane={one} d={`M${xOf(one)} 0Q${xOf(one)} ${MIDDLE} ${x} ${MIDDLE}`} />
      ))}
      {hasAbove ? <line data-lane={lane} x1={x} x2={x} y1={0} y2={MIDDLE} /> : null}
      {hasBelow ? <line data-lane={lane} x1={x} x2={x} y1={MIDDLE} y2="100%" /> : null}
      {lane === undefined ? <Mark x={x} row={row} /> : <circle data-lane={lane} cx={x} cy={MIDDLE} r={4} />}
    </svg>
  );
}

/** A cross for what was refused, a small ring for what was said. */
function Mark({ x, row }: { readonly x: number; readonly row: HistoryRow }): JSX.Element {
  if (row.effect === "noted") return <circle class="history-said" cx={x} cy={MIDDLE} r={3} />;
  return <path class="history-refused" d={`M${x - 3.5} ${MIDDLE - 3.5}l7 7m0 -7l-7 7`} />;
}
