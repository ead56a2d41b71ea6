/**
 * Browser sessions on the disk, `browser-sessions.json`: digests of their secrets, so that whoever reads the file is signed
 * in nowhere. A file that cannot be read signs everybody out and stops nothing.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { ROLES } from "@skein/core";
import type { SessionStore, StoredSession } from "@skein/http";
import { z } from "zod";

import { reasonOf } from "./failure.ts";
import { writeWholeFile } from "./whole-file.ts";

const stored = z.strictObject({
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  id: z.string().regex(/^[0-9a-f]{8}$/),
  member: z.string().regex(/^[0-9a-f]{64}$/),
  role: z.enum(ROLES),
  by: z.enum(["link", "key"]),
  use: z.strictObject({
    type: z.literal("cookie"),
    secure: z.boolean(),
    page: z.string().regex(/^[0-9a-f]{64}$/),
  }),
  sinceMs: z.number(),
  seenMs: z.number(),
});

export function createSessionStore(directory: string, report: (problem: string) => void): SessionStore {
  const path = join(directory, "browser-sessions.json");
  return {
    read: () => {
      if (!existsSync(path)) return [];
      const sessions = readSessions(path);
      if (sessions === undefined) report(`${path} cannot be read, so everybody signs in again.`);
      return sessions ?? [];
    },
    write: (sessions) => {
      try {
        writeWholeFile(path, `${JSON.stringify(sessions)}\n`, 0o600);
      } catch (cause) {
        // A session that is only in memory is as good until the next start.
        report(`Browser sessions cannot be saved: ${reasonOf(cause)}. They end with this process.`);
      }
    },
  };
}

function readSessions(path: string): readonly StoredSession[] | undefined {
  try {
    const parsed = z
      .array(stored)
      .max(1_000)
      .safeParse(JSON.parse(readFileSync(path, "utf8")));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
