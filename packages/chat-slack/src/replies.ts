/** What is said the same way over both ways in. */
import type { Trouble } from "@skein/chat";

/** A slash command without an answer looks lost to whoever typed it. Only they see this. */
export const RECEIVED: { readonly response_type: "ephemeral"; readonly text: string } = {
  response_type: "ephemeral",
  text: "Received; the answer follows.",
};

export const RATE_LIMITED: Trouble = {
  severity: "passing",
  message:
    "Slack held back events: the app got more than 30,000 of them within an hour. Take it out of channels that it does not need.",
};
