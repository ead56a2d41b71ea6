/** What an agent can write into commits, and leave lying about in its clone. */
import { type Animal, commit, planted, work } from "./animal.ts";

export const COMMITS: readonly Animal[] = [
  {
    id: "trailer",
    what: "a commit that says somebody else's item has landed",
    steps: [work("trailer"), { do: "commit", message: "Work\n\nSkein-Item: {victim}\nSkein-Item: {victim}\n" }],
    seen: "lands",
  },
  {
    id: "person",
    what: "a commit in the name of a person",
    steps: [
      work("person"),
      { do: "git", args: ["add", "--all"] },
      { do: "git", args: ["commit", "--quiet", "--author=Alice <alice@example.com>", "-m", "Approved-by: Alice"] },
    ],
    seen: "lands",
  },
  {
    id: "bad-commit",
    what: "a commit that no git would write",
    steps: planted("bad-commit", { do: "special", name: "bad-commit" }),
    seen: /fsck|Could not take in/i,
  },
  {
    id: "unrelated",
    what: "a history of its own",
    steps: planted("unrelated", { do: "git", args: ["checkout", "--quiet", "--orphan", "own"] }, commit, {
      do: "special",
      name: "branch-at-head",
    }),
    seen: /shares no commit/,
  },
  {
    id: "nothing",
    what: "no commit, and the word that it is done",
    steps: [work("nothing")],
    seen: /left no commit/,
  },
  {
    id: "abyss",
    what: "directories so deep that no path leads to their end, and ones that nobody may enter",
    steps: planted("abyss", { do: "special", name: "abyss" }),
    seen: "lands",
    shutIn: true,
  },
];
