/** What a client tells: how it is connected, with which node, as whom; and the shape of every answer. */
import type { Role } from "@skein/core";

export type Status =
  | { readonly type: "connecting" }
  /** `elsewhere`: the origin of another node that it goes on with, until its own is back. */
  | { readonly type: "live"; readonly elsewhere?: string }
  /** What it has is as old as that (Unix ms). */
  | { readonly type: "stale"; readonly sinceMs: number }
  /** A node is there and takes nobody in without a new link; nothing more is tried. */
  | { readonly type: "signed-out" };

export interface NodeFacts {
  readonly mesh: string;
  readonly node: string;
  readonly name: string;
}

/** As whom the client acts there, and the most that it may do. */
export interface Who {
  /** Member id (hex). */
  readonly member: string;
  readonly name: string;
  readonly role: Role;
}

export interface Problem {
  /** For programs: a code of the API, or `away` when no node answered. */
  readonly code: string;
  readonly message: string;
}

export type Answer<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: Problem };

export interface Signed extends Who {
  readonly mesh: string;
  readonly node: string;
  readonly nodeName: string;
}

const ROLES: readonly Role[] = ["observer", "agent", "operator", "owner"];

/** What `GET api/v1/session` says; undefined for what no node says. */
export function readSigned(value: unknown): Signed | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const said = new Map<string, unknown>(Object.entries(value));
  const text = (key: string): string => {
    const one = said.get(key);
    return typeof one === "string" ? one : "";
  };
  const role = ROLES.find((one) => one === said.get("role"));
  if (role === undefined || text("mesh") === "" || text("node") === "") return undefined;
  const nodeName = text("nodeName");
  return { mesh: text("mesh"), node: text("node"), nodeName, member: text("member"), name: text("name"), role };
}
