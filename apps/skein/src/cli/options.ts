/** Options that several commands share. */
// Not the whole package: the schema of skein.yaml takes a tenth of a second to load, and every command waits for it.
import { parseDuration } from "@skein/config/quantity";
import { InvalidArgumentError, Option } from "commander";

import { defaultDataDirectory } from "../default-directory.ts";

export const dataOption = (): Option => new Option("--data <dir>", "the node's data directory").env("SKEIN_DATA");

export const jsonOption = (): Option => new Option("--json", "print JSON");

export interface CommonOptions {
  readonly data?: string;
  readonly json?: boolean;
}

export const dataDirectoryOf = (options: CommonOptions): string => options.data ?? defaultDataDirectory(process.cwd());

/** What a command that is named to a person needs besides, when the data directory was named. */
export const dataWords = (data: string | undefined): string => (data === undefined ? "" : ` --data ${quoted(data)}`);

/** As a shell takes it back. */
export const quoted = (path: string): string =>
  /^[\w./:-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;

export const collect = (value: string, earlier: readonly string[] | undefined): readonly string[] => [
  ...(earlier ?? []),
  value,
];

const LABEL_LENGTH = 100;
const LABELS_MAX = 16;

export function collectLabel(
  value: string,
  earlier: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> {
  const at = value.indexOf("=");
  if (at < 1 || value.length > LABEL_LENGTH) {
    throw new InvalidArgumentError(`A label is key=value, at most ${LABEL_LENGTH} characters.`);
  }
  const labels = { ...earlier, [value.slice(0, at)]: value.slice(at + 1) };
  // They travel in every beat.
  if (Object.keys(labels).length > LABELS_MAX) throw new InvalidArgumentError(`At most ${LABELS_MAX} labels.`);
  return labels;
}

/** Milliseconds of `30s`, `12h`, `7d`. */
export function duration(value: string): number {
  const parsed = parseDuration(value);
  if (parsed === undefined) throw new InvalidArgumentError("A number with ms, s, m, h or d is needed, like 7d.");
  return parsed;
}

export function wholeNumber(value: string): number {
  if (!/^\d{1,9}$/.test(value)) throw new InvalidArgumentError("A whole number from 0 is needed.");
  return Number(value);
}
