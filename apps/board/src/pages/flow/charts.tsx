/**
 * The charts of the flow page. Each is a figure that says in one sentence what it shows, with the numbers as a table behind it:
 * the drawing is for the eye alone.
 */
import type { Flow } from "@skein/core";
import type { ComponentChildren, JSX } from "preact";
import { useId } from "preact/hooks";

import { flowTexts } from "../../texts/flow.ts";
import { durationText, moneyText } from "../../texts/units.ts";
import {
  type Bar,
  columnsOf,
  labelled,
  linePath,
  linePoints,
  type Plot,
  stackedBars,
  type Tick,
  ticksOf,
} from "./chart-shapes.ts";

const texts = flowTexts.charts;

const PLOT: Plot = { width: 330, height: 150, left: 42, bottom: 22 };
const WORD_WIDTH = 46;

interface ChartProps {
  readonly title: string;
  /** The whole of it in a sentence. */
  readonly says: string;
  readonly drawing: ComponentChildren;
  readonly legend?: ComponentChildren;
  readonly table: ComponentChildren;
}

function Chart({ title, says, drawing, legend, table }: ChartProps): JSX.Element {
  const id = useId();
  return (
    <figure class="panel chart" aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      <figcaption>{says}</figcaption>
      {drawing}
      {legend}
      <details>
        <summary>{flowTexts.table}</summary>
        <div class="table-room" tabIndex={0} role="group" aria-label={title}>
          {table}
        </div>
      </details>
    </figure>
  );
}

interface AxesProps {
  readonly ticks: readonly Tick[];
  readonly tickWord: (value: number) => string;
  readonly words: readonly string[];
  readonly children: ComponentChildren;
}

function Drawing({ ticks, tickWord, words, children }: AxesProps): JSX.Element {
  const columns = columnsOf(words.length, PLOT);
  return (
    <svg class="drawing" viewBox={`0 0 ${PLOT.width} ${PLOT.height}`} aria-hidden="true">
      {ticks.map(({ at, value }) => (
        <g key={value} class="tick">
          <line x1={PLOT.left} x2={PLOT.width} y1={at} y2={at} />
          <text x={PLOT.left - 6} y={at} dy="0.32em" text-anchor="end">
            {tickWord(value)}
          </text>
        </g>
      ))}
      {labelled(words.length, PLOT, WORD_WIDTH).map((place) => (
        <text
          key={place}
          class="axis-word"
          x={Math.min(PLOT.width - WORD_WIDTH / 3, (columns.at[place] ?? 0) + columns.width / 2)}
          y={PLOT.height - 6}
          text-anchor="middle"
        >
          {words[place]}
        </text>
      ))}
      {children}
    </svg>
  );
}

function Bars({ bars, part }: { readonly bars: readonly (Bar | undefined)[]; readonly part: string }): JSX.Element {
  return (
    <>
      {bars.map((bar, place) =>
        bar === undefined || bar.height === 0 ? null : (
          <rect key={place} class="bar" data-part={part} rx="2" {...bar} />
        ),
      )}
    </>
  );
}

function stepWord(at: number, isDay: boolean): string {
  const time = new Date(at);
  return isDay
    ? time.toLocaleDateString(undefined, { day: "numeric", month: "short", timeZone: "UTC" })
    : time.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: "UTC" });
}

const isByDay = ({ stepMs }: Flow): boolean => stepMs > 3_600_000;

export function Throughput({ flow }: { readonly flow: Flow }): JSX.Element {
  const isDay = isByDay(flow);
  const most = Math.max(0, ...flow.steps.map(({ landed }) => landed));
  const bars = stackedBars(
    flow.steps.map(({ landed }) => [landed]),
    most,
    PLOT,
  );
  return (
    <Chart
      title={texts.throughput}
      says={texts.throughputText(flow.landed, most, isDay)}
      drawing={
        <Drawing
          ticks={ticksOf(most, PLOT, true)}
          tickWord={String}
          words={flow.steps.map(({ at }) => stepWord(at, isDay))}
        >
          <Bars bars={bars.map(([bar]) => bar)} part="landed" />
        </Drawing>
      }
      table={<StepTable flow={flow} />}
    />
  );
}

function StepTable({ flow }: { readonly flow: Flow }): JSX.Element {
  const isDay = isByDay(flow);
  const known = (ms: number | null): string => (ms === null ? "" : durationText(ms));
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">{texts.columns.from}</th>
          <th scope="col">{texts.columns.landed}</th>
          <th scope="col">{texts.columns.lead}</th>
          <th scope="col">{texts.columns.cycle}</th>
        </tr>
      </thead>
      <tbody>
        {flow.steps.map(({ at, landed, leadMs, cycleMs }) => (
          <tr key={at}>
            <th scope="row">{stepWord(at, isDay)}</th>
            <td>{landed}</td>
            <td>{known(leadMs)}</td>
            <td>{known(cycleMs)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Ticks at whole units: hours where days are many. */
export function Times({ flow }: { readonly flow: Flow }): JSX.Element {
  const isDay = isByDay(flow);
  const lead = flow.steps.map(({ leadMs }) => leadMs);
  const cycle = flow.steps.map(({ cycleMs }) => cycleMs);
  const most = Math.max(0, ...[...lead, ...cycle].map((ms) => ms ?? 0));
  const [unit, word] = unitFor(most);
  const inUnits = (values: readonly (number | null)[]): readonly (number | null)[] =>
    values.map((ms) => (ms === null ? null : ms / unit));
  return (
    <Chart
      title={texts.times}
      says={texts.timesText(flow.lead?.p50, flow.cycle?.p50)}
      drawing={
        <Drawing
          ticks={ticksOf(most / unit, PLOT)}
          tickWord={(value) => `${value} ${word}`}
          words={flow.steps.map(({ at }) => stepWord(at, isDay))}
        >
          <Line values={inUnits(lead)} max={most / unit} part="lead" />
          <Line values={inUnits(cycle)} max={most / unit} part="cycle" />
        </Drawing>
      }
      legend={<Legend parts={["lead", "cycle"]} />}
      table={<StepTable flow={flow} />}
    />
  );
}

const UNITS: readonly (readonly [number, string])[] = [
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "min"],
  [1_000, "s"],
];

const unitFor = (ms: number): readonly [number, string] => UNITS.find(([unit]) => ms >= 2 * unit) ?? [1_000, "s"];

interface LineProps {
  readonly values: readonly (number | null)[];
  readonly max: number;
  readonly part: string;
}

function Line({ values, max, part }: LineProps): JSX.Element {
  return (
    <g class="chart-line" data-part={part}>
      <path d={linePath(values, max, PLOT)} />
      {linePoints(values, max, PLOT).map(({ x, y }) => (
        <circle key={x} cx={x} cy={y} r="2.5" />
      ))}
    </g>
  );
}

function Legend({ parts }: { readonly parts: readonly (keyof typeof texts.legend)[] }): JSX.Element {
  return (
    <ul class="legend">
      {parts.map((part) => (
        <li key={part}>
          <span class="swatch" data-part={part} aria-hidden="true" />
          {texts.legend[part]}
        </li>
      ))}
    </ul>
  );
}

export function Failures({ flow }: { readonly flow: Flow }): JSX.Element {
  const total = flow.failures.reduce((sum, { count }) => sum + count, 0);
  const [worst] = flow.failures;
  const most = worst?.count ?? 1;
  return (
    <figure class="panel chart">
      <h2>{texts.failures}</h2>
      <figcaption>{texts.failuresText(total, worst === undefined ? "" : flowTexts.reasons[worst.reason])}</figcaption>
      {flow.failures.length === 0 ? null : (
        <table class="failures">
          <thead class="only-heard">
            <tr>
              <th scope="col">{texts.columns.reason}</th>
              <th scope="col">{texts.columns.times}</th>
              <th scope="col">{texts.columns.items}</th>
            </tr>
          </thead>
          <tbody>
            {flow.failures.map(({ reason, count, items }) => (
              <tr key={reason}>
                <th scope="row">{flowTexts.reasons[reason]}</th>
                <td class="failure-bar">
                  <span style={{ width: `${(100 * count) / most}%` }} aria-hidden="true" />
                  {count}
                </td>
                <td class="quiet">{flowTexts.figures.items(items)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </figure>
  );
}

export function Spend({ flow }: { readonly flow: Flow }): JSX.Element {
  const { days } = flow;
  const cap = flow.caps?.day ?? null;
  const caps = days.map((day) => day.cap ?? cap);
  const most = Math.max(
    0,
    ...days.map(({ microUsd, reserved }) => microUsd + reserved),
    ...caps.map((one) => one ?? 0),
  );
  const dollars = (microUsd: number): number => microUsd / 1_000_000;
  const bars = stackedBars(
    days.map(({ microUsd, reserved }) => [dollars(microUsd), dollars(reserved)]),
    dollars(most),
    PLOT,
  );
  const sum = (of: (day: Flow["days"][number]) => number): number => days.reduce((total, day) => total + of(day), 0);
  const total = flowTexts.figures.spend(
    sum((day) => day.microUsd),
    sum((day) => day.unknown),
    sum((day) => day.attempts),
  );
  const last = caps.at(-1) ?? null;
  const isDrawn = {
    spent: true,
    reserved: sum((day) => day.reserved) > 0,
    unknown: sum((day) => day.unknown) > 0,
    cap: caps.some((one) => one !== null),
  };
  const words = days.map(({ day }) => stepWord(Date.parse(`${day}T00:00:00Z`), true));
  return (
    <Chart
      title={texts.spend}
      says={texts.spendText(total, last === null ? "" : moneyText(last))}
      drawing={
        <Drawing ticks={ticksOf(dollars(most), PLOT)} tickWord={(value) => `$${value}`} words={words}>
          <Bars bars={bars.map(([bar]) => bar)} part="spent" />
          <Bars bars={bars.map((parts) => parts[1])} part="reserved" />
          <Unknown flow={flow} bars={bars} />
          <Line values={caps.map((one) => (one === null ? null : dollars(one)))} max={dollars(most)} part="cap" />
        </Drawing>
      }
      legend={<Legend parts={SPEND_PARTS.filter((part) => isDrawn[part])} />}
      table={<SpendTable flow={flow} caps={caps} />}
    />
  );
}

const SPEND_PARTS = ["spent", "reserved", "unknown", "cap"] as const;

/** A day whose sum does not cover everything carries a mark: its bar says at least. */
function Unknown({ flow, bars }: { readonly flow: Flow; readonly bars: readonly (readonly Bar[])[] }): JSX.Element {
  const columns = columnsOf(flow.days.length, PLOT);
  return (
    <>
      {flow.days.map(({ unknown, day }, place) =>
        unknown === 0 ? null : (
          <text
            key={day}
            class="unknown-mark"
            x={(columns.at[place] ?? 0) + columns.width / 2}
            y={(bars[place]?.at(-1)?.y ?? PLOT.height - PLOT.bottom) - 5}
            text-anchor="middle"
          >
            ?
          </text>
        ),
      )}
    </>
  );
}

interface SpendTableProps {
  readonly flow: Flow;
  readonly caps: readonly (number | null)[];
}

function SpendTable({ flow, caps }: SpendTableProps): JSX.Element {
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">{texts.columns.day}</th>
          <th scope="col">{texts.columns.spent}</th>
          <th scope="col">{texts.columns.reserved}</th>
          <th scope="col">{texts.columns.cap}</th>
        </tr>
      </thead>
      <tbody>
        {flow.days.map(({ day, microUsd, unknown, attempts, reserved }, place) => (
          <tr key={day}>
            <th scope="row">{day}</th>
            <td title={unknown === 0 ? undefined : flowTexts.figures.unknownSpend(unknown)}>
              {flowTexts.figures.spend(microUsd, unknown, attempts)}
            </td>
            <td>{moneyText(reserved)}</td>
            <td>{caps[place] === null ? texts.noCap : moneyText(caps[place] ?? 0)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
