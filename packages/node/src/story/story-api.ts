/** What editing one story together looks like from outside of the node: a seat that is told, a session that says. */
import type { CommandError, CursorSelection, Result, StoryText } from "@skein/core";

export interface Cursor {
  /** The Yjs client of the session. */
  readonly client: number;
  /** Who it is: a member or a person by name, as the node knows them. */
  readonly name: string;
  /** Null when it is nowhere: the editor is not in focus. */
  readonly selection: CursorSelection | null;
}

/** Why a session is over. `again`: opening another one at once is right; what was not saved is written again there. */
export interface SessionEnd {
  readonly type: "again" | "refused" | "not-saved" | "gone";
  readonly message: string;
}

/** Told what happens to the story. None of these may throw. */
export interface StorySeat {
  /** What became part of the story, its own edits too; durable. */
  update(update: Uint8Array): void;
  /** So many of its edits are durable, counted from the beginning. */
  saved(edits: number): void;
  /** Others' cursors that moved; undefined for one that is gone. */
  cursors(moved: ReadonlyMap<number, Cursor | undefined>): void;
  /** Nothing more comes. */
  end(why: SessionEnd): void;
}

export interface StorySession {
  /** The Yjs client that its edits are by. */
  readonly client: number;
  readonly mayEdit: boolean;
  /** The whole story as one Yjs update. */
  state(): Uint8Array;
  /** One Yjs update; what is wrong with it ends the session. */
  edit(update: Uint8Array): void;
  move(selection: Cursor["selection"]): void;
  close(): void;
}

/** Who sits there. */
export interface Writer {
  readonly name: string;
  /** Id (hex) of the member; undefined for a program, which is the node itself. */
  readonly member: string | undefined;
}

export interface Stories {
  open(at: StoryText, who: Writer, seat: StorySeat): Result<StorySession, CommandError>;
}
