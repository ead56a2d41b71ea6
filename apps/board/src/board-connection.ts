/**
 * The connection to the node that served the page. It asks who is there, then follows the board document until it is cut
 * off, waits, and begins anew.
 *
 * Every connection gets a new, empty document. A node that restarted writes its board under a new author, and what is
 * left of the old one would win over it or linger beside it.
 */
import type { Board, BoardAttempt, BoardItem, BoardNode, BoardQueueEntry, Role } from "@skein/core";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";

export type Connection =
  | { readonly type: "connecting" }
  | { readonly type: "live" }
  | { readonly type: "stale"; readonly sinceMs: number }
  /** The node is there, and nobody is signed in here; nothing more is tried. */
  | { readonly type: "signed-out" };

export interface NodeFacts {
  readonly mesh: string;
  readonly name: string;
}

/** As whom the page acts, and the most that it may do. @public */
export interface Who {
  /** Member id (hex). */
  readonly member: string;
  readonly name: string;
  readonly role: Role;
}

export interface ConnectionListeners {
  readonly onConnection: (connection: Connection) => void;
  readonly onNode: (node: NodeFacts, who: Who) => void;
  /** Called once for all changes between two frames. */
  readonly onBoard: (board: Board) => void;
}

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;
/** About a frame. */
const GATHERED_MS = 16;

export function followBoard(listeners: ConnectionListeners): void {
  let waitMs = FIRST_WAIT_MS;
  let staleSinceMs: number | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const ended = new AbortController();

  const attempt = async (): Promise<void> => {
    timer = undefined;
    const asked = await askNode();
    if (asked === "refused") {
      ended.abort();
      listeners.onConnection({ type: "signed-out" });
    } else if (asked === "away") retry();
    else {
      listeners.onNode(asked.node, asked.who);
      openDocument({ onBoard, onCutOff: retry });
    }
  };
  const onBoard = (board: Board): void => {
    waitMs = FIRST_WAIT_MS;
    staleSinceMs = undefined;
    listeners.onConnection({ type: "live" });
    listeners.onBoard(board);
  };
  const retry = (): void => {
    staleSinceMs ??= Date.now();
    listeners.onConnection({ type: "stale", sinceMs: staleSinceMs });
    timer = setTimeout(() => void attempt(), waitMs);
    waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
  };
  // Somebody looks again, or the network is back: no reason to sit out the rest of the wait.
  const hurry = (): void => {
    if (timer === undefined || document.hidden) return;
    clearTimeout(timer);
    void attempt();
  };
  globalThis.addEventListener("online", hurry, { signal: ended.signal });
  document.addEventListener("visibilitychange", hurry, { signal: ended.signal });
  listeners.onConnection({ type: "connecting" });
  void attempt();
}

/** A browser does not say why a WebSocket was refused; a request does. */
async function askNode(): Promise<Asked | "refused" | "away"> {
  try {
    const answer = await fetch(new URL("api/v1/session", document.baseURI), {
      headers: PAGE_HEADER,
      cache: "no-store",
    });
    if (answer.status === 401) return "refused";
    return answer.ok ? parseSession(await answer.json()) : "away";
  } catch {
    return "away";
  }
}

interface Asked {
  readonly node: NodeFacts;
  readonly who: Who;
}

/** No page of another site can send it without asking the node first. */
export const PAGE_HEADER: Readonly<Record<string, string>> = { "X-Skein-Page": "1" };

const ROLES: readonly Role[] = ["observer", "agent", "operator", "owner"];

function parseSession(value: unknown): Asked | "away" {
  if (typeof value !== "object" || value === null || !("mesh" in value) || !("nodeName" in value)) return "away";
  if (!("member" in value) || !("name" in value) || !("role" in value)) return "away";
  const { mesh, nodeName, member, name, role: said } = value;
  const role = ROLES.find((one) => one === said);
  const isTold = [mesh, nodeName, member, name].every((one) => typeof one === "string");
  if (!isTold || role === undefined) return "away";
  return {
    node: { mesh: String(mesh), name: String(nodeName) },
    who: { member: String(member), name: String(name), role },
  };
}

interface DocumentListeners {
  readonly onBoard: (board: Board) => void;
  readonly onCutOff: () => void;
}

function openDocument({ onBoard, onCutOff }: DocumentListeners): void {
  const doc = new Y.Doc();
  const items = copyOf<BoardItem>(doc, "items");
  const nodes = copyOf<BoardNode>(doc, "nodes");
  const attempts = copyOf<BoardAttempt>(doc, "attempts");
  const queue = copyOf<BoardQueueEntry>(doc, "queue");
  const provider = new WebsocketProvider(socketUrl(), "board", doc, { disableBc: true });
  // The page has no presence to tell.
  provider.awareness.setLocalState(null);
  let timer: ReturnType<typeof setTimeout> | undefined;
  // Many changes that come together are one drawing. A timer and not a frame: a hidden page shall know its board too.
  const show = (): void => {
    if (!provider.synced) return;
    timer ??= setTimeout(() => {
      timer = undefined;
      onBoard({ items: items(), nodes: nodes(), attempts: attempts(), queue: queue() });
    }, GATHERED_MS);
  };
  provider.on("sync", show);
  doc.on("afterTransaction", show);
  let over = false;
  provider.on("connection-close", () => {
    if (over) return;
    over = true;
    clearTimeout(timer);
    // Not within the provider's own handler, which goes on after this one.
    queueMicrotask(() => {
      provider.destroy();
      doc.destroy();
      onCutOff();
    });
  });
}

/** Reads a map of the document: the same copy until something in it changed, and then the same values for what did not. */
function copyOf<T>(doc: Y.Doc, name: string): () => ReadonlyMap<string, T> {
  const source = doc.getMap<T>(name);
  let copy: ReadonlyMap<string, T> = new Map();
  let changed = false;
  source.observe(() => {
    changed = true;
  });
  return () => {
    if (changed) copy = new Map(source);
    changed = false;
    return copy;
  };
}

function socketUrl(): string {
  const url = new URL("yjs", document.baseURI);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}
