/**
 * A known-bad variant of the product: one text of one file replaced by another, when the sources are bundled for the
 * simulator. The product itself has no switch for it.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export interface Mutant {
  readonly name: string;
  /** Below the repository's root. */
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
  /** Why somebody could write this. */
  readonly why: string;
  /** The invariants that are expected to see it. */
  readonly caughtBy: readonly `I${number}`[];
  /** Fault classes that it is hunted with besides the drawn ones. */
  readonly faults?: readonly string[];
  /** It is hunted in short nights of unattended agents instead of ordinary runs. */
  readonly night?: boolean;
  /** More replacements, where one place alone would not be the mistake. */
  readonly also?: readonly Edit[];
}

export type Edit = Pick<Mutant, "file" | "find" | "replace">;

export const editsOf = ({ file, find, replace, also = [] }: Mutant): readonly Edit[] => [
  { file, find, replace },
  ...also,
];

/** The mutated text of each file that the mutant changes, by path; throws when a text is not there exactly once. */
export function applyMutant(mutant: Mutant, root: string): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const { file, find, replace } of editsOf(mutant)) {
    const path = join(root, file);
    const text = files.get(path) ?? readFileSync(path, "utf8");
    const [before, after, ...more] = text.split(find);
    if (before === undefined || after === undefined || more.length > 0) {
      throw new Error(
        `The mutant ${mutant.name} finds its text ${after === undefined ? 0 : more.length + 1} times in ${file}, not once: ${find}`,
      );
    }
    files.set(path, `${before}${replace}${after}`);
  }
  return files;
}
