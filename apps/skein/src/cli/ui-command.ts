/** `skein ui`: links that sign a browser in, and who is signed in. */
import { spawn } from "node:child_process";

import { type Role, ROLES } from "@skein/core";
import { type Command, Option } from "commander";

import { type BrowserSession, type Client, connect } from "../client.ts";
import { Failure } from "../failure.ts";
import { isLoopback } from "../loopback.ts";
import { type CommonOptions, dataDirectoryOf, dataOption, jsonOption } from "./options.ts";
import { table } from "./table.ts";
import { linkWords } from "./view-commands.ts";

interface UiFlags extends CommonOptions {
  readonly open?: boolean;
  readonly role: Role;
  readonly at?: string;
  readonly list?: boolean;
  readonly end?: string;
}

export function addUiCommand(program: Command): void {
  program
    .command("ui")
    .description("Print a link that opens the board page and signs one browser in")
    .addOption(dataOption())
    .addOption(jsonOption())
    .option("--open", "open it in this machine's browser")
    .addOption(new Option("--role <role>", "sign in with no more than this role").choices(ROLES).default("owner"))
    .option("--at <url>", "sign in at another machine's node, with the key of the member in the data directory")
    .option("--list", "show who is signed in at this node's page")
    .option("--end <session>", "end a session by its name, or `all`")
    .action(async (flags: UiFlags) => {
      if (flags.at !== undefined) return showLink(await linkAt(dataDirectoryOf(flags), flags.at), flags);
      const client = await connect(dataDirectoryOf(flags));
      try {
        if (flags.end !== undefined) return await endSession(client, flags.end, flags);
        if (flags.list === true) return await listSessions(client, flags);
        return showLink(valueOf(await client.login(flags.role)), flags);
      } finally {
        await client.close();
      }
    });
}

async function linkAt(directory: string, at: string): Promise<string> {
  const { memberLink } = await import("../member-sign-in.ts");
  const link = await memberLink(directory, at);
  const { protocol, hostname } = new URL(link);
  if (protocol === "http:" && !isLoopback(hostname)) {
    process.stderr.write("There is no TLS on the way: whoever reads the network can use this link, and the session.\n");
  }
  return link;
}

function showLink(link: string, flags: UiFlags): void {
  process.stdout.write(flags.json === true ? `${JSON.stringify({ link })}\n` : `${link}\n${linkWords(flags)}\n`);
  if (flags.open === true) openInBrowser(link);
}

/** A browser that cannot be started is no failure: the link is there. */
function openInBrowser(link: string): void {
  const opener = process.platform === "darwin" ? "open" : "xdg-open";
  const child = spawn(opener, [link], { stdio: "ignore", detached: true });
  child.on("error", () => process.stderr.write(`There is no ${opener} here: open the link yourself.\n`));
  child.unref();
}

async function listSessions(client: Client, flags: UiFlags): Promise<void> {
  const sessions = valueOf(await client.browserSessions());
  if (flags.json === true) {
    process.stdout.write(`${JSON.stringify(sessions)}\n`);
    return;
  }
  const lines = sessions.map(lineOf);
  const head = ["SESSION", "MEMBER", "ROLE", "BY", "SINCE", "SEEN"];
  process.stdout.write(lines.length === 0 ? "Nobody is signed in.\n" : `${table(head, lines)}\n`);
}

const lineOf = ({ session, name, role, by, page, since, seen }: BrowserSession): readonly string[] => [
  session,
  name ?? "(removed)",
  role ?? "nothing",
  page === null ? by : `${by} from ${page}`,
  timeOf(since),
  timeOf(seen),
];

const timeOf = (ms: number): string => new Date(ms).toISOString().slice(0, 16).replace("T", " ");

async function endSession(client: Client, name: string, flags: UiFlags): Promise<void> {
  const ended = valueOf(await client.endBrowserSession(name));
  const words = `Ended ${ended} ${ended === 1 ? "session" : "sessions"}.`;
  process.stdout.write(flags.json === true ? `${JSON.stringify({ ended })}\n` : `${words}\n`);
}

type Answered<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: { message: string } };

function valueOf<T>(answered: Answered<T>): T {
  if (answered.ok) return answered.value;
  throw new Failure(answered.error.message);
}
