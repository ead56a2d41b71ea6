/**
 * The agent of the rehearsal: on the official SDK, without a model. The story says how it behaves (`behaves: …`), the number of
 * the attempt how often it has done so before. What it tells of its cost it also writes down for itself, in the directory
 * REHEARSAL_CONTROL: the ledger of the mesh is compared with that.
 */
import { execFileSync, spawn } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";

import { agent, methods, ndJsonStream, PROTOCOL_VERSION, RequestError } from "@agentclientprotocol/sdk";

const { SKEIN_ITEM: item, SKEIN_EPOCH: epoch, REHEARSAL_CONTROL: control, REHEARSAL_NODE: node } = process.env;
const attempt = Number(process.env.SKEIN_ATTEMPT);
const CENT = 0.01;

const note = (name, line) => appendFileSync(join(control, name), `${line}\n`);
/** True the first time that it is asked for this. */
const isFirst = (name) => {
  const file = join(control, name);
  if (existsSync(file)) return false;
  writeFileSync(file, "");
  return true;
};

let asked = () => undefined;
const cancelled = new Promise((resolve) => {
  asked = resolve;
});

function createWork({ client, sessionId, cwd }) {
  const tell = (update) => client.notify(methods.client.session.update, { sessionId, update });
  const say = (text) => tell({ sessionUpdate: "agent_message_chunk", content: { type: "text", text } });
  const commit = async (text) => {
    mkdirSync(join(cwd, "work"), { recursive: true });
    writeFileSync(join(cwd, "work", `${item}.txt`), text);
    execFileSync("git", ["add", "--all"], { cwd });
    // What an attempt that was cut off has committed is there again.
    execFileSync("git", ["commit", "--quiet", "--allow-empty", "-m", `Work on ${item}`], { cwd });
  };
  let amount = 0;
  const spend = async (cents) => {
    amount += cents * CENT;
    note("spent", `${item} ${epoch} ${process.pid} ${amount.toFixed(2)}`);
    await tell({ sessionUpdate: "usage_update", used: 900, size: 200_000, cost: { amount, currency: "USD" } });
  };
  const works = async () => {
    await say("Working.\n");
    await delay(500 + (Number.parseInt(item.slice(-4), 36) % 2_500));
    await commit(`done by attempt ${attempt}\n`);
    return { stopReason: "end_turn" };
  };
  return { tell, say, commit, spend, works, cwd };
}

const onSecond = (first) => (work) => (attempt > 1 ? work.works() : first(work));

const hang = async ({ say }) => {
  await say("Hanging.\n");
  await cancelled;
  return { stopReason: "cancelled" };
};

const lie = async ({ say }) => {
  await say("All done, all tests are green.\n");
  return { stopReason: "end_turn" };
};

const pour = async (stream, text) => {
  for (;;) if (!stream.write(text)) await new Promise((resolve) => stream.once("drain", resolve));
};

const BEHAVIORS = {
  works: ({ works }) => works(),
  mends: onSecond(async ({ commit }) => {
    await commit("broken once\n");
    return { stopReason: "end_turn" };
  }),
  breaks: async ({ commit }) => {
    await commit(`broken in another way, ${attempt}\n`);
    return { stopReason: "end_turn" };
  },
  loops: async ({ commit }) => {
    await commit("broken, and always the same\n");
    return { stopReason: "end_turn" };
  },
  hangs: onSecond(hang),
  "hangs-for-ever": hang,
  babbles: onSecond(async ({ say }) => {
    for (;;) {
      await say("Nearly there.\n");
      await delay(500);
    }
  }),
  floods: onSecond(() => {
    const update = { sessionUpdate: "agent_thought_chunk", content: { type: "text", text: "." } };
    const line = JSON.stringify({ jsonrpc: "2.0", method: "session/update", params: { sessionId: "x", update } });
    return pour(process.stdout, `${line}\n`.repeat(500));
  }),
  spills: onSecond(() => pour(process.stderr, `${"x".repeat(99)}\n`.repeat(1_000))),
  throttled: async ({ works }) => {
    if (!isFirst(`throttled-${item}`)) return works();
    throw RequestError.internalError({ details: "You've hit your usage limit. Try again in 2 seconds." });
  },
  lies: onSecond(lie),
  "lies-for-ever": lie,
  daemons: async ({ works, cwd }) => {
    // In sessions of their own, their parents gone, deaf to what can be caught; one of them has left the clone, too.
    const script = `trap "" TERM HUP; echo $$ >> '${join(control, "daemons")}'; while :; do sleep 1; done`;
    for (const place of [cwd, "/"]) {
      spawn("sh", ["-c", `setsid sh -c '${script.replaceAll("'", `'\\''`)}' &`], {
        cwd: place,
        stdio: "ignore",
      }).unref();
    }
    return works();
  },
  crashes: async ({ works }) => {
    await works();
    process.exit(7);
  },
  spends: async ({ spend, say }) => {
    for (;;) {
      await say("This needs more thought.\n");
      await spend(10);
      await delay(400);
    }
  },
};

const directories = new Map();

agent({ name: "rehearsal" })
  .onRequest(methods.agent.initialize, () => ({ protocolVersion: PROTOCOL_VERSION, agentCapabilities: {} }))
  .onRequest(methods.agent.session.new, ({ params }) => {
    const sessionId = `${item}-${epoch}-${process.pid}`;
    directories.set(sessionId, params.cwd);
    return { sessionId };
  })
  .onRequest(methods.agent.session.prompt, async ({ params: { sessionId, prompt }, client }) => {
    const text = prompt.map((block) => block.text).join("");
    const behavior = /^behaves: (.+)$/m.exec(text)?.[1];
    note("runs", `${node} ${item} ${epoch} ${attempt} ${behavior}`);
    const work = createWork({ client, sessionId, cwd: directories.get(sessionId) });
    // Tokens were used before anything went wrong.
    await work.spend(2);
    if (existsSync(join(control, `blocked-${node}`))) {
      note("blocks", `${node} ${item} ${epoch}`);
      throw RequestError.internalError({ details: "You've hit your usage limit. Try again in 6 minutes." });
    }
    return BEHAVIORS[behavior](work);
  })
  .onNotification(methods.agent.session.cancel, () => asked())
  .connect(ndJsonStream(Writable.toWeb(process.stdout), Readable.toWeb(process.stdin)));
