/** Commands from the board, and what comes of them in a note. The node decides; a refusal is its own sentence. */
import type { PageCommand } from "../../commands.ts";
import { tell } from "../../frame/toasts.tsx";
import type { Session } from "../../session.ts";
import { plainText } from "../../text.ts";
import type { BoardItem, Stage } from "@skein/core";
import { actTexts, cardTexts } from "../../texts/board.ts";
import { titleOf } from "./view.ts";

/** What was sent and not answered yet: a second press of the same button says nothing new. */
const underWay = new Set<string>();

/** True when the node did it; false also for what is under way already. */
export async function act(
  session: Pick<Session, "command">,
  name: PageCommand,
  input: object,
  done: string,
): Promise<boolean> {
  const key = JSON.stringify([name, input]);
  if (underWay.has(key)) return false;
  underWay.add(key);
  const answer = await session.command(name, input).finally(() => underWay.delete(key));
  if (answer.ok) tell("note", done);
  else tell("problem", plainText(answer.error.message));
  return answer.ok;
}

export const moveItem = (session: Session, item: BoardItem, to: Stage): Promise<boolean> =>
  act(
    session,
    "item.move",
    { item: item.id, stage: to.toLowerCase() },
    actTexts.moved(titleOf(item), cardTexts.stages[to]),
  );

/** What the rule of moves has to know of an item. */
export const movable = (item: BoardItem): { readonly stage: Stage; readonly landed: boolean } => ({
  stage: item.stage,
  landed: item.stage === "Done" || (item.stage === "Archived" && item.mergeCommit !== null),
});
