// Runs main.ts, which is TypeScript, through the bundler that it uses itself.
import { fileURLToPath } from "node:url";
import { runnerImport } from "vite";

const { module } = await runnerImport(fileURLToPath(new URL("main.ts", import.meta.url)), { configFile: false });
process.exitCode = await module.main(process.argv.slice(2), fileURLToPath(new URL("../..", import.meta.url)));
