/** `skein demo`: a repository, a mesh, three stories, and how they become commits. */
import { type SandboxHere, sandboxHere } from "../sandbox.ts";
import { addStory } from "./answers.ts";
import { catchInterrupts, type Interrupt, orInterrupted } from "./interrupt.ts";
import { dim, good, type Line, node, plain, strong } from "./line.ts";
import { createMesh, type DemoMesh } from "./mesh.ts";
import { NAMES } from "./node-count.ts";
import { openPlace, type Place } from "./place.ts";
import { createReporter, type Reporter, silentReporter, type Terminal } from "./reporter.ts";
import { BASE, demoConfig, type LandedCommit, makeRepository, readLandings } from "./repository.ts";
import { seconds } from "./seconds.ts";
import { createStories } from "./stories.ts";
import { summaryOf } from "./summary.ts";
import { linger, travel } from "./travel.ts";
import { createWatch } from "./watch.ts";

export interface DemoOptions {
  readonly nodes: number;
  /** End when the stories are Done instead of at Ctrl-C. */
  readonly exit: boolean;
  readonly json: boolean;
  readonly kill: boolean;
  readonly keep: boolean;
  /** Undefined for a temporary directory. */
  readonly data: string | undefined;
}

const LIMIT_MS = 60_000;
const THINK_MS = 700;
/** With --kill an attempt takes long enough to be caught in its middle. */
const LONG_THINK_MS = 2_500;

export async function demo(options: DemoOptions, terminal: Terminal): Promise<void> {
  const names = NAMES.slice(0, options.nodes);
  const place = openPlace(options.data);
  const mesh = createMesh(place);
  const interrupt = catchInterrupts(() => {
    mesh.killAll();
    if (!options.keep) place.remove();
  });
  const reporter = options.json ? silentReporter : createReporter(terminal, names);
  try {
    await run({ options, names, place, mesh, reporter, interrupt, terminal });
  } finally {
    reporter.finish();
    if (interrupt.signal.aborted) reporter.say([dim("Ending the nodes and clearing up …")]);
    await mesh.stop();
    if (!options.keep) place.remove();
    else if (!options.json) reporter.say([plain(`The demo's directory is kept: ${place.root}`)]);
    interrupt.release();
  }
}

interface Run {
  readonly options: DemoOptions;
  readonly names: readonly string[];
  readonly place: Place;
  readonly mesh: DemoMesh;
  readonly reporter: Reporter;
  readonly interrupt: Interrupt;
  readonly terminal: Terminal;
}

async function run({ options, names, place, mesh, reporter, interrupt, terminal }: Run): Promise<void> {
  const startedMs = performance.now();
  const elapsedMs = (): number => performance.now() - startedMs;
  const { signal } = interrupt;

  reporter.say([strong("A small repository with real tests"), dim(`  ${place.project}`)]);
  const sandbox = await sandboxHere();
  await makeRepository(place, demoConfig(sandbox.kind), signal);
  reporter.say(sandboxLine(sandbox));
  reporter.say([strong(`A mesh of ${names.length} nodes on this machine`)]);
  await mesh.start({ names, signal, onUp: (name) => reporter.say([good("  ● "), node(name), plain(" is up")]) });
  reporter.say([dim(`  and they have found each other, after ${seconds(elapsedMs())}`)]);
  const link = await orInterrupted(mesh.living().client.login("owner"), signal);
  if (link.ok) reporter.say([strong("The board, live in a browser  "), plain(link.value)]);
  reporter.say([
    dim(`  good once, for two minutes; another one: skein ui --data ${place.nodeDirectory(names[0] ?? "")}`),
  ]);
  reporter.say([]);

  const stories = createStories({ thinkMs: options.kill ? LONG_THINK_MS : THINK_MS });
  const order: string[] = [];
  for (const story of stories) {
    order.push((await orInterrupted(addStory(mesh.living().client, story), signal)).id);
  }
  const watch = createWatch({ mesh, names, order, elapsedMs });
  const arrived = await travel({
    mesh,
    watch,
    reporter,
    signal,
    first: names[0] ?? "",
    items: order,
    kill: options.kill,
    limitMs: LIMIT_MS,
    elapsedMs,
  });
  reporter.finish();

  if (options.json) terminal.write(`${JSON.stringify(summaryOf(arrived, elapsedMs()))}\n`);
  for (const line of landedLines(await readLandings(place, signal))) reporter.say(line);
  for (const line of nextLines(options, place.nodeDirectory(mesh.living().name))) reporter.say(line);
  if (!options.exit) await linger(watch, reporter, interrupt);
}

const sandboxLine = ({ kind, because }: SandboxHere): Line =>
  kind === "none"
    ? [strong("Agents run with your rights: "), plain(because)]
    : [strong("Agents and tests are shut in"), dim(`  by ${because}`)];

function landedLines(commits: readonly LandedCommit[]): readonly Line[] {
  const lines = commits.flatMap(({ hash, subject, trailers }): readonly Line[] => [
    [good(hash), plain(`  ${subject}`)],
    ...trailers.map((trailer): Line => [dim(`${" ".repeat(hash.length + 2)}${trailer}`)]),
  ]);
  return [[], [strong(`The ${BASE} branch, as it is on the remote now`)], [], ...lines, []];
}

function nextLines(options: DemoOptions, data: string): readonly Line[] {
  if (options.exit) {
    return [
      [strong("Next: "), plain("`npx skein demo` without --exit, and open the board while it runs.")],
      [strong("Your own repository: "), plain("run `npx skein init` in it.")],
    ];
  }
  return [
    [strong("Next: "), plain(`npx skein item add "Say good night" --start --data ${data}`)],
    [strong("Your own repository: "), plain("run `npx skein init` in it. Ctrl-C ends the demo and clears it away.")],
  ];
}
