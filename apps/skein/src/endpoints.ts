/** Where a running node listens, as it says in its data directory. */
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

import { writeWholeFile } from "./whole-file.ts";

export interface Endpoints {
  /** `ws://host:port` for peers. */
  readonly peer: string;
  /** `http://host:port` of the API and the board. */
  readonly http: string;
}

export const writeEndpoints = (directory: string, endpoints: Endpoints): void =>
  writeWholeFile(join(directory, "endpoints.json"), `${JSON.stringify(endpoints, null, 2)}\n`, 0o644);

export const removeEndpoints = (directory: string): void => rmSync(join(directory, "endpoints.json"), { force: true });

/** Where a running node listens, with its token; undefined when none has said so. */
export function readEndpoints(directory: string): (Endpoints & { readonly token: string }) | undefined {
  try {
    const parsed: unknown = JSON.parse(readFileSync(join(directory, "endpoints.json"), "utf8"));
    const token = readFileSync(join(directory, "token"), "utf8").trim();
    if (typeof parsed !== "object" || parsed === null || !("peer" in parsed) || !("http" in parsed)) return undefined;
    const { peer, http } = parsed;
    return typeof peer === "string" && typeof http === "string" ? { peer, http, token } : undefined;
  } catch {
    return undefined;
  }
}
