/**
 * A copy of a data directory's log in a place of its own, `snapshots/<name>/log.sqlite`. A running node makes it through
 * its own connection, because nobody else may open its log; otherwise the command does the same.
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";

import { type CommandError, err, ok, type Result, toHex } from "@skein/core";

import { isUp } from "../client.ts";
import { type DataDirectory, openDataDirectory } from "../data-directory.ts";
import { readEndpoints } from "../endpoints.ts";
import { Failure, orFail, reasonOf } from "../failure.ts";

const placeOf = (directory: string): string => join(directory, "snapshots");

const cannotCopy = (why: string): { readonly ok: false; readonly error: CommandError } =>
  err({ code: "not-saved", message: `The log could not be copied: ${why}.` });

/** One at a time: each is as large as the log. */
export function createSnapshots(data: DataDirectory): () => Promise<Result<string, CommandError>> {
  let underWay = false;
  return async () => {
    if (underWay) return err({ code: "unavailable", message: "Another backup is being made. Try again behind it." });
    underWay = true;
    try {
      return await copyInto(data);
    } finally {
      underWay = false;
    }
  };
}

async function copyInto({ path, store }: DataDirectory): Promise<Result<string, CommandError>> {
  const name = toHex(new Uint8Array(randomBytes(8)));
  const place = join(placeOf(path), name);
  try {
    mkdirSync(place, { recursive: true, mode: 0o700 });
  } catch (cause) {
    return cannotCopy(reasonOf(cause));
  }
  const copied = await store.copyTo(join(place, "log.sqlite"));
  if (copied.ok) return ok(name);
  rmSync(place, { recursive: true, force: true });
  return cannotCopy(copied.error.message);
}

/** What a backup that was killed has left. */
export const forgetSnapshots = (directory: string): void =>
  rmSync(placeOf(directory), { recursive: true, force: true });

/** Returns the directory that holds the copy; whoever asked removes it. */
export async function takeSnapshot(directory: string): Promise<string> {
  const endpoints = readEndpoints(directory);
  const running = endpoints !== undefined && (await isUp(endpoints.http)) ? endpoints : undefined;
  const name = running === undefined ? await copyHere(directory) : await askNode(running.http, running.token);
  return join(placeOf(directory), name);
}

async function copyHere(directory: string): Promise<string> {
  const data = openDataDirectory(directory, { create: false });
  try {
    return orFail(await copyInto(data), (error) => error.message);
  } finally {
    data.close();
  }
}

const ANSWER_MS = 600_000;

async function askNode(url: string, token: string): Promise<string> {
  const response = await fetch(`${url}/api/v1/snapshots`, {
    method: "POST",
    signal: AbortSignal.timeout(ANSWER_MS),
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
  });
  // The node's own answers; anything else has neither field.
  const answer = (await response.json()) as { readonly snapshot?: string; readonly error?: CommandError };
  if (answer.error !== undefined) throw new Failure(answer.error.message);
  if (answer.snapshot === undefined || !/^[0-9a-f]{16}$/.test(answer.snapshot)) {
    throw new Failure("The node gave an answer that is not one of its own. Is something else listening on its port?");
  }
  return answer.snapshot;
}
