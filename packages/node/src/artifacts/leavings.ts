/** What the gate of an attempt leaves: the output of each command, as a part of the log, and files that the project asked for. */
import { LIMITS } from "@skein/core";

import type { AttemptLogs, DeclaredFiles } from "../ports.ts";
import type { Secrets } from "../secrets/secrets.ts";
import type { ArtifactStore } from "./artifacts.ts";

interface Attempt {
  readonly item: string;
  readonly epoch: number;
}

export interface Leavings {
  /** Where the log has come to: what is printed next begins there. */
  logEnd(attempt: Attempt): number;
  /** Keeps what the log has from there on. What cannot be kept is told in one sentence. */
  output(attempt: Attempt, name: string, from: number, onTrouble: (message: string) => void): Promise<void>;
  files(
    attempt: Attempt,
    directory: string,
    patterns: readonly string[],
    onTrouble: (message: string) => void,
  ): Promise<void>;
}

export interface LeavingsDeps {
  readonly artifacts: () => Pick<ArtifactStore, "keep">;
  readonly logs: AttemptLogs;
  readonly secrets: Secrets;
  readonly declaredFiles: DeclaredFiles;
}

export function createLeavings({ artifacts, logs, secrets, declaredFiles }: LeavingsDeps): Leavings {
  const nameOf = (text: string): string =>
    secrets
      .text(text)
      .replaceAll(/\p{Cc}/gu, " ")
      .slice(0, LIMITS.artifactNameLength);
  return {
    logEnd: (attempt) => logs.read(attempt, 0, 0)?.end ?? 0,
    output: async (attempt, name, from, onTrouble) => {
      const kept = await artifacts().keep(attempt, { sort: "gate", name: nameOf(name) }, piecesOf(logs, attempt, from));
      if (!kept.ok) onTrouble(`The output of ${name} is not kept by itself: ${kept.error}.`);
    },
    files: async (attempt, directory, patterns, onTrouble) => {
      try {
        for (const { name, content } of declaredFiles(directory, patterns, onTrouble)) {
          const kept = await artifacts().keep(
            attempt,
            { sort: "file", name: nameOf(name) },
            redacted(content, secrets),
          );
          if (!kept.ok) onTrouble(`${JSON.stringify(name)} is not kept: ${kept.error}.`);
        }
      } catch (cause) {
        // A directory that cannot be read is not a reason for anything to fail.
        onTrouble(`The files of the gate are not kept: ${cause instanceof Error ? cause.message : String(cause)}.`);
      }
    },
  };
}

/** What an attempt printed from a place in its log on. */
export function* piecesOf(logs: AttemptLogs, attempt: Attempt, from: number): Generator<Uint8Array> {
  for (let offset = from; ;) {
    const piece = logs.read(attempt, offset, LIMITS.logBytes);
    if (piece === undefined || piece.bytes.length === 0) return;
    yield piece.bytes;
    offset += piece.bytes.length;
  }
}

function* redacted(content: Iterable<Uint8Array>, secrets: Secrets): Generator<Uint8Array> {
  let ready: Uint8Array[] = [];
  const stream = secrets.stream((bytes) => ready.push(bytes));
  for (const piece of content) {
    stream.write(piece);
    yield* ready;
    ready = [];
  }
  stream.end();
  yield* ready;
}
