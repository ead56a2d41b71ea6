/** Runs a range of seeds on several threads. Results come in the order of the seeds, so that output is the same every time. */
import { Worker } from "node:worker_threads";

import type { SimJob, SimResult } from "./job.ts";

export interface SeedRange {
  readonly from: number;
  readonly count: number;
}

export async function runSeeds(
  { from, count }: SeedRange,
  job: SimJob,
  threads: number,
  onResult: (result: SimResult, done: number) => void,
): Promise<void> {
  const waiting = new Map<number, SimResult>();
  let next = from;
  let shown = from;
  const show = (result: SimResult): void => {
    waiting.set(result.report.seed, result);
    for (let ready = waiting.get(shown); ready !== undefined; ready = waiting.get(shown)) {
      waiting.delete(shown);
      shown++;
      onResult(ready, shown - from);
    }
  };
  const take = (): number | undefined => (next < from + count ? next++ : undefined);
  await Promise.all(Array.from({ length: Math.min(threads, count) }, () => runThread(job, take, show)));
}

function runThread(job: SimJob, take: () => number | undefined, show: (result: SimResult) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./worker.js", import.meta.url), { workerData: job });
    const feed = (): void => {
      const seed = take();
      if (seed === undefined) void worker.terminate().then(() => resolve(), reject);
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window
      else worker.postMessage(seed);
    };
    worker.on("error", reject);
    worker.on("message", (result: SimResult) => {
      show(result);
      feed();
    });
    feed();
  });
}
