/** The words of the first run, from no project to the first merge. */
export const startTexts = {
  title: "First steps",
  lead: "Four steps from here to a merged commit. Every step is kept in the mesh, so you may close this page and come back.",
  steps: { project: "A repository", rules: "Tests and agent", story: "A story", watch: "Watch it land" },
  stepStates: { done: "done", now: "now", later: "later" },
  gotIt: "Got it",
  explain: {
    project: "A project is a git repository with a target branch. Finished stories are merged there, and nowhere else.",
    rules:
      "The gate is what must succeed before anything lands. Each command is a list of words that runs without a shell: quotes keep words together, and no other character means anything.",
    sandbox:
      "The agent and the gate run in a sandbox: they see a fresh clone and this machine's programs, and nothing of yours.",
    story:
      "A story says what is wanted. The scripted agent does what the block in it says, so the whole way runs without a key or a network.",
    stages: "Every stage is done by whichever node holds the story's claim. If that node dies, another one takes over.",
  },
  ownersOnly: (role: string) =>
    `You are signed in as ${role}. An owner of the mesh chooses its repository, on the machine of the node; then this page goes on by itself.`,
  operatorsOnly: (role: string) =>
    `You are signed in as ${role}. An operator or an owner starts the first story; then this page shows its way.`,
  practice: {
    title: "Practise first",
    why: "Makes a small library with tests in this node's own directory, worked on by the scripted agent. Nothing of yours is touched.",
    button: "Make a practice repository",
  },
  own: {
    title: "Use a repository of yours",
    why: "A working copy on the machine of this node. Looking at it changes nothing.",
    path: "Path of the repository",
    pathHint: "/home/you/project",
    look: "Look at it",
  },
  busy: { practice: "Making it…", look: "Looking…", begin: "Checking the target branch…", story: "Starting it…" },
  found: {
    name: "Project",
    path: "Path",
    base: "Lands on",
    baseOf: (base: string, remote: string) => `${base} of ${remote}`,
    here: "this working copy itself, because it has no remote",
    changes: "Changes",
    dirty: "There are uncommitted changes.",
    clean: "none that are not committed",
    config: "skein.yaml",
    hasConfig: "is there, and counts as it is",
    noConfig: "will be written, for you to read and commit",
    another: "Choose another one",
  },
  rules: {
    gate: "Gate",
    command: (position: number) => `Command ${position}`,
    because: (why: string) => `Found because ${why}.`,
    nothing: "Nothing is checked before landing until there is a command.",
    add: "Add a command",
    remove: (position: number) => `Take command ${position} away`,
    words: "Runs as",
    unclosed: "A quote is not closed.",
    agent: "Agent",
    scripted: "scripted: ships with Skein, needs no key",
    missing: (name: string) => `${name} (not found on this machine)`,
    sandbox: "Sandbox",
    noSandbox: "None works on this machine: the agent and the gate run with your rights.",
    begin: "Make it the project",
  },
  set: {
    line: (name: string) => `Project ${name}`,
    landsOn: (base: string, remote: string) => `lands on ${base} of ${remote}`,
    wrote:
      "skein.yaml was written into your repository and is not committed. Read it, and commit it when it is right: it counts once it is on the target branch.",
  },
  story: {
    title: "Title",
    text: "Story",
    start: "Start it",
    practice: {
      title: "Say good-bye",
      text: `Whoever is greeted should also be sent home.

~~~skein
- print: reading src/greet.mjs
- sleep: 1s
- append:
    path: src/greet.mjs
    content: |

      /** Says good-bye. */
      export function farewell(name) {
        return "Good-bye, " + name + "!";
      }
- write:
    path: test/farewell.test.mjs
    content: |
      import assert from "node:assert/strict";
      import { test } from "node:test";
      import { farewell } from "../src/greet.mjs";

      test("says good-bye by name", () => {
        assert.equal(farewell("Ada"), "Good-bye, Ada!");
      });
- run: [node, test/farewell.test.mjs]
- commit: Say good-bye by name
~~~
`,
    },
    scripted: {
      title: "Say hello from Skein",
      text: `A first story, to see the way. It adds one file, which you may delete again.

~~~skein
- print: writing one file
- sleep: 1s
- write:
    path: HELLO-SKEIN.md
    content: |
      This file came from a story: an agent wrote it, the gate tested it, and it landed as one merge.
- commit: Say hello from Skein
~~~
`,
    },
    free: {
      title: "Say hello in the README",
      text: "Add one friendly sentence at the end of the README. Change nothing else.\n",
    },
  },
  stages: {
    Backlog: { word: "Backlog", what: "The story waits until somebody starts it." },
    Coding: {
      word: "Coding",
      what: "A node claims the story and lets the agent work in a fresh clone, on a branch of its own.",
    },
    Qa: {
      word: "Qa",
      what: "The branch is merged with the target branch, which does not move yet, and the gate runs on exactly that tree.",
    },
    Merge: {
      word: "Merge",
      what: "It lands by compare-and-swap: the target branch moves only if nobody moved it meanwhile.",
    },
    Done: { word: "Done", what: "The merge commit is on the target branch. Nothing else makes a story Done." },
  },
  stageStates: { past: "done", now: "now", ahead: "to come" },
  watching: (title: string) => `“${title}” is on its way.`,
  waits: "Nobody works on it yet.",
  startWaiting: "Start the story",
  archived: "It was archived and will not land:",
  retry: "Bring it back",
  landed: {
    title: "Your first merge",
    line: (title: string, base: string) => `“${title}” is on ${base} as`,
    copy: "Copy the commit",
    how: "See it with",
    git: (place: string, base: string) => `git -C ${place} log --first-parent ${base}`,
    copyCommand: "Copy the command",
    item: "Everything that happened to it",
    board: "Open the board",
  },
  next: {
    title: "What next",
    own: { title: "Your own repository", what: "Leave practice behind.", link: "Choose it" },
    node: {
      title: "A second machine",
      what: "Invite a node: it takes work too, and the mesh survives the loss of either.",
      link: "Open the mesh",
    },
    chat: {
      title: "Chat rooms",
      what: "Stories and questions from Matrix, Slack, Discord or WhatsApp: accounts are named in node.yaml of the data directory, as docs/chat says.",
    },
    agent: {
      title: "A real agent",
      what: "One line in skein.yaml puts your coding agent in the place of the scripted one; docs/agents.md names common ones.",
    },
  },
  failed: {
    look: "It cannot be a project",
    begin: "It was not made the project",
    practice: "No practice repository was made",
    story: "The story was not started",
  },
  loading: "Looking what there is…",
  cannotLoad: "What the mesh has is not known",
  again: "Try again",
};
