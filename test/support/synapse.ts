/**
 * A real Matrix homeserver for tests: Synapse from Debian's packages (scripts/get-synapse), on a free port of 127.0.0.1, with
 * its database in a directory of its own. It can be stopped and started again, as after an update.
 */
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { createHmac, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { createMatrixUser, type MatrixUser } from "./matrix-user.ts";
import { waitFor } from "./wait.ts";

export interface Synapse {
  readonly url: string;
  /** Registers one and logs it in. Its name is also its display name. */
  user(name: string): Promise<MatrixUser>;
  /** The same user on a new device. */
  login(user: MatrixUser): Promise<MatrixUser>;
  passwordOf(user: MatrixUser): string;
  /** How many messages this user may send; undefined for no limit of its own. */
  limit(userId: string, limit: { readonly perSecond: number; readonly burst: number } | undefined): Promise<void>;
  /** Starts it again after `stop` or `kill`, with the same port and database. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Ends it as a loss of power does. */
  kill(): Promise<void>;
  /** Ends it and removes its files. */
  dispose(): Promise<void>;
}

/** Fetching Synapse the first time takes longer than a hook may take otherwise. */
export const SYNAPSE_START_MS = 600_000;

const SHARED_SECRET = "for tests only";
const script = (name: string): string => fileURLToPath(new URL(`../../scripts/${name}`, import.meta.url));

export async function startSynapse(): Promise<Synapse> {
  await promisify(execFile)(script("get-synapse"));
  const directory = mkdtempSync(join(tmpdir(), "skein-synapse-"));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  writeConfiguration(directory, port);
  let running: ChildProcess | undefined;

  const end = async (signal: "SIGTERM" | "SIGKILL"): Promise<void> => {
    if (running === undefined) return;
    const ended = running.exitCode === null && running.signalCode === null ? once(running, "exit") : undefined;
    running.kill(signal);
    await ended;
    running = undefined;
  };
  const start = async (): Promise<void> => {
    const output = createWriteStream(join(directory, "output.log"), { flags: "a" });
    await once(output, "open");
    const child = spawn(script("run-synapse"), [join(directory, "homeserver.yaml")], {
      cwd: directory,
      stdio: ["ignore", output, output],
    });
    running = child;
    await waitFor("Synapse", () => answers(url, child), { withinMs: 60_000 }).catch(async (cause: unknown) => {
      await end("SIGKILL");
      throw new Error(`Synapse did not start:\n${readFileSync(join(directory, "output.log"), "utf8").slice(-2_000)}`, {
        cause,
      });
    });
  };

  await start();
  const passwords = new Map<string, string>();
  const register = async (name: string, isAdmin: boolean): Promise<MatrixUser> => {
    const registered = await registerUser(url, name, isAdmin);
    passwords.set(registered.user.id, registered.password);
    return registered.user;
  };
  const admin = await register("admin", true);
  return {
    url,
    user: async (name) => {
      const user = await register(name, false);
      await user.call("PUT", `/v3/profile/${encodeURIComponent(user.id)}/displayname`, { displayname: name });
      return user;
    },
    passwordOf: ({ id }) => passwords.get(id) ?? "",
    login: async ({ id }) => {
      const answer = await post(`${url}/_matrix/client/v3/login`, {
        type: "m.login.password",
        identifier: { type: "m.id.user", user: id },
        password: passwords.get(id),
      });
      return createMatrixUser(url, id, String(answer["access_token"]));
    },
    limit: async (userId, limit) => {
      const path = `/_synapse/admin/v1/users/${encodeURIComponent(userId)}/override_ratelimit`;
      if (limit === undefined) await admin.call("DELETE", path);
      else await admin.call("POST", path, { messages_per_second: limit.perSecond, burst_count: limit.burst });
    },
    start,
    stop: () => end("SIGTERM"),
    kill: () => end("SIGKILL"),
    dispose: async () => {
      await end("SIGKILL");
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function answers(url: string, child: ChildProcess): Promise<boolean> {
  if (child.exitCode !== null) throw new Error(`it ended with code ${child.exitCode}`);
  return (await fetch(`${url}/_matrix/client/versions`)).ok;
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new Error("the probe has no port");
  server.close();
  await once(server, "close");
  return bound.port;
}

/** Limits that an ordinary user never meets, so that a test that wants one sets it for one user. */
const UNLIMITED = "{per_second: 10000, burst_count: 10000}";

function writeConfiguration(directory: string, port: number): void {
  const seed = randomBytes(32).toString("base64").replace(/=+$/, "");
  writeFileSync(join(directory, "signing.key"), `ed25519 a_test ${seed}\n`);
  const logging = [
    "version: 1",
    "handlers: {console: {class: logging.StreamHandler}}",
    "root: {level: WARNING, handlers: [console]}",
  ];
  writeFileSync(join(directory, "log.yaml"), `${logging.join("\n")}\n`);
  const configuration = [
    "server_name: localhost",
    "report_stats: false",
    `pid_file: ${directory}/homeserver.pid`,
    `signing_key_path: ${directory}/signing.key`,
    `media_store_path: ${directory}/media`,
    `log_config: ${directory}/log.yaml`,
    `database: {name: sqlite3, args: {database: ${directory}/homeserver.db}}`,
    "listeners:",
    `  - {port: ${port}, type: http, tls: false, bind_addresses: [127.0.0.1], resources: [{names: [client], compress: false}]}`,
    "trusted_key_servers: []",
    "suppress_key_server_warning: true",
    "enable_registration: false",
    `registration_shared_secret: "${SHARED_SECRET}"`,
    `macaroon_secret_key: "${SHARED_SECRET}"`,
    `form_secret: "${SHARED_SECRET}"`,
    "presence: {enabled: false}",
    `rc_message: ${UNLIMITED}`,
    `rc_login: {address: ${UNLIMITED}, account: ${UNLIMITED}, failed_attempts: ${UNLIMITED}}`,
    `rc_joins: {local: ${UNLIMITED}, remote: ${UNLIMITED}}`,
    `rc_joins_per_room: ${UNLIMITED}`,
    `rc_invites: {per_room: ${UNLIMITED}, per_user: ${UNLIMITED}, per_issuer: ${UNLIMITED}}`,
    `rc_room_creation: ${UNLIMITED}`,
  ];
  writeFileSync(join(directory, "homeserver.yaml"), `${configuration.join("\n")}\n`);
}

/** With the shared secret, as Synapse's own `register_new_matrix_user` does it. */
interface Registered {
  readonly user: MatrixUser;
  readonly password: string;
}

async function registerUser(url: string, name: string, isAdmin: boolean): Promise<Registered> {
  const path = `${url}/_synapse/admin/v1/register`;
  const { nonce } = (await (await fetch(path)).json()) as { nonce: string };
  const password = randomBytes(16).toString("hex");
  const mac = createHmac("sha1", SHARED_SECRET)
    .update([nonce, name, password, isAdmin ? "admin" : "notadmin"].join("\0"))
    .digest("hex");
  const body = await post(path, { nonce, username: name, password, admin: isAdmin, mac });
  const user = createMatrixUser(url, String(body["user_id"]), String(body["access_token"]));
  return { user, password };
}

async function post(url: string, body: unknown): Promise<Record<string, unknown>> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const answer = (await response.json()) as Record<string, unknown>;
  if (!response.ok) throw new Error(`Synapse answers ${url} with ${JSON.stringify(answer)}`);
  return answer;
}
