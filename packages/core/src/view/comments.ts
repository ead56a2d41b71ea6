/** What people have said of what attempts have made: for those who look at an item, and for whoever works on it next. */
import { memberOfPrincipal } from "../chat/speaker.ts";
import type { LiveItem } from "../command/find.ts";
import type { Comment } from "../fold/annotations.ts";
import { compareStamp } from "../op/stamp.ts";
import type { Naming } from "./project.ts";

/** As it is told, the earliest first. */
export type BoardComment = {
  /** Its own name: the same however often it was written. */
  readonly comment: string;
  readonly text: string;
  readonly by: string;
  readonly epoch: number;
  readonly commit: string;
  readonly path: string;
  readonly line: number;
  readonly at: number;
};

export const commentsOf = (item: LiveItem, naming: Pick<Naming, "nameOf">): readonly BoardComment[] =>
  item.annotations.comments.toSorted(compareStamp).map((one) => projectComment(one, naming));

const projectComment = (said: Comment, { nameOf }: Pick<Naming, "nameOf">): BoardComment => {
  const { comment, text, by, author, epoch, commit, path, line, wall } = said;
  return { comment, text, by: sayerOf({ by, author }, nameOf), epoch, commit, path, line, at: wall };
};

/** The name of whoever said something: a principal's own, or that of the member that spoke or signed. */
export function sayerOf(
  { by, author }: { readonly by: string; readonly author: string },
  nameOf: Naming["nameOf"],
): string {
  const member = by === "" ? author : memberOfPrincipal(by);
  return member === undefined ? by : nameOf(member);
}

const COMMENTS_TOLD = 50;
const TEXT_TOLD = 12_000;

/**
 * What an agent is told of comments on attempts before its own, as Markdown; empty when there are none. The newest are told when
 * they are too many, and it says that there are more.
 */
export function commentsTold(item: LiveItem, epoch: number, naming: Pick<Naming, "nameOf">): string {
  const about = commentsOf(item, naming).filter((one) => one.epoch < epoch);
  const told: string[] = [];
  let length = 0;
  for (const one of about.toReversed()) {
    const words = tell(one);
    length += words.length;
    if (told.length === COMMENTS_TOLD || (length > TEXT_TOLD && told.length > 0)) break;
    told.unshift(words);
  }
  if (told.length === 0) return "";
  const left = about.length - told.length;
  const earlier = left === 0 ? "" : `${left} earlier ${left === 1 ? "comment is" : "comments are"} left out here.\n\n`;
  return `\n## What people said of the attempts before\n\n${earlier}${told.join("\n")}`;
}

/** Paths are anybody's words, too: one line, and the text indented so that it stays one block whatever is in it. */
function tell({ by, epoch, commit, path, line, text }: BoardComment): string {
  const place = path === "" ? "the whole" : `${path}${line === 0 ? "" : `, line ${line}`}`;
  const at = commit === "" ? "" : ` at ${commit.slice(0, 12)}`;
  const body = text
    .split("\n")
    .map((one) => `    ${one}`)
    .join("\n");
  return `- ${by} on epoch ${epoch}${at}, ${place}:\n\n${body}\n`;
}
