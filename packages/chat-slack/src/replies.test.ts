import { createHostDouble } from "@skein/chat/testing";
import { expect, test } from "vitest";

import { slashReply } from "./replies.ts";

test("a slash command that nobody listens to is not said to be received", () => {
  const host = createHostDouble();
  const event = {
    id: "1",
    type: "slash",
    principal: "slack:T1/U1",
    displayName: "ada",
    room: "C1",
    direct: false,
    thread: null,
    message: "",
    quotes: null,
    text: "status",
    addressed: true,
    atMs: 1,
  } as const;
  expect(slashReply([event], host).text).toBe("Received; the answer follows.");
  host.isListening = false;
  expect(slashReply([event], host).text).toContain("Nobody listens to you here");
});
