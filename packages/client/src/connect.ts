/**
 * A client of one node, its home: connected while that answers, on with another node of the mesh while it does not, and back
 * when it does again; with its last copy where there is one and no node at all.
 *
 *     home ── cut off for a few seconds ──► another node, with a pass ── home answers again ──► home
 *       └──────── no pass, nobody there ──► stale: the last board, tried again and again
 */
import type { Board, BoardChange } from "@skein/core";

import { ALL, EMPTY_BOARD, follow, type Keys, type Readable } from "./board-state.ts";
import { boardOf, type Copies, hasSamePieces, piecesOf } from "./copies.ts";
import { openDocument, type OpenDocument, type SocketClass } from "./document.ts";
import { type Answer, type NodeFacts, readSigned, type Signed, type Status, type Who } from "./facts.ts";
import { forgetPageKey } from "./page-key.ts";
import { createPasses } from "./passes.ts";
import { type Dial, dialFor, type Fetch, get, initFor, isNobodys, keyShown, type Place, post } from "./place.ts";

export interface ConnectOptions {
  /** The node's page, like `http://127.0.0.1:4711/`; in a page its own base address. */
  readonly url: string;
  /** The node's token, in programs. Left out in a page, whose session the browser shows by itself. */
  readonly token?: string;
  /** Where the last copy is kept; nowhere when left out. */
  readonly copies?: Copies;
  /** Where there is none of the platform's own (Node.js before 22). */
  readonly WebSocket?: SocketClass;
}

export interface Listener {
  readonly onStatus?: (status: Status) => void;
  readonly onNode?: (node: NodeFacts) => void;
  readonly onWho?: (who: Who) => void;
  /** After every change, with what changed since the last call. */
  readonly onBoard?: (board: Board, change: BoardChange) => void;
}

export interface Client {
  readonly status: Status;
  /** The node that answers, or answered last; undefined before one has. */
  readonly node: NodeFacts | undefined;
  readonly who: Who | undefined;
  readonly board: Board;
  /** There is a board, fresh or from the last copy. */
  readonly hasBoard: boolean;
  /** Tells from now on. Returns the function that ends it. */
  subscribe(listener: Listener): () => void;
  /** GET of a path like `api/v1/items`. */
  query<T>(path: string): Promise<Answer<T>>;
  /** What to fetch for a path where questions go now, for answers that are no JSON: files, streams. */
  reach(path: string): { readonly url: string; readonly init: RequestInit };
  /** Where to open a socket of a path like `yjs/item/ID`, and with which protocols. */
  dial(path: string): Dial;
  /** A command of the registry, like `item.start` with `{ item }`. */
  command<T>(name: string, input: object): Promise<Answer<T>>;
  /** Ends the session and forgets the copy. */
  signOut(): Promise<void>;
  close(): void;
}

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;
/** So long the home may be gone before another node is asked. */
const PATIENCE_MS = 2_000;
const HOME_LOOK_MS = 5_000;
/** A node that does not say so soon who is signed in is as good as gone. */
const LOOK_MS = 5_000;
/** The first copy soon, later ones seldom: a large board is some megabytes each time. */
const COPY_MS = 5_000;
const COPY_AGAIN_MS = 30_000;
const PASS_LOOK_MS = 30_000;
/** While nobody is known to go on with: the nodes come with the board, and their pages when they have beaten. */
const PASS_SOON_MS = 1_000;
/** So long a node has to end the session before the page forgets it all the same. */
const SIGN_OUT_MS = 2_000;
/** About a frame. */
const GATHERED_MS = 16;

export function connect(options: ConnectOptions): Client {
  const session = createSession(options);
  void begin(session);
  onWake(() => hurry(session), session.ended.signal);
  return {
    get status() {
      return session.status;
    },
    get node() {
      return session.signed === undefined ? undefined : factsOf(session.signed);
    },
    get who() {
      return session.signed === undefined ? undefined : whoOf(session.signed);
    },
    get board() {
      return session.board;
    },
    get hasBoard() {
      return session.hasBoard;
    },
    subscribe: (listener) => {
      session.listeners.add(listener);
      return () => void session.listeners.delete(listener);
    },
    query: (path) => get(session.fetch, session.place, path),
    reach: (path) => ({ url: new URL(path, session.place.url).href, init: initFor(session.place) }),
    dial: (path) => dialFor(session.place, path),
    command: async <T>(name: string, input: object): Promise<Answer<T>> => {
      const answer = await post<{ readonly result: T }>(session.fetch, session.place, "api/v1/commands", {
        name,
        input,
      });
      return answer.ok ? { ok: true, value: answer.value.result } : answer;
    },
    signOut: () => signOut(session),
    close: () => stop(session),
  };
}

/** Everything that changes while a client lives. At most one document is shown, and one timer waits to try again. */
interface Session {
  readonly home: Place;
  readonly fetch: Fetch;
  readonly socket: SocketClass | undefined;
  readonly copies: Copies | undefined;
  readonly passes: ReturnType<typeof createPasses>;
  readonly listeners: Set<Listener>;
  readonly ended: AbortController;
  status: Status;
  signed: Signed | undefined;
  board: Board;
  hasBoard: boolean;
  /** What the copy of this session holds. */
  copied: Board | undefined;
  isCopying: boolean;
  /** Where questions go. */
  place: Place;
  document: OpenDocument | undefined;
  /** The place at another node that was entered once: its secret is good for a day. */
  guest: Place | undefined;
  waitMs: number;
  goneSinceMs: number | undefined;
  /** When the board was last known to be fresh. */
  freshMs: number | undefined;
  readonly timers: Map<"retry" | "copy" | "passes" | "home" | "show", ReturnType<typeof setTimeout>>;
  /** Grows with every document, so that a late answer for an earlier one does nothing. */
  turn: number;
}

function createSession({ url, token, copies, WebSocket: socket }: ConnectOptions): Session {
  const home: Place = {
    url: new URL(url).href,
    secret: token === undefined ? { type: "cookie" } : { type: "token", text: token },
    isHome: true,
  };
  const fetch: Fetch = (address, init) => globalThis.fetch(address, init);
  return {
    home,
    fetch,
    socket,
    copies,
    passes: createPasses({ fetch, home: home.url, now: Date.now }),
    listeners: new Set(),
    ended: new AbortController(),
    status: { type: "connecting" },
    signed: undefined,
    board: EMPTY_BOARD,
    hasBoard: false,
    copied: undefined,
    isCopying: false,
    place: home,
    document: undefined,
    guest: undefined,
    waitMs: FIRST_WAIT_MS,
    goneSinceMs: undefined,
    freshMs: undefined,
    timers: new Map(),
    turn: 0,
  };
}

// ── telling ─────────────────────────────────────────────────────────────────────────────────────────────────────────

function tell(session: Session, status: Status): void {
  session.status = status;
  for (const { onStatus } of session.listeners) onStatus?.(status);
}

function tellSigned(session: Session, signed: Signed): void {
  session.signed = signed;
  for (const { onNode, onWho } of session.listeners) {
    onNode?.(factsOf(signed));
    onWho?.(whoOf(signed));
  }
}

const factsOf = ({ mesh, node, nodeName }: Signed): NodeFacts => ({ mesh, node, name: nodeName });
const whoOf = ({ member, name, role }: Signed): Who => ({ member, name, role });

/** Also the first time, when there is nothing on the board: then there is a board. */
function show(session: Session, maps: Readable, keys: Keys): void {
  const followed = follow(session.board, maps, keys);
  const isFirst = !session.hasBoard;
  session.hasBoard = true;
  if (followed !== undefined) session.board = followed.board;
  else if (!isFirst) return;
  const change = followed?.change ?? NO_CHANGE;
  for (const { onBoard } of session.listeners) onBoard?.(session.board, change);
}

const NO_CHANGE: BoardChange = { items: new Map(), nodes: new Map(), attempts: new Map(), queue: new Map() };

// ── connecting ──────────────────────────────────────────────────────────────────────────────────────────────────────

async function begin(session: Session): Promise<void> {
  const opened = openCopy(session);
  await attempt(session);
  await opened;
}

/** Asks who is there: a browser does not say why a socket was refused. */
async function ask(session: Session, place: Place): Promise<Signed | "refused" | "away"> {
  const shown = keyShown(place);
  const answer = await get<unknown>(session.fetch, place, "api/v1/session", LOOK_MS);
  if (answer.ok) return readSigned(answer.value) ?? "away";
  if (answer.error.code !== "unauthorized") return "away";
  // Another tab has signed in anew meanwhile: what was refused is a key that is none any more.
  const now = keyShown(place);
  return now !== shown && now !== "" ? "away" : "refused";
}

async function attempt(session: Session): Promise<void> {
  const { home, ended } = session;
  const asked = await ask(session, home);
  if (ended.signal.aborted) return;
  if (asked === "refused") return refused(session);
  if (asked !== "away") return open(session, home, asked);
  session.goneSinceMs ??= Date.now();
  const isPatient = Date.now() - session.goneSinceMs < PATIENCE_MS;
  if (!isPatient && (await goOnElsewhere(session))) return;
  if (!ended.signal.aborted) retry(session);
}

/** True when another node took the client in. */
async function goOnElsewhere(session: Session): Promise<boolean> {
  const ways = [() => session.guest, () => session.passes.enter()];
  for (const way of ways) {
    const place = await way();
    if (place === undefined) continue;
    const asked = await ask(session, place);
    if (session.ended.signal.aborted) return true;
    if (asked === "refused") session.guest = undefined;
    if (asked === "refused" || asked === "away") continue;
    session.guest = place;
    open(session, place, asked);
    lookForHome(session);
    return true;
  }
  return false;
}

/** While another node serves it: back as soon as the home answers again. */
function lookForHome(session: Session): void {
  wait(session, "home", HOME_LOOK_MS, async () => {
    const asked = await ask(session, session.home);
    if (session.ended.signal.aborted || session.place.isHome) return;
    if (asked === "refused") refused(session);
    else if (asked === "away") lookForHome(session);
    else open(session, session.home, asked);
  });
}

/** The board of before is shown until the new one is there as a whole. */
function open(session: Session, place: Place, signed: Signed): void {
  const turn = ++session.turn;
  const isCurrent = (): boolean => turn === session.turn && !session.ended.signal.aborted;
  // Another mesh at the same address has nothing to do with the board that was there.
  if (session.signed !== undefined && session.signed.mesh !== signed.mesh) session.board = EMPTY_BOARD;
  const before = session.document;
  const gathered: { keys: Keys | undefined } = { keys: undefined };
  const opened = openDocument(place, session.socket, {
    onBoard: (maps, keys) => {
      if (!isCurrent()) return;
      before?.close();
      gathered.keys = joined(gathered.keys, keys);
      // Many changes that come together are told once. A timer and not a frame: a hidden page shall know its board too.
      if (session.timers.has("show")) return;
      wait(session, "show", GATHERED_MS, () => {
        const all = gathered.keys ?? ALL;
        gathered.keys = undefined;
        if (!isCurrent()) return;
        live(session, place, signed);
        show(session, maps, all);
        keepCopy(session);
      });
    },
    onEnd: () => {
      if (!isCurrent()) return;
      before?.close();
      session.document = undefined;
      session.goneSinceMs = Date.now();
      retry(session);
    },
  });
  session.document = opened;
}

function joined(a: Keys | undefined, b: Keys): Keys {
  if (a === undefined) return b;
  const both = (name: keyof Keys): ReadonlySet<string> | "all" => {
    const [one, two] = [a[name], b[name]];
    return one === "all" || two === "all" ? "all" : new Set([...one, ...two]);
  };
  return { items: both("items"), nodes: both("nodes"), attempts: both("attempts"), queue: both("queue") };
}

/** Every change says that it is fresh; what is told is only news. */
function live(session: Session, place: Place, signed: Signed): void {
  session.freshMs = Date.now();
  session.waitMs = FIRST_WAIT_MS;
  session.goneSinceMs = undefined;
  const isSame = session.status.type === "live" && session.place === place;
  session.place = place;
  if (isSame) return;
  if (place.isHome) cancel(session, "home");
  tellSigned(session, signed);
  tell(session, place.isHome ? { type: "live" } : { type: "live", elsewhere: new URL(place.url).origin });
  keepPasses(session);
}

function retry(session: Session): void {
  cancel(session, "home");
  session.place = session.home;
  const sinceMs = session.freshMs ?? session.goneSinceMs ?? Date.now();
  if (session.status.type !== "stale") tell(session, { type: "stale", sinceMs });
  wait(session, "retry", session.waitMs, () => attempt(session));
  session.waitMs = Math.min(session.waitMs * 2, LONGEST_WAIT_MS);
}

/** Somebody looks again, or the network is back: no reason to sit out the rest of the wait. */
function hurry(session: Session): void {
  if (!session.timers.has("retry")) return;
  cancel(session, "retry");
  void attempt(session);
}

// ── passes, copies, the end ─────────────────────────────────────────────────────────────────────────────────────────

/** A program with the token has no session that another node could take over. */
function keepPasses(session: Session): void {
  if (session.home.secret.type === "token") return;
  const refresh = async (): Promise<void> => {
    const { status, place, board, signed } = session;
    const isLive = status.type === "live" && signed !== undefined;
    const others = isLive ? await session.passes.refresh(place, board, signed.role) : 0;
    if (!session.ended.signal.aborted) wait(session, "passes", others === 0 ? PASS_SOON_MS : PASS_LOOK_MS, refresh);
  };
  wait(session, "passes", PASS_SOON_MS, refresh);
}

async function openCopy(session: Session): Promise<void> {
  // Somebody has signed out while what is kept could not be cleared.
  if (isNobodys(session.home)) return session.copies?.clear().catch(() => undefined);
  const copy = await session.copies?.load().catch(() => undefined);
  // What a node says counts more, and has come first.
  if (copy === undefined || session.hasBoard || session.ended.signal.aborted) return undefined;
  const [signed, board] = [readSigned(copy.head), boardOf(copy)];
  if (signed === undefined || board === undefined) return undefined;
  const { savedMs } = copy.head;
  session.freshMs = savedMs;
  tellSigned(session, signed);
  show(session, board, ALL);
  if (session.status.type === "stale") tell(session, { type: "stale", sinceMs: savedMs });
  return undefined;
}

function keepCopy(session: Session): void {
  if (session.copies === undefined || session.isCopying || session.timers.has("copy")) return;
  wait(session, "copy", session.copied === undefined ? COPY_MS : COPY_AGAIN_MS, () => saveCopy(session));
}

async function saveCopy(session: Session): Promise<void> {
  const { copies, signed, status, board, copied, ended } = session;
  if (copies === undefined || signed === undefined || status.type !== "live") return;
  session.isCopying = true;
  const head = { ...signed, savedMs: Date.now(), nodes: board.nodes };
  const pieces = copied !== undefined && hasSamePieces(copied, board) ? undefined : await madeBitByBit(piecesOf(board));
  // Whoever signs out meanwhile leaves nothing behind.
  const isIn = !ended.signal.aborted && !isNobodys(session.home);
  const isSaved = isIn && (await copies.save(head, pieces).then(isDone, isNotDone));
  session.isCopying = false;
  // No room for it costs the copy; the one of before is as old as it says.
  if (isSaved) session.copied = board;
  if (session.board !== board) keepCopy(session);
}

const isDone = (): boolean => true;
const isNotDone = (): boolean => false;

async function madeBitByBit<T>(parts: Iterable<T>): Promise<readonly T[]> {
  const made: T[] = [];
  for (const part of parts) {
    made.push(part);
    await new Promise((resolve) => setTimeout(resolve));
  }
  return made;
}

function refused(session: Session): void {
  stop(session);
  if (session.home.secret.type === "cookie") forgetPageKey();
  session.hasBoard = false;
  session.board = EMPTY_BOARD;
  void session.copies?.clear().catch(() => undefined);
  tell(session, { type: "signed-out" });
}

async function signOut(session: Session): Promise<void> {
  const { guest, place } = session;
  const places = guest === undefined || guest === place ? [place] : [place, guest];
  const told = Promise.all(places.map((one) => post(session.fetch, one, "api/v1/session/end", {})));
  await session.copies?.clear().catch(() => undefined);
  // A node that hangs keeps nobody in: without the page's key the cookie opens nothing.
  await Promise.race([told, new Promise((resolve) => setTimeout(resolve, SIGN_OUT_MS))]);
  refused(session);
}

function stop(session: Session): void {
  session.ended.abort();
  session.turn++;
  session.document?.close();
  session.document = undefined;
  session.passes.clear();
  for (const timer of session.timers.values()) clearTimeout(timer);
  session.timers.clear();
}

// ── timers ──────────────────────────────────────────────────────────────────────────────────────────────────────────

type TimerName = Parameters<Session["timers"]["get"]>[0];

/** One timer of each name: a later one takes the place of an earlier one. */
function wait(session: Session, name: TimerName, ms: number, run: () => Promise<void> | void): void {
  cancel(session, name);
  if (session.ended.signal.aborted) return;
  const timer = setTimeout(() => {
    session.timers.delete(name);
    void run();
  }, ms);
  session.timers.set(name, timer);
}

function cancel({ timers }: Session, name: TimerName): void {
  clearTimeout(timers.get(name));
  timers.delete(name);
}

function onWake(run: () => void, signal: AbortSignal): void {
  if (typeof document === "undefined") return;
  globalThis.addEventListener("online", run, { signal });
  const look = (): void => {
    if (!document.hidden) run();
  };
  document.addEventListener("visibilitychange", look, { signal });
}
