/** Commands about this machine's own node: init, up, agent. */
import { type Command, Option } from "commander";

import { Failure } from "../failure.ts";
import type { InitResult } from "../init.ts";
import { isLoopback } from "../loopback.ts";
import type { RunningNode, UpOptions } from "../up.ts";
import {
  collect,
  collectLabel,
  type CommonOptions,
  dataDirectoryOf,
  dataOption,
  dataWords,
  duration,
  jsonOption,
  wholeNumber,
} from "./options.ts";
import { gitRootHere } from "./git-root.ts";
import { linkWords } from "./view-commands.ts";

const DAY_MS = 24 * 3_600_000;

interface InitFlags extends CommonOptions {
  readonly project?: string;
  readonly name?: string;
  readonly mesh?: string;
}

interface UpFlags extends CommonOptions {
  readonly listen?: string;
  readonly http?: string;
  readonly rendezvous?: readonly string[];
  readonly ticket?: string;
  readonly label?: Readonly<Record<string, string>>;
  readonly headless?: boolean;
  readonly jsonLog?: boolean;
  readonly verbose?: boolean;
  readonly name?: string;
  readonly slots: number;
  readonly checkpointOps: number;
  readonly checkpointEvery: number;
  readonly keepSignatures: number;
  readonly advertise?: readonly string[];
  readonly advertiseHttp?: string;
  readonly insecureHttp?: boolean;
}

export function addNodeCommands(program: Command): void {
  program
    .command("init")
    .description("Found a mesh; in a git repository, also write skein.yaml and make it the project")
    .addOption(dataOption())
    .addOption(jsonOption())
    .option("--project <path>", "the git repository to work on (default: the one you are in)")
    .option("--name <name>", "this node's name (default: the host name)")
    .option("--mesh <name>", "the mesh's name (default: the project's)")
    .action(async (flags: InitFlags) => {
      const project = flags.project ?? gitRootHere();
      if (project === undefined && flags.data === undefined) {
        throw new Failure(
          "You are not in a git repository. Go into the one to work on, or name it with --project PATH. A mesh without a project is made with --data DIR.",
        );
      }
      const { name, mesh } = flags;
      const { init } = await import("../init.ts");
      const result = await init({ data: dataDirectoryOf(flags), project, name, mesh });
      process.stdout.write(flags.json === true ? `${JSON.stringify(result)}\n` : describeInit(result, flags));
    });
  addUp(program, "up", "Run this node until it is told to stop", false);
  addUp(program, "agent", "Run a headless build agent: a node without the board page", true);
}

function addUp(program: Command, name: string, description: string, headless: boolean): void {
  const command = program
    .command(name)
    .description(description)
    .addOption(dataOption())
    .option("--listen <host:port>", "address for peers; port 0 takes any free one (default: 127.0.0.1:4710)")
    .option("--http <host:port>", "address of the board and the API (default: 127.0.0.1:4711)")
    .option("--rendezvous <url>", "address of any node of the mesh; may be repeated", collect)
    .option("--ticket <ticket>", "what `skein invite` printed, to join a mesh")
    .option("--label <key=value>", "what this node can do, for items that ask for it; may be repeated", collectLabel)
    .option("--slots <n>", "how many attempts run here at once; 0 does no work", wholeNumber, 1)
    .option("--name <name>", "this node's name, when it joins (default: the host name)")
    .option("--advertise <url>", "address to tell other nodes instead of the one listened on; may be repeated", collect)
    .option("--advertise-http <url>", "origin of the board page to tell other nodes, like https://board.example")
    .option("--insecure-http", "serve the board and the API beyond this machine without TLS")
    .option("--checkpoint-ops <n>", "an operator's node signs a checkpoint after this many ops", wholeNumber, 50_000)
    .addOption(
      new Option("--checkpoint-every <time>", "… or after this long; see Growth in operating.md")
        .argParser(duration)
        .default(DAY_MS, "24h"),
    )
    .addOption(
      new Option("--keep-signatures <time>", "how long the signatures below a checkpoint are kept")
        .argParser(duration)
        .default(7 * DAY_MS, "7d"),
    )
    .option("--json-log", "log JSON lines")
    .option("--verbose", "log every message");
  if (!headless) command.option("--headless", "do not serve the board page");
  command.action(async (flags: UpFlags) => runUntilSignal(upOptions(flags, headless), flags));
}

const upOptions = (flags: UpFlags, headless: boolean): UpOptions => ({
  data: dataDirectoryOf(flags),
  listen: flags.listen,
  http: flags.http,
  rendezvous: flags.rendezvous ?? [],
  ticket: flags.ticket,
  labels: flags.label ?? {},
  headless: headless || flags.headless === true,
  jsonLog: flags.jsonLog === true,
  verbose: flags.verbose === true,
  name: flags.name,
  slots: flags.slots,
  growth: {
    checkpointOps: flags.checkpointOps,
    checkpointMs: flags.checkpointEvery,
    keepSignaturesMs: flags.keepSignatures,
  },
  advertise: flags.advertise ?? [],
  advertiseHttp: flags.advertiseHttp,
  insecureHttp: flags.insecureHttp === true,
  // Nothing is drained: what this process holds in memory may not be what the disk has. The next start reads the disk.
  onUnusable: (message) => {
    process.stderr.write(`skein: ${message}\n`);
    process.exit(1);
  },
});

async function runUntilSignal(options: UpOptions, flags: CommonOptions): Promise<void> {
  // Loaded when it is needed: most commands only ask a running node.
  const { up } = await import("../up.ts");
  const running = await up(options);
  let asked = 0;
  const onSignal = (): void => {
    asked++;
    // The second time the person does not want to wait for attempts to end.
    if (asked > 1) process.exit(130);
    running.stop();
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  if (!options.jsonLog) process.stdout.write(describeUp(running, options, flags));
  await running.stopped;
}

function describeUp(
  { node, endpoints, announced, page, ...running }: RunningNode,
  options: UpOptions,
  flags: CommonOptions,
): string {
  const lines = [`Node ${node.api.name} is up. Other nodes reach it at ${announced.join(" or ")}.`];
  if (options.headless) lines.push(`API: ${endpoints.http}`);
  else lines.push(`Board: ${running.loginLink()}`, linkWords(flags));
  if (page.startsWith("http:") && !isLoopback(new URL(page).hostname)) {
    lines.push("The board is served without TLS beyond this machine: whoever reads the network reads its sessions.");
  }
  return `${lines.join("\n")}\n`;
}

function describeInit(result: InitResult, flags: InitFlags): string {
  const lines = [`Founded a mesh with this node, ${result.node}, as its owner (${result.data}).`];
  const { project } = result;
  if (project === null) {
    lines.push("There is no project yet: the page leads to one, or `skein project begin PATH`.");
  } else {
    const gate = project.gate.map((argv) => argv.join(" ")).join(", ");
    lines.push(`Project ${project.name} lands on ${project.base} of ${project.remote}.`);
    lines.push(
      gate === "" ? "Gate: none yet; add test commands to skein.yaml." : `Gate: ${gate} (${result.gateBecause}).`,
    );
    if (result.wrote !== null)
      lines.push(
        `Wrote ${result.wrote}: read it, and commit it when it is right. It counts once it is on the target branch.`,
      );
    lines.push(describeSandbox(result));
  }
  const data = dataWords(flags.data);
  const first = project === null ? [] : [`  npx skein item add "Say hello" --start${data}`];
  lines.push("", "Next:", `  npx skein up${data}`, ...first, "");
  return lines.join("\n");
}

function describeSandbox({ sandbox, sandboxBecause }: InitResult): string {
  if (sandbox !== "none") return `Agents and the gate are shut in (sandbox: ${sandbox}).`;
  return `Agents run without a sandbox, with your rights (sandbox: none).${sandboxBecause === "" ? "" : ` ${sandboxBecause}`}`;
}
