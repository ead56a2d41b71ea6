/**
 * Seeds against one variant of the product. Each thread runs some of the seeds, each seed until its first violation. A
 * thread that ends by an error, or does not answer, has shown a fault, too: a program that throws where nobody catches
 * it ends, and one that never comes back hangs.
 */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";

/** What a thread says after each seed: the invariant that was violated first, or null; or that it crashed or hangs. */
export interface SeedAnswer {
  readonly seed: number;
  readonly violated: string | null;
  readonly message: string;
}

export interface Score {
  /** Seeds that were run. */
  readonly seeds: number;
  /** How many seeds it took to see the first violation; undefined when none did. */
  readonly first: number | undefined;
  readonly kills: number;
  /** How often each invariant was the one that was violated first. */
  readonly by: ReadonlyMap<string, number>;
  readonly answers: readonly SeedAnswer[];
}

export interface ContestOptions {
  /** Seeds 1 … this many are all run. */
  readonly seeds: number;
  /** When none of them killed it, more are, until the first that does. */
  readonly limit: number;
  /** Nothing more is run after the first kill. */
  readonly untilKilled?: boolean;
  /** Fault classes besides the drawn ones. */
  readonly faults?: readonly string[] | undefined;
  /** Nights instead of ordinary runs. */
  readonly night?: boolean | undefined;
}

/** What a thread is told to run. */
export interface SeedTask {
  readonly seed: number;
  readonly faults: readonly string[];
  readonly night: boolean;
}

type Kind = Omit<SeedTask, "seed">;

export async function contest(
  bundle: string,
  { seeds, limit, untilKilled = false, faults = [], night = false }: ContestOptions,
): Promise<Score> {
  const answers: SeedAnswer[] = [];
  let next = 1;
  const isKilled = (): boolean => answers.some(({ violated }) => violated !== null);
  const hangs = (): boolean => answers.some(({ violated }) => violated === "hang");
  /** The seed to run now; undefined when there is enough. */
  const take = (): number | undefined => {
    // One that hangs is not waited for again and again.
    const isEnough = next > limit || ((untilKilled || next > seeds) && isKilled()) || hangs();
    return isEnough ? undefined : next++;
  };
  await Promise.all(
    Array.from({ length: availableParallelism() }, () =>
      lane(() => startThread(bundle, { faults, night }), take, answers),
    ),
  );
  answers.sort((a, b) => a.seed - b.seed);
  return scoreOf(answers);
}

function scoreOf(answers: readonly SeedAnswer[]): Score {
  const killers = answers.filter(({ violated }) => violated !== null);
  const by = new Map<string, number>();
  for (const { violated } of killers) if (violated !== null) by.set(violated, (by.get(violated) ?? 0) + 1);
  return { seeds: answers.length, first: killers[0]?.seed, kills: killers.length, by, answers };
}

/** One thread after the other, each for as long as it lives. */
async function lane(start: () => Thread, take: () => number | undefined, answers: SeedAnswer[]): Promise<void> {
  for (let seed = take(); seed !== undefined;) {
    const thread = start();
    let lives = true;
    while (lives && seed !== undefined) {
      const answer = await thread.run(seed);
      answers.push(answer);
      lives = answer.violated !== "hang" && answer.violated !== "crash";
      seed = take();
    }
    await thread.end();
  }
}

/** Many times what the slowest seed takes on a busy machine. */
const HANG_MS = 120_000;

interface Thread {
  run(seed: number): Promise<SeedAnswer>;
  end(): Promise<void>;
}

function startThread(bundle: string, kind: Kind): Thread {
  const worker = new Worker(bundle);
  let hear: (answer: Omit<SeedAnswer, "seed">) => void = () => undefined;
  let fault: Omit<SeedAnswer, "seed"> | undefined;
  worker.on("message", (answer: SeedAnswer) => hear(answer));
  worker.on("error", (cause: unknown) => {
    fault = { violated: "crash", message: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause) };
    hear(fault);
  });
  return {
    run: (seed) =>
      new Promise((resolve) => {
        const timer = setTimeout(() => hear({ violated: "hang", message: "it did not end" }), HANG_MS);
        hear = (heard) => {
          clearTimeout(timer);
          resolve({ ...heard, seed });
        };
        if (fault === undefined) worker.postMessage({ seed, ...kind } satisfies SeedTask);
        else hear(fault);
      }),
    end: async () => {
      await worker.terminate();
    },
  };
}
