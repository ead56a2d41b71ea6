/** The `skein` command. */
import { runCli } from "./cli.ts";

const code = await runCli(process.argv.slice(2));
// A command may have set one of its own: doctor, when it found something.
if (code !== 0) process.exitCode = code;
