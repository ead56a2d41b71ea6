/** The HTTP API of a running node as tests use it: typed answers, and errors that say which node refused what. */
import type { BoardAttempt, BoardClaim, BoardNode, WholeItem } from "@skein/core";
import type { LogChunk } from "@skein/node";

interface Digest {
  readonly digest: string;
  readonly foldVersion: number;
  readonly ops: number;
  readonly heads: Readonly<Record<string, number>>;
}

export type ShownItem = WholeItem & { readonly why: readonly string[]; readonly attemptLog: readonly BoardAttempt[] };

type ShownClaim = BoardClaim & { readonly item: string; readonly title: string; readonly stage: string };

interface HistoryOp {
  readonly op: string;
  readonly on: string | null;
  readonly kind: string;
  readonly author: string;
  /** Who asked for it in a chat room; null when nobody did. */
  readonly by: string | null;
  readonly seq: number;
  readonly lamport: number;
  readonly winning: boolean;
  readonly outcome: "accepted" | "noted" | "rejected" | "quarantined";
  readonly stage?: string;
  readonly epoch?: number;
  readonly note?: string;
  readonly reason?: string;
}

export interface ShownIncident {
  readonly type: string;
  readonly subject: string;
  readonly message: string;
  readonly count: number;
}

interface ShownFork {
  readonly author: string;
  readonly authorName: string;
  readonly seq: number;
  readonly message: string;
  readonly proof: readonly { readonly header: string; readonly signature: string }[];
}

interface DoctorReport {
  readonly ok: boolean;
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly message: string }[];
  readonly incidents: readonly ShownIncident[];
}

interface MemberList {
  readonly mesh: string;
  readonly members: readonly {
    readonly id: string;
    readonly key: string;
    readonly earlierKeys: readonly string[];
    readonly name: string;
    readonly role: string;
    readonly removed: boolean;
  }[];
  readonly invites: readonly { readonly ticket: string; readonly role: string; readonly usedBy: string | null }[];
}

interface InviteAnswer {
  readonly ticket: string;
  readonly role: string;
  readonly expires: number;
  readonly addresses: readonly string[];
}

interface ApiError {
  readonly code: string;
  readonly message: string;
}

type Answer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly status: number; readonly error: ApiError };

export interface AddItem {
  readonly title: string;
  readonly text?: string;
  readonly priority?: number;
  readonly labels?: readonly string[];
  readonly dependsOn?: readonly string[];
  readonly start?: boolean;
  readonly qa?: string;
}

export interface Api {
  readonly http: string;
  readonly token: string;
  /** A GET under /api/v1; throws when the node refuses. */
  get<T>(path: string): Promise<T>;
  /** A command of the registry; throws when it is refused. */
  command<T>(name: string, input?: unknown): Promise<T>;
  tryCommand<T>(name: string, input?: unknown): Promise<Answer<T>>;
  addItem(item: AddItem): Promise<WholeItem>;
  items(): Promise<readonly WholeItem[]>;
  item(id: string): Promise<ShownItem>;
  history(id: string): Promise<readonly HistoryOp[]>;
  claims(): Promise<readonly ShownClaim[]>;
  nodes(): Promise<readonly BoardNode[]>;
  members(): Promise<MemberList>;
  digest(): Promise<Digest>;
  doctor(): Promise<DoctorReport>;
  forks(): Promise<readonly ShownFork[]>;
  invite(role: string, ttl?: string): Promise<InviteAnswer>;
  logs(id: string, epoch?: number): Promise<LogChunk>;
  /** An address that signs one browser in as the node's own member, with this role at most. */
  loginLink(role?: string): Promise<string>;
}

const ANSWER_MS = 30_000;

export function createApi(name: string, http: string, token: string): Api {
  const ask = async <T>(path: string, init: RequestInit = {}): Promise<Answer<T>> => {
    const response = await fetch(`${http}${path}`, {
      ...init,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    const body: unknown = await response.json();
    if (response.ok) {
      // The node's own answers; tests assert on what they hold.
      return { ok: true, value: body as T };
    }
    const { error } = body as { readonly error: ApiError };
    return { ok: false, status: response.status, error };
  };
  const must = <T>(what: string, answer: Answer<T>): T => {
    if (answer.ok) return answer.value;
    throw new Error(`${name} refused ${what}: ${answer.status} ${answer.error.code}: ${answer.error.message}`);
  };
  const get = async <T>(path: string): Promise<T> => must(`GET ${path}`, await ask<T>(`/api/v1${path}`));
  const tryCommand = async <T>(command: string, input: unknown = {}): Promise<Answer<T>> => {
    const body = JSON.stringify({ name: command, input });
    const answer = await ask<{ readonly result: T }>("/api/v1/commands", { method: "POST", body });
    return answer.ok ? { ok: true, value: answer.value.result } : answer;
  };
  const command = async <T>(named: string, input: unknown = {}): Promise<T> =>
    must(`${named} ${JSON.stringify(input).slice(0, 200)}`, await tryCommand<T>(named, input));
  return {
    http,
    token,
    get,
    command,
    tryCommand,
    addItem: (item) => command("item.add", item),
    items: () => get("/items?all=true"),
    item: (id) => get(`/items/${id}`),
    history: (id) => get(`/items/${id}/history`),
    claims: () => get("/claims"),
    nodes: () => get("/nodes"),
    members: () => get("/members"),
    digest: () => get("/digest"),
    doctor: () => get("/doctor"),
    forks: () => get("/forks"),
    invite: (role, ttl = "1h") => command("member.invite", { role, ttl }),
    loginLink: async (role = "owner") => {
      const body = JSON.stringify({ role });
      const made = await ask<{ readonly page: string; readonly fragment: string }>("/api/v1/logins", {
        method: "POST",
        body,
      });
      const { page, fragment } = must("a sign-in link", made);
      return `${page}/${fragment}`;
    },
    logs: (id, epoch) => get(`/logs/${id}${epoch === undefined ? "" : `?epoch=${epoch}`}`),
  };
}
