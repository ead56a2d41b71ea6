/**
 * How a command reaches a node: over the local API when one runs on the data directory, otherwise by opening the
 * directory itself for the moment it takes. Either way the answer comes after the durable ack.
 */
import { createHash } from "node:crypto";

import type { CommandError, Result, Role } from "@skein/core";
import type { Json, LogChunk } from "@skein/node";

import { readEndpoints } from "./endpoints.ts";
import { Failure } from "./failure.ts";
import { openOfflineNode } from "./offline-node.ts";

export interface Client {
  command(name: string, input: unknown): Promise<Result<Json, CommandError>>;
  readLog(item: string, epoch: number | undefined, offset: number): Promise<Result<LogChunk, CommandError>>;
  /** The content of a kept file, checked against its digest. */
  readArtifact(digest: string): Promise<Result<Uint8Array, CommandError>>;
  /** A node runs on the data directory, and answers. */
  readonly isRunning: boolean;
  /** An address that opens the board, and signs in whoever opens it first, with no more than this role. */
  login(role: Role): Promise<Result<string, CommandError>>;
  browserSessions(): Promise<Result<readonly BrowserSession[], CommandError>>;
  /** Ends one by its name, or `all`; how many ended. */
  endBrowserSession(name: string): Promise<Result<number, CommandError>>;
  close(): Promise<void>;
}

/** Somebody who is signed in at the page. */
export type BrowserSession = {
  readonly session: string;
  readonly name: string | null;
  /** What it may do now; null once its member was removed. */
  readonly role: Role | null;
  readonly by: string;
  /** The page of another node that goes on here. */
  readonly page: string | null;
  readonly since: number;
  readonly seen: number;
};

export async function connect(directory: string): Promise<Client> {
  const endpoints = readEndpoints(directory);
  if (endpoints !== undefined && (await isUp(endpoints.http))) return overHttp(endpoints.http, endpoints.token);
  return inProcess(directory);
}

/** An endpoints file may be left over from a node that was killed. */
export async function isUp(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(5_000) });
    await response.arrayBuffer();
    return true;
  } catch {
    return false;
  }
}

/** A node that does not answer for this long hangs. */
const ANSWER_MS = 60_000;

function overHttp(url: string, token: string): Client {
  const request = async (path: string, init: RequestInit): Promise<Json> => {
    const response = await fetch(`${url}${path}`, {
      ...init,
      signal: AbortSignal.timeout(ANSWER_MS),
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    });
    // The node's own answers are JSON; anything else is not our node.
    return (await response.json()) as Json;
  };
  return {
    isRunning: true,
    login: async (role) => {
      const body = JSON.stringify({ role });
      const answer = await request("/api/v1/logins", { method: "POST", body });
      // The node's own answers have these fields.
      const made = answer as { readonly page?: string; readonly fragment?: string } & Json;
      return resultOf(answer, () => `${made.page ?? url}/${made.fragment ?? ""}`);
    },
    browserSessions: async () => {
      const answer = await request("/api/v1/sessions", { method: "GET" });
      // A list, or an error.
      if (Array.isArray(answer)) return { ok: true, value: answer as readonly BrowserSession[] };
      return resultOf(answer, () => []);
    },
    endBrowserSession: async (name) => {
      const answer = await request("/api/v1/sessions/end", { method: "POST", body: JSON.stringify({ session: name }) });
      const { ended } = answer as { readonly ended?: number } & Json;
      return resultOf(answer, () => ended ?? 0);
    },
    command: async (name, input) => {
      const body = JSON.stringify({ name, input });
      return resultOf(
        await request("/api/v1/commands", { method: "POST", body }),
        (answer) => answer["result"] ?? null,
      );
    },
    readLog: async (item, epoch, offset) => {
      const query = new URLSearchParams({
        offset: String(offset),
        ...(epoch === undefined ? {} : { epoch: String(epoch) }),
      });
      const answer = await request(`/api/v1/logs/${encodeURIComponent(item)}?${query.toString()}`, { method: "GET" });
      return resultOf(answer, () => answer as LogChunk & Json);
    },
    readArtifact: async (ref) => {
      const response = await fetch(`${url}/api/v1/artifacts/${encodeURIComponent(ref)}`, {
        signal: AbortSignal.timeout(ARTIFACT_MS),
        headers: { authorization: `Bearer ${token}` },
      });
      if (!response.ok) return resultOf((await response.json()) as Json, () => new Uint8Array());
      return checked(response.headers.get("x-skein-digest") ?? "", new Uint8Array(await response.arrayBuffer()), ref);
    },
    close: () => Promise.resolve(),
  };
}

/** It may have to come from another node first. */
const ARTIFACT_MS = 600_000;

/** Whoever gave it and however it came: what has another digest is not what was asked for. */
function checked(digest: string, bytes: Uint8Array, ref: string): Result<Uint8Array, CommandError> {
  const found = createHash("sha256").update(bytes).digest("hex");
  if (found === digest && found.startsWith(ref)) return { ok: true, value: bytes };
  return { ok: false, error: { code: "unavailable", message: `What came is not what ${ref} stands for. Ask again.` } };
}

interface Answer {
  readonly result?: Json;
  readonly error?: CommandError;
}

function resultOf<T>(answer: Json, value: (answer: Answer) => T): Result<T, CommandError> {
  if (typeof answer !== "object" || answer === null || Array.isArray(answer)) {
    throw new Failure("The node gave an answer that is not one of its own. Is something else listening on its port?");
  }
  // The node's own answers have these two fields; a log chunk has neither.
  const fields = answer as Answer;
  return fields.error === undefined ? { ok: true, value: value(fields) } : { ok: false, error: fields.error };
}

const NOT_RUNNING = {
  ok: false,
  error: { code: "unavailable", message: "No node runs on this data directory right now: `skein up` starts it." },
} as const;

/** No node runs here: the command opens the log itself, which also keeps a second process out meanwhile. */
async function inProcess(directory: string): Promise<Client> {
  // Most commands ask a running node and need none of the engine.
  const { openDataDirectory } = await import("./data-directory.ts");
  const data = openDataDirectory(directory, { create: false });
  const { mesh } = data;
  if (mesh === undefined) {
    data.close();
    throw new Failure(
      `The node in ${directory} belongs to no mesh yet. Join with \`skein up --rendezvous URL --ticket T\`.`,
    );
  }
  const node = await openOfflineNode(data, mesh).catch((cause: unknown) => {
    data.close();
    throw cause;
  });
  return {
    isRunning: false,
    login: () => Promise.resolve(NOT_RUNNING),
    browserSessions: () => Promise.resolve(NOT_RUNNING),
    endBrowserSession: () => Promise.resolve(NOT_RUNNING),
    command: (name, input) => node.api.command(name, input),
    readLog: (item, epoch, offset) => node.api.readLog({ item, offset, ...(epoch === undefined ? {} : { epoch }) }),
    readArtifact: async (ref) => {
      const read = await node.api.readArtifact(ref);
      return read.ok ? checked(read.value.file.digest, read.value.bytes, ref) : read;
    },
    close: async () => {
      // What a question set going (a look at the repository) ends with it.
      await node.stop();
      data.close();
    },
  };
}
