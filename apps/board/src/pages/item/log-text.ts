/**
 * An attempt's output as lines of styled text, out of pieces that come one behind the other. Colours are kept as names that the
 * page has classes for; text is never hidden, whatever the output asks for. Only the last lines are held.
 */
import Anser from "anser";

interface Span {
  readonly text: string;
  /** Class names of this page, separated by spaces; empty for plain text. */
  readonly style: string;
}

export interface LogLine {
  /** Its place in the whole output, from 1. */
  readonly number: number;
  readonly spans: readonly Span[];
}

export interface LogText {
  add(piece: string): void;
  /** The last one may be unfinished. */
  lines(): readonly LogLine[];
  /** Lines that came before those that are held. */
  left(): number;
}

export const LINES_HELD = 5_000;
/** A program may print without ever ending a line. */
const LINE_LONGEST = 4_000;

const COLOURS: ReadonlySet<string> = new Set(
  ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"].flatMap((name) => [
    `ansi-${name}`,
    `ansi-bright-${name}`,
  ]),
);
const WEIGHTS: Readonly<Record<string, string>> = {
  bold: "log-bold",
  dim: "log-dim",
  italic: "log-italic",
  underline: "log-underline",
  strikethrough: "log-struck",
};

export function createLogText(): LogText {
  const anser = new Anser();
  let held: LogLine[] = [];
  let left = 0;
  let open: Span[] = [];
  let openLength = 0;

  const endLine = (): void => {
    held.push({ number: left + held.length + 1, spans: open });
    open = [];
    openLength = 0;
  };

  return {
    add: (piece) => {
      // Anser forgets the colours of before in front of the first sequence; one that does nothing brings them back.
      for (const entry of anser.ansiToJson(`\u001b[6m${piece}`, {
        json: true,
        use_classes: true,
        remove_empty: true,
      })) {
        const style = styleOf(entry);
        for (const [at, part] of entry.content.split("\n").entries()) {
          if (at > 0) endLine();
          const text = part.replaceAll("\r", "").slice(0, Math.max(0, LINE_LONGEST - openLength));
          openLength += text.length;
          if (text !== "") open.push({ text, style });
        }
      }
      if (held.length > LINES_HELD) {
        left += held.length - LINES_HELD;
        held = held.slice(-LINES_HELD);
      }
    },
    lines: () => (open.length === 0 ? [...held] : [...held, { number: left + held.length + 1, spans: [...open] }]),
    left: () => left,
  };
}

type Entry = Pick<Anser.AnserJsonEntry, "fg" | "bg" | "decorations">;

function styleOf({ fg, bg, decorations }: Entry): string {
  const isTurned = decorations.includes("reverse");
  const [front, back] = isTurned ? [bg, fg] : [fg, bg];
  const names = [
    COLOURS.has(front) ? `${front}-fg` : "",
    COLOURS.has(back) ? `${back}-bg` : "",
    isTurned && !COLOURS.has(back) ? "log-turned" : "",
    ...new Set(decorations.map((one) => WEIGHTS[one] ?? "")),
  ];
  return names.filter((name) => name !== "").join(" ");
}
