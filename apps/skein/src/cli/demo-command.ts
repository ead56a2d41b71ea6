/** `skein demo`: a whole mesh on this machine. */
import type { Command } from "commander";

import { checkNodeCount, NODES_MAX } from "../demo/node-count.ts";

interface DemoFlags {
  readonly exit?: boolean;
  readonly json?: boolean;
  readonly kill?: boolean;
  readonly nodes: number;
  readonly keep?: boolean;
  readonly data?: string;
}

export function addDemoCommand(program: Command): void {
  program
    .command("demo")
    .description("Run a mesh of three nodes on this machine and watch stories become commits")
    .option("--exit", "end when every story is Done instead of at Ctrl-C")
    .option("--json", "print one summary object and nothing else; ends like --exit")
    .option("--kill", "kill -9 a node in the middle of its work and watch another one take over")
    .option("--nodes <n>", `how many nodes, 2 to ${NODES_MAX}`, checkNodeCount, 3)
    .option("--keep", "leave the demo's directory behind")
    // Not the option of the other commands: $SKEIN_DATA names a node that is in use.
    .option("--data <dir>", "an empty directory to work in (default: a temporary one)")
    .action(async ({ nodes, data, ...flags }: DemoFlags) => {
      const [{ demo }, { standardTerminal }] = await Promise.all([
        import("../demo/demo.ts"),
        import("../demo/reporter.ts"),
      ]);
      const json = flags.json === true;
      await demo(
        { nodes, data, json, exit: json || flags.exit === true, kill: flags.kill === true, keep: flags.keep === true },
        standardTerminal(process.stdout, process.env),
      );
    });
}
