/** The flow page: the merge queue, figures and charts of how work flows, and who held what when. */
import "../../parts/sheet.css";
import "./flow.css";
import { useSignal } from "@preact/signals";
import type { Flow, FlowRange, Timeline, TimelineRow } from "@skein/core";
import type { JSX } from "preact";

import { replaceQuery } from "../../frame/router.ts";
import type { PageProps } from "../../frame/routes.ts";
import { tell } from "../../frame/toasts.tsx";
import { useAnswer } from "../../parts/answer.ts";
import { Problem } from "../../parts/problem.tsx";
import { Ticked } from "../../parts/ticked.tsx";
import type { Session } from "../../session.ts";
import { plainText } from "../../text.ts";
import { flowTexts } from "../../texts/flow.ts";
import { durationText } from "../../texts/units.ts";
import { Failures, Spend, Throughput, Times } from "./charts.tsx";
import { type Blame, type Queue, QueuePanel } from "./queue.tsx";
import { TimelinePanel } from "./timeline.tsx";

const RANGES: readonly FlowRange[] = ["24h", "7d", "30d"];

export default function FlowPage({ session, route }: PageProps): JSX.Element {
  const range = RANGES.find((one) => one === route.query.get("range")) ?? "7d";
  return (
    <div class="sheet flow-page">
      <header class="sheet-head">
        <h1>{flowTexts.title}</h1>
        <p class="quiet">{flowTexts.clocks}</p>
        <div class="choice" role="group" aria-label={flowTexts.range}>
          {RANGES.map((one) => (
            <button key={one} type="button" aria-pressed={one === range} onClick={() => replaceQuery({ range: one })}>
              {flowTexts.ranges[one]}
            </button>
          ))}
        </div>
      </header>
      <QueuePart session={session} />
      <FlowPart key={`flow ${range}`} session={session} range={range} />
      <TimelinePart key={`timeline ${range}`} session={session} range={range} />
    </div>
  );
}

/** What the queue and its blame are made of. */
const touchQueue = (session: Session): void => {
  void session.board.value.queue;
  void session.board.value.items;
};

function QueuePart({ session }: { readonly session: Session }): JSX.Element | null {
  const queue = useAnswer<Queue>(session, "api/v1/queue", () => touchQueue(session));
  const blame = useAnswer<Blame>(session, "api/v1/queue/blame", () => touchQueue(session));
  const { value } = queue.value;
  return value === undefined ? null : <QueuePanel session={session} queue={value} blame={blame.value.value} />;
}

interface PartProps {
  readonly session: Session;
  readonly range: FlowRange;
}

function FlowPart({ session, range }: PartProps): JSX.Element {
  const answered = useAnswer<Flow>(session, `api/v1/flow?range=${range}`, () => void session.board.value.items);
  const { value: flow, problem } = answered.value;
  if (flow === undefined) {
    if (problem !== "") return <Problem title={flowTexts.failed} why={problem} />;
    return <p class="empty">{flowTexts.waiting}</p>;
  }
  return (
    <>
      {problem === "" ? null : (
        <p class="sheet-problem" role="status">
          <bdi>
            <Ticked text={flowTexts.stalePart(problem)} />
          </bdi>
        </p>
      )}
      <Figures flow={flow} />
      <div class="charts">
        <Throughput flow={flow} />
        <Times flow={flow} />
        <Failures flow={flow} />
        <Spend flow={flow} />
      </div>
    </>
  );
}

function Figures({ flow }: { readonly flow: Flow }): JSX.Element {
  const texts = flowTexts.figures;
  const sum = (of: (day: Flow["days"][number]) => number): number =>
    flow.days.reduce((total, day) => total + of(day), 0);
  const unknown = sum((day) => day.unknown);
  const failures = flow.failures.reduce((total, { count }) => total + count, 0);
  const time = (name: string, help: string, times: Flow["lead"]): JSX.Element => (
    <Figure
      name={name}
      value={times === null ? texts.none : durationText(times.p50)}
      more={times === null ? "" : texts.within(times.p85, times.p95)}
      help={help}
    />
  );
  return (
    <dl class="figures">
      <Figure
        name={texts.landed}
        value={String(flow.landed)}
        more={flow.unclear === 0 ? "" : texts.unclear(flow.unclear)}
      />
      {time(texts.lead, texts.leadHelp, flow.lead)}
      {time(texts.cycle, texts.cycleHelp, flow.cycle)}
      <Figure name={texts.failures} value={String(failures)} more="" />
      <Figure
        name={texts.spent}
        value={texts.spend(
          sum((day) => day.microUsd),
          unknown,
          sum((day) => day.attempts),
        )}
        more={unknown === 0 ? "" : texts.unknownSpend(unknown)}
      />
    </dl>
  );
}

interface FigureProps {
  readonly name: string;
  readonly value: string;
  readonly more: string;
  readonly help?: string;
}

function Figure({ name, value, more, help }: FigureProps): JSX.Element {
  return (
    <div class="figure" title={help}>
      <dt>{name}</dt>
      <dd>
        <b>{value}</b>
        {more === "" ? null : <span class="quiet">{more}</span>}
      </dd>
    </div>
  );
}

function TimelinePart({ session, range }: PartProps): JSX.Element | null {
  const path = `api/v1/timeline?range=${range}`;
  const answered = useAnswer<Timeline>(session, path, () => void session.board.value.attempts);
  /** The pages behind the first, which alone changes while one looks. */
  const older = useSignal<{ readonly rows: readonly TimelineRow[]; readonly next: string | null } | undefined>(
    undefined,
  );
  const timeline = answered.value.value;
  if (timeline === undefined) return null;
  const next = older.value === undefined ? timeline.next : older.value.next;
  const more = async (): Promise<void> => {
    const answer = await session.query<Timeline>(`${path}&after=${encodeURIComponent(next ?? "")}`);
    if (!answer.ok) return tell("problem", plainText(answer.error.message));
    older.value = { rows: [...(older.peek()?.rows ?? []), ...answer.value.rows], next: answer.value.next };
    return undefined;
  };
  const fresh = new Set(timeline.rows.map(({ item }) => item));
  const rows = [...timeline.rows, ...(older.value?.rows ?? []).filter(({ item }) => !fresh.has(item))];
  return <TimelinePanel timeline={timeline} rows={rows} onMore={next === null ? undefined : () => void more()} />;
}
