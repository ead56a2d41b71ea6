/**
 * How the demo tells what happens: as a live picture in a terminal, as plain lines where there is none, or not at all
 * when a program reads the summary.
 */
import type { DemoEvent } from "./events.ts";
import { dim, type Line, paint } from "./line.ts";
import { drawView, type ViewState } from "./live-view.ts";
import { createScreen } from "./screen.ts";
import { seconds } from "./seconds.ts";

export interface Reporter {
  /** A line that stays. */
  say(line: Line): void;
  /** The state now, with the events that are new since the last call. */
  show(state: ViewState, news: readonly DemoEvent[]): void;
  /** The picture is complete; what is said next comes below it. */
  finish(): void;
}

export interface Terminal {
  readonly isTty: boolean;
  readonly color: boolean;
  columns(): number;
  rows(): number;
  write(text: string): void;
}

/** Standard output. NO_COLOR and dumb terminals are respected (no-color.org). */
export function standardTerminal(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): Terminal {
  const isTty = stream.isTTY && env["TERM"] !== "dumb";
  return {
    isTty,
    color: isTty && (env["NO_COLOR"] ?? "") === "",
    // A terminal that does not know its size says 0.
    columns: () => stream.columns || 80,
    rows: () => stream.rows || 24,
    write: (text) => void stream.write(text),
  };
}

export function createReporter(terminal: Terminal, names: readonly string[]): Reporter {
  return terminal.isTty ? liveReporter(terminal, names) : plainReporter(terminal, names);
}

export const silentReporter: Reporter = { say: () => undefined, show: () => undefined, finish: () => undefined };

function liveReporter(terminal: Terminal, names: readonly string[]): Reporter {
  const { color } = terminal;
  const write = (text: string): void => terminal.write(text);
  const screen = createScreen({ write, columns: () => terminal.columns(), color, names });
  return {
    say: (line) => write(`${paint(line, { columns: undefined, color, names })}\n`),
    show: (state) => screen.draw(drawView(state, { columns: terminal.columns(), rows: terminal.rows() })),
    finish: () => screen.close(),
  };
}

function plainReporter(terminal: Terminal, names: readonly string[]): Reporter {
  const { color } = terminal;
  const say = (line: Line): void => terminal.write(`${paint(line, { columns: undefined, color, names })}\n`);
  return {
    say,
    show: (_state, news) => {
      for (const { atMs, line } of news) say([dim(`${seconds(atMs).padStart(7)}  `), ...line]);
    },
    finish: () => undefined,
  };
}
