// A stand-in for an ACP agent, on the agent's side of the official SDK. The story says how it behaves: "mode: …", and how it
// stops: "stop: …". It keeps its sessions in its home, as real agents do. docs/agents.md lists the modes.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";

import { agent, methods, ndJsonStream, PROTOCOL_VERSION, RequestError } from "@agentclientprotocol/sdk";

const item = process.env.SKEIN_ITEM ?? "none";
const attempt = Number(process.env.SKEIN_ATTEMPT ?? "1");
const memory = join(homedir(), ".acp-agent");
const fileOf = (session) => join(memory, `${session}.json`);
const remember = (session, heard) => {
  mkdirSync(memory, { recursive: true });
  writeFileSync(fileOf(session), JSON.stringify(heard));
};
const recall = (session) => JSON.parse(readFileSync(fileOf(session), "utf8"));

let asked = () => undefined;
const cancelled = new Promise((resolve) => {
  asked = resolve;
});

/** Works in `cwd` with its own tools, and tells of it. */
function createWork({ client, sessionId, cwd, text }) {
  const tell = (update) => client.notify(methods.client.session.update, { sessionId, update });
  const say = (words) => tell({ sessionUpdate: "agent_message_chunk", content: { type: "text", text: words } });
  const keep = async (path, content) => {
    const toolCallId = `write ${path}`;
    await tell({ sessionUpdate: "tool_call", toolCallId, title: `Write ${path}`, kind: "edit", status: "in_progress" });
    writeFileSync(join(cwd, path), content);
    execFileSync("git", ["add", "--all"], { cwd });
    execFileSync("git", ["commit", "--quiet", "-m", `Write ${path}`], { cwd });
    await tell({
      sessionUpdate: "tool_call_update",
      toolCallId,
      status: "completed",
      content: [{ type: "content", content: { type: "text", text: `wrote ${content.length} characters` } }],
    });
  };
  const permission = (title, command, kind = "execute") =>
    client.request(methods.client.session.requestPermission, {
      sessionId,
      toolCall: { toolCallId: title, title, kind, rawInput: { command } },
      options: [
        { optionId: "yes-1", name: "Allow", kind: "allow_once" },
        { optionId: "yes-2", name: "Always allow", kind: "allow_always" },
        { optionId: "no-1", name: "Reject", kind: "reject_once" },
      ],
    });
  return { client, sessionId, text, tell, say, keep, permission };
}

const MODES = {
  works: async ({ tell, say, keep }) => {
    await tell({ sessionUpdate: "agent_thought_chunk", content: { type: "text", text: "Let me see." } });
    await tell({
      sessionUpdate: "plan",
      entries: [
        { content: "Read the story", priority: "high", status: "completed" },
        { content: "Write \u001b[31mit\u001b[0m down", priority: "low", status: "in_progress" },
      ],
    });
    await keep(`work-${item}.txt`, "done\n");
    await say("It is \u001b]0;title\u0007done.\n");
    await tell({ sessionUpdate: "usage_update", used: 900, size: 200_000, cost: { amount: 0.25, currency: "USD" } });
    return { stopReason: "end_turn", usage: { totalTokens: 1_234, inputTokens: 1_200, outputTokens: 34 } };
  },
  // Commits first, and stops as the story says.
  stops: async ({ text, keep }) => {
    await keep(`work-${item}.txt`, "half of it\n");
    return { stopReason: /^stop: (.+)$/m.exec(text)?.[1] };
  },
  permission: async ({ keep, permission }) => {
    const { outcome } = await permission("Run the installer", "npm install --global left-pad");
    await keep(`answer-${item}.txt`, outcome.optionId ?? outcome.outcome);
    return { stopReason: "end_turn" };
  },
  form: async ({ client, sessionId, keep }) => {
    const answer = await client.request(methods.client.elicitation.create, {
      mode: "form",
      sessionId,
      message: "Which port?",
      requestedSchema: { type: "object", properties: { port: { type: "integer" } }, required: ["port"] },
    });
    await keep(`answer-${item}.txt`, JSON.stringify(answer));
    return { stopReason: "end_turn" };
  },
  // As a reviewer: asks for more than it may, and is content with work that is done.
  reviews: async ({ text, tell, say, permission }) => {
    const run = await permission("Run the tests", "npm test");
    const look = await permission("Read the work", "", "read");
    await say("I have looked.\n");
    await tell({ sessionUpdate: "usage_update", used: 900, size: 200_000, cost: { amount: 0.5, currency: "USD" } });
    const isRefused = run.outcome.optionId === "no-1" && look.outcome.optionId === "yes-1";
    const isContent = isRefused && text.includes("    +done\n");
    await say(JSON.stringify(isContent ? { verdict: "approve" } : { verdict: "reject", note: "It is not done." }));
    return { stopReason: "end_turn" };
  },
  hangs: async ({ say }) => {
    await say("hanging\n");
    // A daemon that would outlive it, in a session of its own.
    spawn(process.execPath, ["-e", "setInterval(() => undefined, 1000)"], { detached: true, stdio: "ignore" }).unref();
    await cancelled;
    process.stderr.write("heard that its turn is cancelled\n");
    return { stopReason: "cancelled" };
  },
  // Is cancelled and does not care.
  deaf: async ({ say }) => {
    await say("not listening\n");
    return delay(3_600_000);
  },
  floods: async () => {
    const update = { sessionUpdate: "agent_thought_chunk", content: { type: "text", text: "." } };
    const line = `${JSON.stringify({ jsonrpc: "2.0", method: "session/update", params: { sessionId: "x", update } })}\n`;
    const lines = line.repeat(500);
    for (;;) if (!process.stdout.write(lines)) await new Promise((resolve) => process.stdout.once("drain", resolve));
  },
  "long-line": async () => {
    const piece = "x".repeat(1024 * 1024);
    for (;;) if (!process.stdout.write(piece)) await new Promise((resolve) => process.stdout.once("drain", resolve));
  },
  garbage: async ({ keep }) => {
    await keep(`work-${item}.txt`, "before the garbage\n");
    process.stdout.write("npm notice \u001b[31mThere is a new version\u001b[0m\n");
    return delay(3_600_000);
  },
  dies: async ({ say }) => {
    await say("dying\n");
    process.exit(7);
  },
  fails: async () => {
    throw RequestError.internalError({ details: "the model said no" });
  },
  // The first attempt under a limit, the next one without.
  limited: async ({ keep, text }) => {
    const file = fileOf(`limited-${item}`);
    let isFree = false;
    try {
      isFree = readFileSync(file, "utf8") !== "";
    } catch {
      remember(`limited-${item}`, "seen");
    }
    if (isFree) {
      await keep(`work-${item}.txt`, text);
      return { stopReason: "end_turn" };
    }
    throw RequestError.internalError({ details: "You've hit your usage limit. Try again in 1 second." });
  },
  // Where its provider has cut it off for hours it has begun something; elsewhere it goes on with what is there.
  blocked: async ({ keep, text }) => {
    if (process.env.ACP_AGENT_BLOCKED === "1") {
      await keep(`begun-${item}.txt`, "committed");
      writeFileSync(`half-${item}.txt`, "not committed");
      throw RequestError.internalError({ details: "You've hit your usage limit. Try again in 5 hours." });
    }
    const there = [`begun-${item}.txt`, `half-${item}.txt`].filter((name) => existsSync(name));
    await keep(`work-${item}.txt`, JSON.stringify({ there, isTold: text.includes("Work that is here already") }));
    return { stopReason: "end_turn" };
  },
  // Forgets to commit the first time, and shows then what it remembers.
  remembers: async ({ sessionId, keep, text }) => {
    const heard = recall(sessionId);
    if (attempt > 1) await keep(`memory-${item}.json`, JSON.stringify({ heard: heard.length, sessionId, text }));
    return { stopReason: "end_turn" };
  },
};

/** On a machine where everything hangs, whatever the story says. */
const hangs = process.env.ACP_AGENT_HANGS === "1";
const modeOf = (heard) => (hangs ? "hangs" : (/^mode: (.+)$/m.exec(heard.join("\n"))?.[1] ?? "works"));
const directories = new Map();

if (process.env.ACP_AGENT_BROKEN === "banner") process.stdout.write("Welcome to the agent!\n");

agent({ name: "acp-agent" })
  .onRequest(methods.agent.initialize, () => ({
    protocolVersion: PROTOCOL_VERSION,
    agentCapabilities: {
      loadSession: process.env.ACP_AGENT_LOAD === "1",
      sessionCapabilities: process.env.ACP_AGENT_RESUME === "1" ? { resume: {} } : {},
    },
  }))
  .onRequest(methods.agent.session.new, ({ params }) => {
    if (process.env.ACP_AGENT_BROKEN === "login") throw RequestError.authRequired();
    const sessionId = `s-${item}-${attempt}-${process.pid}`;
    directories.set(sessionId, params.cwd);
    remember(sessionId, []);
    return { sessionId };
  })
  .onRequest(methods.agent.session.load, async ({ params, client }) => {
    const heard = recall(params.sessionId);
    directories.set(params.sessionId, params.cwd);
    for (const text of heard) {
      await client.notify(methods.client.session.update, {
        sessionId: params.sessionId,
        update: { sessionUpdate: "user_message_chunk", content: { type: "text", text } },
      });
      await client.notify(methods.client.session.update, {
        sessionId: params.sessionId,
        update: { sessionUpdate: "agent_message_chunk", content: { type: "text", text: "REPLAYED\n" } },
      });
    }
    return {};
  })
  .onRequest(methods.agent.session.resume, ({ params }) => {
    recall(params.sessionId);
    directories.set(params.sessionId, params.cwd);
    return {};
  })
  .onRequest(methods.agent.session.prompt, ({ params, client }) => {
    const { sessionId, prompt } = params;
    const text = prompt.map((block) => block.text).join("");
    const heard = [...recall(sessionId), text];
    remember(sessionId, heard);
    const mode = modeOf(heard);
    process.stderr.write(`mode ${mode}\n`);
    return MODES[mode](createWork({ client, sessionId, cwd: directories.get(sessionId), text }));
  })
  .onNotification(methods.agent.session.cancel, () => asked())
  .connect(ndJsonStream(Writable.toWeb(process.stdout), Readable.toWeb(process.stdin)));
