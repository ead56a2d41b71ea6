/** What somebody says of what an attempt has made. */
import { type Check, integer, line, matching, noteField, record } from "./fields.ts";
import { LIMITS } from "./limits.ts";

/** `comment` names it: a command that two nodes carried out has made one. Builds on a stage of the item. */
export interface CommentBody {
  readonly kind: "item.comment";
  readonly comment: string;
  readonly text: string;
  /** The principal that says it, when it comes from a room; empty otherwise. */
  readonly by: string;
  /** The attempt it is about. */
  readonly epoch: number;
  /** What was looked at; empty when nobody says. */
  readonly commit: string;
  /** A file of that commit; empty for all of it. */
  readonly path: string;
  /** A line of that file, from 1; 0 for all of it. */
  readonly line: number;
}

export const COMMENT_BODY: Check<Omit<CommentBody, "kind">> = record({
  comment: matching(/^[0-9a-f]{16}$/),
  text: noteField,
  by: line(LIMITS.chatIdLength),
  epoch: integer(1, LIMITS.counter),
  commit: matching(/^(?:[0-9a-f]{40}|[0-9a-f]{64})?$/),
  path: line(LIMITS.pathLength),
  line: integer(0, LIMITS.counter),
});
