/** What the page makes of a way out: an action of this item, a place to go to, a command behind a dialog, or only a line. Pure. */
import type { PageCommand } from "../../commands.ts";
import { exitTexts as texts } from "../../texts/exits.ts";
import type { ActionName } from "./actions.tsx";
import type { Details, ExitCommand, StuckCause } from "./details.ts";

interface Words {
  readonly button: string;
  readonly help: string;
  readonly done: string;
}

export type WayOut =
  | { readonly type: "line" }
  /** The item's own, with the dialog that it always has. */
  | { readonly type: "action"; readonly action: ActionName }
  | { readonly type: "answer" }
  | { readonly type: "invite" }
  | {
      readonly type: "ask";
      readonly name: PageCommand;
      readonly input: ExitCommand["input"];
      readonly about: { readonly item: string } | { readonly title: string };
      readonly words: (name: string) => Words;
    };

/** `item`: the one whose page it is. A command of a newer node that this page does not know is a line. */
export function wayOut({ command }: Pick<StuckCause, "command">, item: string): WayOut {
  if (command === null) return { type: "line" };
  const action = command.input["item"] === item ? ownAction(command) : undefined;
  if (action !== undefined) return { type: "action", action };
  if (command.name === "item.answer") return { type: "answer" };
  if (command.name === "member.invite") return { type: "invite" };
  const known = knownOf(command);
  if (known === undefined) return { type: "line" };
  const { item: other, title } = command.input;
  const about = typeof other === "string" ? { item: other } : { title: typeof title === "string" ? title : "" };
  return { ...known, type: "ask", input: command.input, about };
}

/** The item's own actions that stand beside its causes already. */
export const actionsAsWaysOut = ({ id, stuck }: Pick<Details, "id" | "stuck">): ReadonlySet<ActionName> =>
  new Set(
    stuck.flatMap((cause) => {
      const way = wayOut(cause, id);
      return way.type === "action" ? [way.action] : [];
    }),
  );

function ownAction({ name, input }: ExitCommand): ActionName | undefined {
  switch (name) {
    case "item.hold":
      return input["release"] === true ? "release" : "hold";
    case "item.restore":
      return "restore";
    case "item.approve":
      return "approve";
    case "item.reject":
      return "reject";
    case "item.move":
      return "shelve";
    default:
      return undefined;
  }
}

type Known = Pick<Extract<WayOut, { type: "ask" }>, "name" | "words">;

function knownOf({ name, input }: ExitCommand): Known | undefined {
  if (name === "item.edit") {
    const field = (["labels", "dependsOn", "parent"] as const).find((one) => one in input);
    return field === undefined ? undefined : { name, words: () => texts.edit[field] };
  }
  if (!isDone(name)) return undefined;
  const { button, help, done } = texts.doIt[name];
  return { name, words: (of) => ({ button: button(of), help, done: done(of) }) };
}

const isDone = (name: string): name is keyof typeof texts.doIt => Object.hasOwn(texts.doIt, name);
