/** Where a node's log goes: lines for people, or JSON lines for machines. Standard error, so that output stays output. */
import type { LogFields, Logger, LogLevel } from "@skein/node";

const ORDER: readonly LogLevel[] = ["error", "warn", "info", "debug"];

export interface LogOutput {
  readonly json: boolean;
  readonly level: LogLevel;
  readonly write: (line: string) => void;
}

export function createLogger({ json, level, write }: LogOutput): Logger {
  return (lineLevel: LogLevel, event: string, fields: LogFields = {}) => {
    if (ORDER.indexOf(lineLevel) > ORDER.indexOf(level)) return;
    const at = new Date().toISOString();
    write(
      json
        ? `${JSON.stringify({ at, level: lineLevel, event, ...fields })}\n`
        : `${forPeople(at, lineLevel, event, fields)}\n`,
    );
  };
}

function forPeople(at: string, level: LogLevel, event: string, fields: LogFields): string {
  const shown = Object.entries(fields).map(([key, value]) => `${key}=${printable(String(value))}`);
  const mark = level === "info" ? "" : `${level} `;
  return `${at.slice(11, 19)} ${mark}${event} ${shown.join(" ")}`.trimEnd();
}

/** Names and messages come from other machines: no control characters reach the terminal. */
export const printable = (text: string): string =>
  // oxlint-disable-next-line no-control-regex -- control characters are what this takes out
  text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, "·");
