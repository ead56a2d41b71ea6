/** Patches as rows that can be shown and commented on. The text of a patch is anybody's. */
import gitdiff, { type Change } from "gitdiff-parser";
import type { BoardComment } from "@skein/core";
import type { DiffFile } from "./details.ts";

export interface DiffLine {
  readonly type: "insert" | "delete" | "normal";
  readonly before: number | undefined;
  /** The line that a comment is on; undefined for one that is not there any more. */
  readonly after: number | undefined;
  readonly text: string;
}

interface DiffHunk {
  readonly title: string;
  readonly lines: readonly DiffLine[];
}

export interface FileView {
  readonly file: DiffFile;
  readonly hunks: readonly DiffHunk[];
  readonly isBinary: boolean;
  readonly added: number;
  readonly removed: number;
}

export function viewFile(file: DiffFile): FileView {
  const parsed = file.patch === null ? undefined : parse(file.patch);
  const hunks = (parsed?.hunks ?? []).map(({ content, changes }) => ({ title: content, lines: changes.map(lineOf) }));
  const count = (type: DiffLine["type"]): number =>
    hunks.reduce((sum, { lines }) => sum + lines.filter((line) => line.type === type).length, 0);
  return {
    file,
    hunks,
    isBinary:
      file.patch !== null && hunks.length === 0 && /(?:^|\n)(?:Binary files |GIT binary patch)/u.test(file.patch),
    added: count("insert"),
    removed: count("delete"),
  };
}

function parse(patch: string): { readonly hunks: readonly Hunk[] } | undefined {
  try {
    return gitdiff.parse(patch)[0];
  } catch {
    // A patch that it does not read is shown as what it is: nothing of it can be commented on line by line.
    return undefined;
  }
}

interface Hunk {
  readonly content: string;
  readonly changes: readonly Change[];
}

function lineOf(change: Change): DiffLine {
  const text = change.content;
  switch (change.type) {
    case "insert":
      return { type: "insert", before: undefined, after: change.lineNumber, text };
    case "delete":
      return { type: "delete", before: change.lineNumber, after: undefined, text };
    default:
      return { type: "normal", before: change.oldLineNumber, after: change.newLineNumber, text };
  }
}

/**
 * Tabs and spaces are part of a diff; what would act on the page, turn the text or end the line is shown as a mark. Files whose
 * lines end in two characters are common, so that a carriage return has a mark of its own.
 */
export const shownText = (text: string): string =>
  text
    .replaceAll("\r", "␍")
    // oxlint-disable-next-line no-control-regex -- control characters are what this marks
    .replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu, "\ufffd");

/** The comments on one attempt by where they are shown: `path`, or `path:line` where the diff has that line. */
export function placeComments(
  comments: readonly BoardComment[],
  epoch: number,
  views: readonly FileView[],
): ReadonlyMap<string, readonly BoardComment[]> {
  const lines = new Set(
    views.flatMap(({ file, hunks }) =>
      hunks.flatMap((hunk) =>
        hunk.lines.flatMap(({ after }) => (after === undefined ? [] : [`${file.path}:${after}`])),
      ),
    ),
  );
  const paths = new Set(views.map(({ file }) => file.path));
  const places = new Map<string, BoardComment[]>();
  for (const comment of comments) {
    if (comment.epoch !== epoch) continue;
    const { path, line } = comment;
    const exact = `${path}:${line}`;
    const place = lines.has(exact) ? exact : paths.has(path) ? path : "";
    places.set(place, [...(places.get(place) ?? []), comment]);
  }
  return places;
}
