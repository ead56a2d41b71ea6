/** Chat accounts of test nodes: their part of node.yaml, and people who are paired. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import type { NodeProcess } from "./node-process.ts";
import { NotYet, waitFor } from "./wait.ts";

/** The node notices the file by itself. JSON is YAML. */
export function configureChat(
  node: NodeProcess,
  transports: readonly Readonly<Record<string, unknown>>[],
  more: Readonly<Record<string, unknown>> = {},
): void {
  writeFileSync(join(node.data, "node.yaml"), JSON.stringify({ transports, ...more }));
}

export interface AccountState {
  readonly account: string;
  readonly state: string;
  readonly holder: string;
  readonly trouble: string;
}

export const accountsOf = (node: NodeProcess): Promise<readonly AccountState[]> =>
  node.api.command<readonly AccountState[]>("transports");

/** Resolves with the name of the node that speaks for the account, as every one of these sees it. */
export const speakerOf = (nodes: readonly NodeProcess[], account: string): Promise<string> =>
  waitFor(
    `one of them to speak for ${account}`,
    async () => {
      const all = await Promise.all(nodes.map(accountsOf));
      const states = all.flatMap((list) => list.filter((one) => one.account === account));
      const speaking = states.filter(({ state }) => state === "speaks");
      const [first] = states;
      const trouble = states.find((one) => one.trouble !== "")?.trouble;
      if (speaking.length === 0 && trouble !== undefined) throw new NotYet(trouble);
      return speaking.length === 1 && states.every(({ holder }) => holder === first?.holder)
        ? first?.holder
        : undefined;
    },
    { withinMs: 90_000 },
  );
