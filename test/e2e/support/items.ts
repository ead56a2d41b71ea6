/** What end-to-end tests ask about items again and again: where is it, what did its attempts print, what was its end. */
import type { BoardItem } from "@skein/core";

import type { Api, ShownItem } from "../../support/api-client.ts";
import { NotYet, waitFor } from "../../support/wait.ts";
import type { World } from "../../support/world.ts";

const STAGE_MS = 60_000;

/** The item once it is in this stage. An item that was archived instead fails at once with the reason. */
export async function inStage(
  api: Api,
  id: string,
  stage: BoardItem["stage"],
  withinMs: number = STAGE_MS,
): Promise<ShownItem> {
  let wrong: Error | undefined;
  const item = await waitFor(
    `item ${id} to be in ${stage}`,
    async () => {
      const shown = await api.item(id);
      if (shown.stage === stage) return shown;
      const isOver = shown.stage === "Done" || shown.stage === "Archived";
      const words = `it is in ${shown.stage}: ${shown.why.join(" ")}`;
      if (!isOver) throw new NotYet(words);
      wrong = new Error(`Item ${id} was to be in ${stage}, and ${words}\n${await printed(api, id)}`);
      return shown;
    },
    { withinMs },
  ).catch(async (cause: unknown) => {
    throw new Error(`${String(cause)}\n${await printed(api, id)}`, { cause });
  });
  if (wrong !== undefined) throw wrong;
  return item;
}

/** The item once this is true of it. */
export function itemThat(
  api: Api,
  id: string,
  what: string,
  holds: (item: ShownItem) => boolean,
  withinMs: number = STAGE_MS,
): Promise<ShownItem> {
  return waitFor(
    `item ${id} ${what}`,
    async () => {
      const shown = await api.item(id);
      if (holds(shown)) return shown;
      throw new NotYet(`it is in ${shown.stage}: ${shown.why.join(" ")}`);
    },
    { withinMs },
  );
}

/** The output of the item's newest attempt so far; the reason when there is none. */
export async function printed(api: Api, id: string, epoch?: number): Promise<string> {
  try {
    return (await api.logs(id, epoch)).text;
  } catch (cause) {
    return String(cause);
  }
}

/** What `skein logs` shows a person on the node's machine. */
export async function skeinLogs(world: World, node: string, id: string): Promise<string> {
  const result = await world.skein(["logs", id, "--data", world.dataOf(node)]);
  if (result.code !== 0) throw new Error(`skein logs ${id} ended with ${String(result.code)}: ${result.stderr}`);
  return result.stdout;
}

/** What `skein why` says. */
export async function skeinWhy(world: World, node: string, id: string): Promise<string> {
  const result = await world.skein(["why", id, "--data", world.dataOf(node)]);
  if (result.code !== 0) throw new Error(`skein why ${id} ended with ${String(result.code)}: ${result.stderr}`);
  return result.stdout;
}
