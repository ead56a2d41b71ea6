/** The words of every dialog that asks before it does something. */
export const askTexts = {
  cancel: "Cancel",
  working: "Working…",
};
