/**
 * What a hostile repository is made of, as data: steps that the agent of a real node carries out in its clone, and what
 * must be seen of the item then. In texts and arguments these stand for something:
 *
 *     {trap}     a command line that leaves the animal's canary, for whatever would run it
 *     {clone}    the agent's clone       {branch}   its branch       {base}   the commit it started from
 *     {outside}  a directory with somebody else's repository in it
 *     {victim}   another item's id
 */
export type Step =
  | { readonly do: "write"; readonly path: string; readonly text: string; readonly executable?: boolean }
  | { readonly do: "link"; readonly path: string; readonly to: string }
  | { readonly do: "commit"; readonly message?: string }
  | { readonly do: "git"; readonly args: readonly string[]; readonly stdin?: string }
  /** Commits the tree of HEAD with these entries put in front of it as they are, which git itself would not do. */
  | { readonly do: "tree"; readonly entries: readonly TreeEntry[] }
  | { readonly do: "remove"; readonly path: string }
  | { readonly do: "rename"; readonly path: string; readonly to: string }
  /** What is easier said in the agent's own program (`zoo-agent.mjs`). */
  | { readonly do: "special"; readonly name: string };

/** `text` becomes a blob; `oid` is named as it is. */
export type TreeEntry = { readonly mode: string; readonly name: string } & (
  | { readonly text: string }
  | { readonly oid: string }
);

export interface Animal {
  readonly id: string;
  readonly what: string;
  readonly steps: readonly Step[];
  /** "lands", or what the reason says for which the item is out of the pipeline after its only attempt. */
  readonly seen: "lands" | RegExp;
  /** Seen in bubblewrap too: there the host has to hold by itself, and other mounts are in its way. */
  readonly shutIn?: true;
}

export const work = (id: string): Step => ({ do: "write", path: `zoo/${id}/work.txt`, text: `${id}\n` });
export const commit: Step = { do: "commit" };

/** Honest work, and then something that waits for a git of the host. */
export const planted = (id: string, ...steps: readonly Step[]): readonly Step[] => [work(id), commit, ...steps];
