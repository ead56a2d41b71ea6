import { expect, test } from "vitest";

import { createTranscript, type Transcript } from "./transcript.ts";

interface Written extends Transcript {
  readonly text: () => string;
  readonly tell: (update: unknown) => void;
}

function createWritten(): Written {
  const chunks: Uint8Array[] = [];
  const transcript = createTranscript((chunk) => chunks.push(chunk));
  return {
    ...transcript,
    text: () => Buffer.concat(chunks).toString(),
    tell: (update) => transcript.update({ sessionId: "s", update }),
  };
}

const chunk = (text: string, sessionUpdate = "agent_message_chunk"): unknown => ({
  sessionUpdate,
  content: { type: "text", text },
});

test("text is written as it comes, and each other kind of report begins on a line of its own", () => {
  const written = createWritten();
  for (const text of ["Hel", "lo", "\nthere"]) written.tell(chunk(text));
  written.tell(chunk("Hm", "agent_thought_chunk"));
  written.tell(chunk(", so.", "agent_thought_chunk"));
  written.tell({ sessionUpdate: "tool_call", toolCallId: "1", title: "npm test", kind: "execute", status: "pending" });
  written.tell({ sessionUpdate: "tool_call_update", toolCallId: "1", status: "in_progress" });
  written.raw(Buffer.from("warning: "));
  written.raw(Buffer.from("slow"));
  written.tell({
    sessionUpdate: "tool_call_update",
    toolCallId: "1",
    status: "failed",
    content: [
      { type: "content", content: { type: "text", text: "one\ntwo\n" } },
      { type: "diff", path: "src/a.ts", newText: "x" },
      { type: "terminal", terminalId: "t" },
    ],
  });
  written.tell(chunk("Done."));
  written.say("[permission] allow");
  expect(written.text()).toBe(
    [
      "Hello",
      "there",
      "(thinking) Hm, so.",
      "[execute] npm test",
      "warning: slow",
      "[execute] npm test: failed",
      "    one",
      "    two",
      "    changed src/a.ts",
      "Done.",
      "[permission] allow\n",
    ].join("\n"),
  );
});

test("a plan, a notice and a new mode are one look at what the agent is about", () => {
  const written = createWritten();
  written.tell({
    sessionUpdate: "plan",
    entries: [
      { content: "Read", status: "completed", priority: "high" },
      { content: "Write\nit", status: "in_progress", priority: "high" },
      { content: "Rest", status: "pending", priority: "high" },
    ],
  });
  written.tell({ sessionUpdate: "notice", severity: "warning", title: "Slow", description: "The model is busy." });
  written.tell({ sessionUpdate: "current_mode_update", currentModeId: "plan" });
  expect(written.text()).toBe(
    "[plan] 1 of 3 done\n    x Read\n    > Write it\n    - Rest\n[warning] Slow: The model is busy.\n[mode] plan\n",
  );
});

test("what would steer a terminal, or turn the text around it, is taken out wherever it stands", () => {
  const written = createWritten();
  const evil = "a\u001b[2J\u001b]0;title\u0007b\u202ec\r\u0000\u009bd\ud800";
  written.tell(chunk(`${evil}\n`));
  written.tell({ sessionUpdate: "tool_call", toolCallId: evil, title: `${evil}\nnext`, kind: evil });
  written.tell({ sessionUpdate: "plan", entries: [{ content: evil, status: evil }] });
  written.say(evil);
  // oxlint-disable-next-line no-control-regex -- the characters that must not be there
  expect(written.text()).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\ud800]/u);
  expect(written.text()).toContain("abcd\ufffd");
});

test("nothing of any size or shape makes more than a bounded number of lines, or throws", () => {
  const written = createWritten();
  const many = Array.from({ length: 10_000 }, (_, index) => ({ content: `entry ${index}`, status: "pending" }));
  written.tell({ sessionUpdate: "plan", entries: many });
  expect(written.text().split("\n").length).toBeLessThan(60);
  written.tell(chunk("x".repeat(1_000_000)));
  expect(written.text().length).toBeLessThan(30_000);
  for (const odd of [null, 7, "x", [], {}, { sessionUpdate: 7 }, { sessionUpdate: "from_the_future", content: [] }]) {
    written.tell(odd);
    written.update(odd);
  }
  for (const kind of [
    "agent_message_chunk",
    "tool_call",
    "tool_call_update",
    "plan",
    "notice",
    "current_mode_update",
  ]) {
    for (const wrong of [null, 7, [null, [], { type: 7 }], { type: "text" }]) {
      written.tell({
        sessionUpdate: kind,
        content: wrong,
        entries: wrong,
        title: wrong,
        toolCallId: wrong,
        status: wrong,
      });
    }
  }
  for (let call = 0; call < 5_000; call++) {
    written.tell({ sessionUpdate: "tool_call", toolCallId: `${call}`, title: "a", status: "pending" });
  }
});

test("a conversation that is told again is not written again", () => {
  const written = createWritten();
  written.mute(true);
  written.tell(chunk("old\n"));
  written.mute(false);
  written.tell(chunk("new\n"));
  expect(written.text()).toBe("new\n");
});

test("what the agent has said is its messages, each begun on a line of its own, and of much of it the end", () => {
  const written = createWritten();
  written.tell(chunk("I have"));
  written.tell(chunk(" looked."));
  written.tell(chunk("approve?", "agent_thought_chunk"));
  written.tell({ sessionUpdate: "tool_call", toolCallId: "1", title: '{"verdict": "approve"}', status: "completed" });
  written.raw(Buffer.from('{"verdict": "approve"}\n'));
  written.tell(chunk("\u001b[31mno"));
  expect(written.said()).toBe("I have looked.\nno");
  for (let count = 0; count < 10; count++) written.tell(chunk("x".repeat(16_000)));
  written.tell(chunk("the end"));
  expect(written.said()).toHaveLength(16_000);
  expect(written.said()).toMatch(/x{100}the end$/);
});
