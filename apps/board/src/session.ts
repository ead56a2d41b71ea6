/**
 * What a page knows and may do: the live board as signals, questions to the node, commands. Pages see `Session` and
 * nothing of how the node is reached, so that this file alone changes when the way in does.
 */
import { batch, type ReadonlySignal, signal } from "@preact/signals";
import type { Board } from "@skein/core";
import { type Connection, followBoard, type NodeFacts } from "./board-connection.ts";
import { type EventListeners, followEvents } from "./events.ts";
import { cleanToken, forgetToken, keepToken, takeToken } from "./session-token.ts";

/** Immutable snapshots: a map is a new one when it changed, a value in it is the same object until it changed. @public */
export type BoardMaps = Board;

/** @public */
export type Answer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: { readonly code: string; readonly message: string } };

export interface Session {
  readonly connection: ReadonlySignal<Connection>;
  /** The node that answers; undefined until it has answered once. */
  readonly node: ReadonlySignal<NodeFacts | undefined>;
  /** Pages are shown only once the first copy has come. */
  readonly board: ReadonlySignal<BoardMaps>;
  /** GET of a path such as `api/v1/items`, relative to the page. */
  query<T>(path: string): Promise<Answer<T>>;
  /** A file, such as a kept one, with what the query would have refused it with. */
  download(path: string): Promise<Answer<Blob>>;
  /** Server-sent events of a path, until they end or the returned function is called. */
  follow(path: string, listeners: EventListeners): () => void;
  /** A command of the registry with its input, such as `item.start` and `{ item }`. */
  command(name: string, input: object): Promise<Answer<unknown>>;
}

/** The same with the way in, for the frame alone. */
export interface Entrance extends Session {
  /** There is a board to show, fresh or stale. */
  readonly loaded: ReadonlySignal<boolean>;
  /** Why the last token was not taken; empty when it was not refused. */
  readonly refusal: ReadonlySignal<string>;
  /** False when the text cannot be a token. */
  signIn(text: string): boolean;
}

export function openSession(refused: string): Entrance {
  const connection = signal<Connection>({ type: "signed-out" });
  const node = signal<NodeFacts | undefined>(undefined);
  const board = signal<BoardMaps>({ items: new Map(), nodes: new Map(), attempts: new Map(), queue: new Map() });
  const loaded = signal(false);
  const refusal = signal("");
  let token = takeToken({ location, history, storage: sessionStorage });

  const onConnection = (now: Connection): void => {
    connection.value = now;
    if (now.type !== "signed-out") return;
    refusal.value = refused;
    loaded.value = false;
    forgetToken(sessionStorage);
  };
  const start = (accepted: string): void => {
    followBoard(accepted, {
      onConnection: (now) => batch(() => onConnection(now)),
      onNode: (facts) => (node.value = facts),
      onBoard: (maps) =>
        batch(() => {
          board.value = maps;
          loaded.value = true;
        }),
    });
  };
  if (token !== undefined) start(token);
  return {
    connection,
    node,
    board,
    loaded,
    refusal,
    signIn: (text) => {
      token = cleanToken(text);
      if (token === undefined) return false;
      keepToken(sessionStorage, token);
      refusal.value = "";
      start(token);
      return true;
    },
    query: (path) => ask(path, { headers: bearer(token) }),
    download: (path) => fetchBlob(path, { headers: bearer(token) }),
    follow: (path, listeners) => followEvents(new URL(path, document.baseURI), { headers: bearer(token) }, listeners),
    command: async (name, input) => {
      const answer = await ask<{ readonly result: unknown }>("api/v1/commands", {
        method: "POST",
        headers: { ...bearer(token), "Content-Type": "application/json" },
        body: JSON.stringify({ name, input }),
      });
      return answer.ok ? { ok: true, value: answer.value.result } : answer;
    },
  };
}

const bearer = (token: string | undefined): Record<string, string> =>
  token === undefined ? {} : { Authorization: `Bearer ${token}` };

async function ask<T>(path: string, init: RequestInit): Promise<Answer<T>> {
  try {
    const answer = await fetch(new URL(path, document.baseURI), { ...init, cache: "no-store" });
    const body: unknown = await answer.json();
    // The node is the one that served this page: what it answers has the shape the caller names.
    return answer.ok ? { ok: true, value: body as T } : { ok: false, error: errorIn(body, answer.status) };
  } catch (cause) {
    return { ok: false, error: { code: "away", message: cause instanceof Error ? cause.message : String(cause) } };
  }
}

async function fetchBlob(path: string, init: RequestInit): Promise<Answer<Blob>> {
  try {
    const answer = await fetch(new URL(path, document.baseURI), { ...init, cache: "no-store" });
    if (answer.ok) return { ok: true, value: await answer.blob() };
    return { ok: false, error: errorIn(await answer.json(), answer.status) };
  } catch (cause) {
    return { ok: false, error: { code: "away", message: cause instanceof Error ? cause.message : String(cause) } };
  }
}

function errorIn(body: unknown, status: number): { readonly code: string; readonly message: string } {
  const error = typeof body === "object" && body !== null && "error" in body ? body.error : undefined;
  if (typeof error === "object" && error !== null && "code" in error && "message" in error) {
    return { code: String(error.code), message: String(error.message) };
  }
  return { code: "unavailable", message: `HTTP ${status}` };
}
