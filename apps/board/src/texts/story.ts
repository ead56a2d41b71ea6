/** The words around the editor of a story. */
export const storyTexts = {
  editor: { text: "Story text", criteria: "Acceptance criteria" },
  placeholder: {
    text: "What is wanted, and why",
    criteria: "How to tell that it is done, one line for each thing",
  },
  state: {
    connecting: "Connecting…",
    saved: "Saved",
    saving: "Saving…",
    reading: "You can read along. Editing needs the role operator.",
    gone: "The item was deleted.",
  },
  away: {
    none: "Offline. What you write is kept here, and sent when the node is back.",
    kept: "Offline. Your edits are kept here, and sent when the node is back.",
    "not-kept":
      "Offline. This browser could not keep your edits: leave this page open, and they are sent when the node is back.",
  },
  refused: "The node did not take your last edits. They are kept here until you change them and send them again.",
  sendAgain: "Send again",
  throwAway: "Throw my edits away",
  tooLong: (most: number) => `This text has at most ${most.toLocaleString()} characters.`,
  others: (names: string) => `Here too: ${names}`,
};
