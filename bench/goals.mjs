// The goals that this benchmark judges, each as the ratio that was asked for and the ratio that was measured.
import { median } from "./statistics.mjs";

/** A row is left out when the run did not measure both of its sides. */
export function goals(results) {
  const of = reader(results);
  const fsync = of("One fsync", "disk", "p50 (ms)");
  const visible = (stack, q) => of("Local change", stack, `visible ${q} (ms)`);
  const rate = (stack, how) => of("Sustained changes through one server to one", stack, `${how}: ops/s`);
  const fan = (stack, what) => of("Sustained changes through one server to 10", stack, what);
  const cold = (stack) => of("Cold sync of 10,000", stack, "cold sync (ms)");
  const boot = (stack) => of("Restart", stack, "boot to serving (ms)");
  const single = "one per call";
  const batch = "batches of 50";
  const perReader = "ops/s to each reader";
  const serverCpu = "CPU of the server (µs per op)";
  const histories = "skein:6 ops per item, frames of";
  return [
    most(
      "P1 p50 less one fsync, of y-websocket's",
      2.5,
      visible("skein", "p50") - fsync,
      visible("y-websocket", "p50"),
    ),
    most("P1 p50 less one fsync, of jazz's", 1, visible("skein", "p50") - fsync, visible("jazz", "p50")),
    most(
      "P1 p99, of twice y-websocket's and one fsync",
      1,
      visible("skein", "p99"),
      2 * visible("y-websocket", "p99") + fsync,
    ),
    least("P2 batches of 50, of Hocuspocus's", 1.25, rate("skein", batch), rate("hocuspocus", batch)),
    least("P2 one per call, of Hocuspocus's", 5, rate("skein", single), rate("hocuspocus", single)),
    least("P2 one per call, of y-websocket's", 3, rate("skein", single), rate("y-websocket", single)),
    least("P3 rate to each of ten readers, of the rate to one", 0.8, fan("skein", perReader), rate("skein", batch)),
    info("P3 the same of y-websocket", fan("y-websocket", perReader), rate("y-websocket", batch)),
    most("P3 CPU of the server per op, of y-websocket's", 1, fan("skein", serverCpu), fan("y-websocket", serverCpu)),
    most("P4 cold sync, of Hocuspocus's flat", 0.5, cold("skein:flat"), cold("hocuspocus:flat")),
    most("P4 cold sync, of Hocuspocus's nested", 0.25, cold("skein:flat"), cold("hocuspocus:nested")),
    most("P4 cold sync, of jazz's one map", 0.6, cold("skein:flat"), cold("jazz")),
    most(
      "P5 full log, 6 ops per item, frames of 16, of Hocuspocus's nested",
      1,
      cold(`${histories} 16`),
      cold("hocuspocus:nested"),
    ),
    most("P5 the same in frames of 1", 1, cold(`${histories} 1`), cold("hocuspocus:nested")),
    most("P6 verified, of unverified", 1.75, cold("skein:flat"), cold("skein:unverified")),
    row("P8 restart with 100,000 ops", "≤ 3 s", boot("skein:100,000 ops") / 1_000, (seconds) => seconds <= 3, " s"),
    info("P8 the same, of loading the items as a flat Y.Doc", boot("skein:100,000 ops"), boot("yjs-file")),
  ].filter((row) => row !== undefined);
}

/** Medians by the beginning of the measurement's name, the stack and the figure; NaN when it was not measured. */
function reader(results) {
  return (name, stack, figure) => {
    const runs = results.find((result) => result.name.startsWith(name))?.figures.get(stack) ?? [];
    const values = runs.map((run) => run[figure]).filter((value) => value !== undefined);
    return values.length === 0 ? Number.NaN : median(values);
  };
}

const most = (goal, bound, measured, against) => row(goal, `≤ ${bound}`, measured / against, (ratio) => ratio <= bound);
const least = (goal, bound, measured, against) =>
  row(goal, `≥ ${bound}`, measured / against, (ratio) => ratio >= bound);
const info = (goal, measured, against) => row(goal, "", measured / against, () => undefined);

function row(goal, asked, measured, judge, unit = "×") {
  if (Number.isNaN(measured)) return undefined;
  const met = judge(measured);
  return [goal, asked, `${measured.toPrecision(2)}${unit}`, met === undefined ? "" : met ? "met" : "missed"];
}
