// What the queue is measured against: one loop in one clone that has the same agent make the same commits, merges and pushes
// each, and asks nobody.
import { BACKLOG } from "./mesh.mjs";
import { cpuOf, createPlace } from "./place.mjs";

export function bareLoop({ items }) {
  const place = createPlace();
  const { git, run } = place;
  try {
    const cpu = cpuOf("self");
    const at = performance.now();
    let landingMs = 0;
    for (let item = 0; item < items; item++) {
      git(["checkout", "--quiet", "-b", `item-${item}`, "main"]);
      run("sh", ["agent.sh"], { more: { SKEIN_ITEM: `item-${item}` } });
      git(["checkout", "--quiet", "main"]);
      const from = performance.now();
      git(["merge", "--quiet", "--no-ff", "-m", `Merge item-${item}`, `item-${item}`]);
      run("true", []);
      git(["push", "--quiet", "origin", "main"]);
      landingMs += performance.now() - from;
    }
    const tookMs = performance.now() - at;
    const landed = Number(git(["rev-list", "--count", "--first-parent", "main"], place.remote)) - 1;
    if (landed !== items) throw new Error(`The bare loop landed ${landed} of ${items}.`);
    return {
      "items per hour": (items / tookMs) * 3_600_000,
      "CPU (ms per item)": (cpuOf("self") - cpu) / items,
      [BACKLOG.rate]: (items / landingMs) * 3_600_000,
    };
  } finally {
    place.remove();
  }
}
