/**
 * Makes what programs print harmless to show: text, tabs, line feeds and, where they are wanted, colors go through; every
 * other control character and every escape sequence is taken out (ECMA-48, as terminals read it). What comes out depends
 * on the whole text and not on the pieces it comes in.
 *
 * A sequence that never ends must not hide what follows: it is over at the end of its line, and after 4,096 characters.
 */

export interface TerminalFilter {
  /** What of the text so far may be shown now. */
  write(text: string): string;
  /** Nothing more comes. Colors that are still on end here. */
  end(): string;
}

type State = "text" | "escape" | "control" | "string" | "string-escape";

interface Machine {
  state: State;
  /** Characters of the sequence under way. */
  length: number;
  /** Of a control sequence: everything before its last character, as far as it can be a color. */
  parameters: string;
}

const SEQUENCE_MAX = 4_096;
const COLOR_MAX = 64;
const ESC = 0x1b;
const newMachine = (): Machine => ({ state: "text", length: 0, parameters: "" });

export function createTerminalFilter({ colors }: { readonly colors: boolean }): TerminalFilter {
  let machine = newMachine();
  let isColored = false;
  return {
    write: (text) => {
      let shown = "";
      for (const character of text) {
        const out = step(machine, character);
        if (out.length > 1 && out.startsWith("\u001b")) {
          if (!colors) continue;
          isColored = !RESET.test(out);
        }
        shown += out;
      }
      return shown;
    },
    end: () => {
      machine = newMachine();
      const reset = isColored ? "\u001b[0m" : "";
      isColored = false;
      return reset;
    },
  };
}

// oxlint-disable-next-line no-control-regex -- the escape character is what a color begins with
const RESET = /^\u001b\[0*m$/;

/** Without colors, for rooms and files. */
export const plainOutput = (text: string): string => createTerminalFilter({ colors: false }).write(text);

export interface ShownOutput {
  readonly text: string;
  /** So many bytes it stands for; the next piece begins there. */
  readonly bytes: number;
}

/**
 * A piece of a longer output, with colors. It ends before a character or a sequence that is cut off, so that pieces put
 * together show what the whole does; `isLast` says that nothing comes behind it.
 */
export function shownOutput(output: Uint8Array, isLast: boolean): ShownOutput {
  const machine = newMachine();
  let text = "";
  let from = 0;
  for (let at = 0; at < output.length;) {
    const { length, isCut } = characterAt(output, at);
    if (isCut && !isLast) return { text, bytes: machine.state === "text" ? at : from };
    if (machine.state === "text") from = at;
    // A sequence that is broken off by the beginning of another one starts anew.
    else if (output[at] === ESC && machine.state !== "string") from = at;
    const isAscii = length === 1 && (output[at] ?? 0) < 0x80;
    const character = isAscii ? String.fromCharCode(output[at] ?? 0) : DECODER.decode(output.subarray(at, at + length));
    text += step(machine, character);
    at += length;
  }
  return { text, bytes: machine.state === "text" || isLast ? output.length : from };
}

const DECODER = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });

/** The length of the character there; of what is none, one byte. */
function characterAt(bytes: Uint8Array, at: number): { readonly length: number; readonly isCut: boolean } {
  const first = bytes[at] ?? 0;
  const length = first >= 0xf0 && first < 0xf8 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
  for (let next = 1; next < length; next++) {
    if (at + next >= bytes.length) return { length: 1, isCut: true };
    if (((bytes[at + next] ?? 0) & 0xc0) !== 0x80) return { length: 1, isCut: false };
  }
  return { length, isCut: false };
}

/** Takes one character and returns what may be shown: itself, a color, or nothing. */
function step(machine: Machine, character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (machine.state === "text") return stepText(machine, character, code);
  machine.length += 1;
  if (isBroken(machine, code)) {
    begin(machine, "text");
    return stepText(machine, character, code);
  }
  switch (machine.state) {
    case "escape":
      stepEscape(machine, code);
      return "";
    case "control":
      return stepControl(machine, character, code);
    case "string":
      if (code === 0x07 || code === 0x9c) begin(machine, "text");
      else if (code === ESC) machine.state = "string-escape";
      return "";
    case "string-escape":
      // Its end (a backslash), or another sequence.
      if (code === 0x5c) begin(machine, "text");
      else {
        begin(machine, "escape");
        stepEscape(machine, code);
      }
      return "";
    default:
      return machine.state satisfies never;
  }
}

/** What no sequence goes on behind: the end of the line, a cancel, what is no part of one, and too much of it. */
function isBroken({ state, length }: Machine, code: number): boolean {
  if (length > SEQUENCE_MAX || code === 0x0a || code === 0x18 || code === 0x1a) return true;
  if (state === "string") return false;
  return (code < 0x20 && code !== ESC) || code > 0x7e;
}

function begin(machine: Machine, state: State): void {
  machine.state = state;
  machine.length = 0;
  machine.parameters = "";
}

function stepText(machine: Machine, character: string, code: number): string {
  if (code === ESC) begin(machine, "escape");
  else if (code === 0x9b) begin(machine, "control");
  else if (STRINGS_8_BIT.has(code)) begin(machine, "string");
  else if (!isControl(code)) return character;
  return "";
}

/** Device control, start of string, operating system command, privacy message, application program command. */
const STRINGS_8_BIT: ReadonlySet<number> = new Set([0x90, 0x98, 0x9d, 0x9e, 0x9f]);
const STRINGS: ReadonlySet<number> = new Set([0x50, 0x58, 0x5d, 0x5e, 0x5f]);

/** Tab and line feed are text; line and paragraph separators and changes of direction are none. */
const isControl = (code: number): boolean =>
  (code < 0x20 && code !== 0x09 && code !== 0x0a) ||
  (code >= 0x7f && code <= 0x9f) ||
  (code >= 0x2028 && code <= 0x202e) ||
  (code >= 0x2066 && code <= 0x2069);

function stepEscape(machine: Machine, code: number): void {
  if (code === ESC) begin(machine, "escape");
  else if (code === 0x5b) begin(machine, "control");
  else if (STRINGS.has(code)) begin(machine, "string");
  // What stands between the escape character and the last one.
  else if (code >= 0x30) begin(machine, "text");
}

function stepControl(machine: Machine, character: string, code: number): string {
  if (code === ESC) {
    begin(machine, "escape");
    return "";
  }
  if (code < 0x40) {
    if (machine.parameters.length <= COLOR_MAX) machine.parameters += character;
    return "";
  }
  const { parameters } = machine;
  begin(machine, "text");
  const isColor = character === "m" && parameters.length <= COLOR_MAX && /^[0-9;:]*$/.test(parameters);
  return isColor ? `\u001b[${parameters}m` : "";
}
