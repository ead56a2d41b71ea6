/** What an agent can do to its object store: borrowed, forged, missing, lying and exploding objects. */
import { type Animal, commit, planted, type Step, work } from "./animal.ts";

const special = (name: string): Step => ({ do: "special", name });

export const OBJECTS: readonly Animal[] = [
  {
    id: "alternates",
    what: "objects that are somebody else's, lent without asking",
    steps: planted("alternates", special("borrow")),
    seen: /Could not take in the attempt's commits/,
    shutIn: true,
  },
  {
    id: "linked-objects",
    what: "object directories that are links",
    steps: planted("linked-objects", special("link-objects")),
    seen: /not a plain directory/,
  },
  {
    id: "pipe-object",
    what: "an object that is a pipe nobody writes to",
    steps: planted("pipe-object", special("pipe-object")),
    seen: /not a plain file/,
    shutIn: true,
  },
  {
    id: "forged-notes",
    what: "a forged commit graph, multi-pack index and bitmap",
    steps: planted("forged-notes", special("forge-notes")),
    seen: "lands",
  },
  {
    id: "forged-index",
    what: "a pack of its own with an index of garbage",
    steps: planted("forged-index", special("forge-index")),
    seen: "lands",
  },
  {
    id: "given-pack",
    what: "the pack it was given, replaced by garbage",
    steps: planted("given-pack", special("replace-given-pack")),
    seen: "lands",
  },
  {
    id: "broken-pack",
    what: "a pack with a flipped bit",
    steps: planted("broken-pack", special("break-pack")),
    seen: /Could not take in the attempt's commits/,
  },
  {
    id: "promisor",
    what: "a file that would be fetched when it is missed, through a command",
    steps: [
      work("promisor"),
      commit,
      special("forget-blob"),
      {
        do: "write",
        path: ".git/config",
        text: '[core]\n\trepositoryformatversion = 1\n[extensions]\n\tpartialClone = evil\n[remote "evil"]\n\turl = ext::{trap}\n\tpromisor = true\n\tuploadpack = {trap}\n[protocol]\n\tallow = always\n',
      },
      special("promise"),
    ],
    seen: /Could not take in the attempt's commits/,
  },
  {
    id: "huge-claim",
    what: "an object that claims to be eight exabytes",
    steps: planted("huge-claim", special("huge-claim")),
    seen: /at most 268435456 are taken/,
  },
  {
    id: "zip-bomb",
    what: "a file of 300 MiB in 300 kB",
    steps: planted("zip-bomb", special("zip-bomb")),
    seen: /at most 268435456 are taken/,
    shutIn: true,
  },
  {
    id: "packed-bomb",
    what: "the same in a pack, where its size does not show",
    steps: planted("packed-bomb", special("zip-bomb"), special("pack")),
    seen: /at most 268435456 can land/,
  },
  {
    id: "many-copies",
    what: "one file of 64 MiB, under twenty names",
    steps: planted("many-copies", special("many-copies")),
    seen: /more than 1073741824 bytes in all/,
  },
  {
    id: "tree-bomb",
    what: "ten trees that stand for ten billion files",
    steps: planted("tree-bomb", special("tree-bomb")),
    seen: /git wrote more than/,
    shutIn: true,
  },
  {
    id: "deep-tree",
    what: "a tree three thousand levels deep",
    steps: planted("deep-tree", special("deep-tree")),
    seen: /too long a path|Could not/,
  },
];
