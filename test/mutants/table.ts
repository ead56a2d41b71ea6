/** What became of each mutant, as a Markdown table. */
import type { Score } from "./contest.ts";
import type { Mutant } from "./mutant.ts";

export interface Result {
  readonly mutant: Mutant;
  readonly score: Score;
}

export function tableOf(results: readonly Result[]): string {
  const rows = results.map(({ mutant, score }) =>
    [
      mutant.name,
      score.first === undefined ? "**ALIVE**" : "killed",
      score.first ?? `none of ${score.seeds}`,
      `${score.kills} of ${score.seeds}`,
      [...score.by]
        .toSorted((a, b) => b[1] - a[1])
        .map(([id, count]) => `${id} (${count})`)
        .join(", "),
      mutant.why,
    ].join(" | "),
  );
  const head = ["mutant", "", "first seed", "seeds that kill", "by", "why somebody could write it"];
  return [head.join(" | "), head.map(() => "---").join(" | "), ...rows].map((row) => `| ${row} |`).join("\n");
}
