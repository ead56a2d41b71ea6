/** What the item has cost, attempt by attempt, as far as agents have told. What nobody knows is said to be unknown, and never 0. */
import type { JSX } from "preact";
import { EmptyState } from "../../parts/empty-state.tsx";
import { Problem } from "../../parts/problem.tsx";
import { plainText } from "../../text.ts";
import { itemTexts } from "../../texts/item.ts";
import { useAnswer } from "./details.ts";
import type { TabProps } from "./index.tsx";

interface Costs {
  readonly rows: readonly {
    /** `<item>/<epoch>` */
    readonly key: string;
    readonly cost: string;
    readonly tokens: Readonly<Record<string, number | null>>;
  }[];
}

const TOKENS = ["input", "output", "cacheRead", "cacheWrite"] as const;

export function CostTab({ session, item, revision }: TabProps): JSX.Element {
  const answer = useAnswer<Costs>(session, "api/v1/costs?by=attempt", revision).value;
  if (answer.type === "loading") return <EmptyState>{itemTexts.loading}</EmptyState>;
  if (answer.type === "failed") return <Problem title={itemTexts.unknownCost} why={answer.message} />;
  const rows = answer.value.rows
    .filter(({ key }) => key.startsWith(`${item.id}/`))
    .toSorted((a, b) => epochIn(a.key) - epochIn(b.key));
  if (rows.length === 0) return <EmptyState>{itemTexts.unknownCost}</EmptyState>;
  const attempts = new Map(item.attemptLog.map((attempt) => [attempt.epoch, attempt]));
  return (
    <div class="table-room" tabIndex={0} role="group" aria-label={itemTexts.tabs.cost}>
      <table class="item-table">
        <thead>
          <tr>
            <th scope="col">{itemTexts.logOf}</th>
            <th scope="col">{itemTexts.node}</th>
            <th scope="col">{itemTexts.agent}</th>
            <th scope="col">{itemTexts.tabs.cost}</th>
            {TOKENS.map((kind) => (
              <th key={kind} scope="col" class="number">
                {itemTexts.tokens[kind]}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ key, cost, tokens }) => {
            const attempt = attempts.get(epochIn(key));
            return (
              <tr key={key}>
                <th scope="row">{itemTexts.epoch(epochIn(key))}</th>
                <td>
                  <bdi>{plainText(attempt?.nodeName ?? "")}</bdi>
                </td>
                <td>
                  <bdi>{plainText(attempt?.agent ?? "")}</bdi>
                </td>
                <td>{plainText(cost)}</td>
                {TOKENS.map((kind) => (
                  <td key={kind} class="number">
                    {tokens[kind]?.toLocaleString() ?? <span class="quiet">{itemTexts.notKnown}</span>}
                  </td>
                ))}
              </tr>
            );
          })}
        </tbody>
        {item.cost === null ? null : (
          <tfoot>
            <tr>
              <th scope="row" colSpan={3}>
                {itemTexts.costTotal}
              </th>
              <td colSpan={5}>{plainText(item.cost)}</td>
            </tr>
          </tfoot>
        )}
      </table>
    </div>
  );
}

const epochIn = (key: string): number => Number(key.split("/")[1]);
