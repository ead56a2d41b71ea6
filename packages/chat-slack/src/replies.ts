/** What is said the same way over both ways in. */
import type { ChatHost, InboundEvent, Trouble } from "@skein/chat";

/** A slash command without an answer looks lost to whoever typed it. Only they see this. */
interface Ephemeral extends Readonly<Record<string, unknown>> {
  readonly response_type: "ephemeral";
  readonly text: string;
}

const RECEIVED: Ephemeral = { response_type: "ephemeral", text: "Received; the answer follows." };

const NOT_HEARD: Ephemeral = {
  response_type: "ephemeral",
  text: "Nobody listens to you here: this place is not in the mesh's settings, or it does not know you. Write the app `pair` and your code in a direct message.",
};

export const slashReply = (events: readonly InboundEvent[], host: Pick<ChatHost, "hears">): Ephemeral =>
  events.every((event) => host.hears(event)) ? RECEIVED : NOT_HEARD;

export const RATE_LIMITED: Trouble = {
  severity: "passing",
  message:
    "Slack held back events: the app got more than 30,000 of them within an hour. Take it out of channels that it does not need.",
};
