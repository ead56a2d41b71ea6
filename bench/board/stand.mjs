// A node with many items that nobody works on, as a process of its own, and the way into its page.
import { spawn, spawnSync } from "node:child_process";
import { on, once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { WebSocket } from "ws";

const SKEIN = fileURLToPath(new URL("../../apps/skein/dist/main.js", import.meta.url));
const LABELS = ["ui", "api", "docs", "storage", "sync", "chat", "tests", "flaky"];
const WORDS = "mend the roof of a shed before rain comes while somebody paints its door and counts the nails".split(
  " ",
);
const AT_ONCE = 32;

/** The same commands for the same count, so that two runs measure the same. */
function plansOf(count) {
  let state = 42;
  const draw = (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
  return Array.from({ length: count }, (_, place) => ({
    add: {
      title: `${place} ${Array.from({ length: 3 + draw(9) }, () => WORDS[draw(WORDS.length)]).join(" ")}`,
      text: Array.from({ length: 40 + draw(80) }, () => WORDS[draw(WORDS.length)]).join(" "),
      priority: draw(10),
      labels: LABELS.filter(() => draw(6) === 0),
      start: draw(5) === 0,
    },
    hold: draw(50) === 0,
    archive: draw(4) === 0,
  }));
}

export async function startStand(count) {
  const home = mkdtempSync(join(tmpdir(), "skein-bench-board-"));
  const data = join(home, "data");
  const made = spawnSync(process.execPath, [SKEIN, "init", "--data", data, "--name", "alder"], {
    cwd: home,
    encoding: "utf8",
  });
  if (made.status !== 0) throw new Error(made.stderr);
  const ports = ["--listen", "127.0.0.1:0", "--http", "127.0.0.1:0"];
  const node = spawn(process.execPath, [SKEIN, "up", "--data", data, ...ports, "--slots", "0"], {
    cwd: home,
    stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise((resolve, reject) => {
    node.stdout.on("data", (chunk) => (String(chunk).includes("Board:") ? resolve() : undefined));
    node.on("exit", (code) => reject(new Error(`skein up ended with ${code}`)));
  });
  const { http } = JSON.parse(readFileSync(join(data, "endpoints.json"), "utf8"));
  const token = readFileSync(join(data, "token"), "utf8").trim();
  const post = async (path, body) => {
    const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
    const answer = await fetch(`${http}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
    const value = await answer.json();
    if (!answer.ok) throw new Error(value.error.message);
    return value;
  };
  const command = async (name, input) => (await post("/api/v1/commands", { name, input })).result;
  await fill(command, plansOf(count));
  return {
    http,
    command,
    readBoard: () => readBoard(`${http.replace("http", "ws")}/yjs/board?token=${token}`),
    cpuMs: () => cpuMs(node.pid),
    loginLink: async () => {
      const { page, fragment } = await post("/api/v1/logins", { role: "owner" });
      return `${page}/${fragment}`;
    },
    close: async () => {
      node.kill("SIGTERM");
      await new Promise((resolve) => node.on("exit", resolve));
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** What a reader of the board document is sent until it has all of it, in bytes. */
async function readBoard(url) {
  const socket = new WebSocket(url);
  await once(socket, "open");
  // "I have nothing."
  socket.send(new Uint8Array([0, 0, 1, 0]));
  let bytes = 0;
  for await (const [data] of on(socket, "message")) {
    bytes += data.length;
    const [type, step] = data;
    if (type === 0 && step === 1) break;
  }
  socket.terminate();
  return bytes;
}

/** Processor time of the process and its threads so far; undefined where the system does not tell. */
function cpuMs(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // In hundredths of a second, on every Linux there is.
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return undefined;
  }
}

async function fill(command, plans) {
  let next = 0;
  const adder = async () => {
    while (next < plans.length) {
      const { add, hold, archive } = plans[next++];
      const { id: item } = await command("item.add", add);
      if (hold) await command("item.hold", { item, reason: "until the parts are here" });
      if (archive) await command("item.archive", { item });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, adder));
}
