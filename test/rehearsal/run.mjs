// Runs main.ts, which is TypeScript, and with it the helpers of the tests.
import { fileURLToPath } from "node:url";
import { runnerImport } from "vite";

const { module } = await runnerImport(fileURLToPath(new URL("main.ts", import.meta.url)), { configFile: false });
process.exitCode = await module.main(process.argv.slice(2));
