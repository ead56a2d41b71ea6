/** The `skein` command. */
import { runCli } from "./cli.ts";

// A reader that has seen enough (`skein logs … | head`) is no fault; a full disk behind `>` is one, in one sentence.
process.stdout.on("error", (cause: NodeJS.ErrnoException) => {
  if (cause.code === "EPIPE") process.exit(0);
  process.stderr.write(`skein: The output cannot be written: ${cause.message}.\n`);
  process.exit(1);
});

const code = await runCli(process.argv.slice(2));
// A command may have set one of its own: doctor, when it found something.
if (code !== 0) process.exitCode = code;
