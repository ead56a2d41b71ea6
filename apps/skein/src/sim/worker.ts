/** One thread of `skein sim`: runs the seeds it is handed, one after the other. */
import { parentPort, workerData } from "node:worker_threads";

import type { SimJob } from "./job.ts";
import { runJob } from "./run-job.ts";

const port = parentPort;
if (port === null) throw new Error("this program is a thread of `skein sim`");
// The pool starts it with a job and sends nothing but seeds.
const job = workerData as SimJob;
port.on("message", (seed: number) => {
  void runJob(seed, job).then((result) => port.postMessage(result));
});
