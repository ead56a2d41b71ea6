/**
 * The ways out of what an item is stuck in, each as a line for a shell, and as the command that the line gives, for whoever has
 * buttons. What came from other people stands quoted in a line.
 */
import type { CommandName } from "../command/registry.ts";

export interface Exit {
  readonly exit: string;
  /** Null where the line only tells more. */
  readonly command: ExitCommand | null;
}

/** Of `item.answer` the text is left out, which nobody but the one who answers knows. */
export type ExitCommand = {
  readonly name: CommandName;
  readonly input: { readonly [field: string]: string | number | boolean | readonly string[] };
};

const exitOf = (exit: string, name: CommandName, input: ExitCommand["input"] = {}): Exit => ({
  exit,
  command: { name, input },
});

/** A line that reads, so that somebody knows what to do. */
export const look = (exit: string): Exit => ({ exit, command: null });

// ── items ───────────────────────────────────────────────────────────────────────────────────────────────────────────

export const start = (item: string): Exit => exitOf(`skein item start ${item}`, "item.start", { item });

export const restore = (item: string): Exit => exitOf(`skein item restore ${item}`, "item.restore", { item });

export const approve = (item: string): Exit => exitOf(`skein item approve ${item}`, "item.approve", { item });

export const shelve = (item: string): Exit =>
  exitOf(`skein item move ${item} backlog`, "item.move", { item, stage: "backlog" });

export const reject = (item: string, note: string): Exit =>
  exitOf(`skein item reject ${item} ${quoted(note)}`, "item.reject", { item, note });

export const hold = (item: string, reason: string): Exit =>
  exitOf(`skein item hold ${item} ${quoted(reason)}`, "item.hold", { item, reason });

export const release = (item: string): Exit =>
  exitOf(`skein item hold ${item} --release`, "item.hold", { item, release: true });

export const answer = (item: string, question: string): Exit =>
  exitOf(`skein item answer ${item} 'YOUR ANSWER' --question ${question}`, "item.answer", { item, question });

export const label = (item: string, labels: readonly string[]): Exit =>
  exitOf(`skein item edit ${item} ${listOption("label", labels)}`, "item.edit", { item, labels: listOf(labels) });

export const dependOn = (item: string, dependsOn: readonly string[]): Exit =>
  exitOf(`skein item edit ${item} ${listOption("depends-on", dependsOn)}`, "item.edit", {
    item,
    dependsOn: listOf(dependsOn),
  });

export const takeOut = (part: string): Exit =>
  exitOf(`skein item edit ${part} --parent none`, "item.edit", { item: part, parent: "none" });

export const add = (title: string): Exit =>
  exitOf(`skein item add --start -- ${quoted(title)}`, "item.add", { title, start: true });

export const addFirst = (title: string): Exit =>
  exitOf(`skein item add --priority 9 --start -- ${quoted(title)}`, "item.add", { title, priority: 9, start: true });

// ── nodes ───────────────────────────────────────────────────────────────────────────────────────────────────────────

export const unfreeze: Exit = exitOf("skein unfreeze", "mesh.unfreeze");

export const resume: Exit = exitOf("skein queue resume", "queue.resume");

export const invite: Exit = exitOf("skein invite --role agent", "member.invite", { role: "agent" });

export const undrain = (node: string): Exit => exitOf(`skein undrain ${node}`, "node.undrain", { node });

// ── lines for a shell ───────────────────────────────────────────────────────────────────────────────────────────────

/** One word of a shell, whatever is in it. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** An empty list has a word of its own: a line cannot say it otherwise. */
const listOf = (values: readonly string[]): readonly string[] => (values.length === 0 ? ["none"] : values);

const listOption = (flag: string, values: readonly string[]): string =>
  listOf(values)
    .map((value) => `--${flag}=${quoted(value)}`)
    .join(" ");
