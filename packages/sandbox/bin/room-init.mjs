/**
 * The first program in a room that has a way out: programs know proxies by address and port, and the way out is a socket
 * file. It passes connections from the one to the other, runs the command, and ends as the command ends.
 *
 *     room-init.mjs SOCKET COMMAND [ARGUMENT…]
 *
 * Plain JavaScript without dependencies: it is mounted into the room as this one file.
 */
import { spawn } from "node:child_process";
import { connect, createServer } from "node:net";
import { constants } from "node:os";

const [, , socket, program, ...args] = process.argv;

const server = createServer((client) => {
  const out = connect(socket);
  const end = () => {
    client.destroy();
    out.destroy();
  };
  for (const one of [client, out]) one.on("error", end).on("close", end);
  client.pipe(out).pipe(client);
});

server.listen(0, "127.0.0.1", () => {
  const proxy = `http://127.0.0.1:${server.address().port}`;
  const env = { ...process.env };
  for (const name of ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"]) env[name] = proxy;
  for (const name of ["NO_PROXY", "no_proxy"]) env[name] = "localhost,127.0.0.1,::1";
  // Node.js's own fetch looks at the variables only when it is told to, in versions that can.
  env.NODE_USE_ENV_PROXY = "1";
  const child = spawn(program, args, { env, stdio: "inherit" });
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, () => undefined);
  child.on("error", (cause) => {
    process.stderr.write(`${cause.message}\n`);
    process.exit(127);
  });
  child.on("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
});
