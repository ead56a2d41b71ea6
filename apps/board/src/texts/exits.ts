/** The words of what an item is stuck in, and of the ways out. `name`: the title of the item that the way out is about. */
export const exitTexts = {
  stuck: "What it is stuck in, and the way out of each",
  since: "Since",
  until: (at: string) => `, until ${at} at the most`,
  copy: "Copy the command",
  forOthers: "The way out, for an operator:",
  more: "This says more:",
  answer: "Answer it",
  invite: "Invite a machine",
  does: "The same on a command line:",
  doIt: {
    "item.start": {
      button: (name: string) => `Start “${name}”`,
      help: "It goes from Backlog to Coding: the node that is next in line claims it and runs the agent, which may cost money.",
      done: (name: string) => `“${name}” is started.`,
    },
    "item.restore": {
      button: (name: string) => `Restore “${name}”`,
      help: "It comes back into the Backlog. Start it there when it shall be worked on.",
      done: (name: string) => `“${name}” is in the Backlog again.`,
    },
    "item.add": {
      button: (name: string) => `Add “${name}”`,
      help: "It is a new item, which is started at once: the agent runs, which may cost money.",
      done: (name: string) => `“${name}” is on the board.`,
    },
    "mesh.unfreeze": {
      button: () => "Unfreeze the mesh",
      help: "Every node takes work again as soon as it has a free slot.",
      done: () => "The mesh takes work again.",
    },
    "queue.resume": {
      button: () => "Let the queue go on",
      help: "What waits in the merge queue lands again, the head first.",
      done: () => "The merge queue goes on.",
    },
    "node.undrain": {
      button: () => "Let the node take work",
      help: "A node that was drained takes what fits it as soon as it has a free slot.",
      done: () => "The node takes work again.",
    },
  },
  edit: {
    labels: {
      button: "Drop the labels that ask for it",
      help: "The item keeps its other labels, and any node may take it then.",
      done: "It asks no more for what no node has.",
    },
    dependsOn: {
      button: "Wait for it no longer",
      help: "The item goes on without the other one, which stays as it is.",
      done: "It waits for that one no longer.",
    },
    parent: {
      button: "Take the part out",
      help: "The other item goes on by itself, and this one does not wait for it.",
      done: "The part is an item by itself.",
    },
  },
};
