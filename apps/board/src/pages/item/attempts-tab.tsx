/** The attempts, the newest first: who worked, on what, what came of it and what is kept of it; and the evidence. */
import type { JSX } from "preact";
import { tell } from "../../frame/toasts.tsx";
import { EmptyState } from "../../parts/empty-state.tsx";
import { StateWord } from "../../parts/state-word.tsx";
import { Ticked } from "../../parts/ticked.tsx";
import { Time } from "../../parts/time.tsx";
import type { Session } from "../../session.ts";
import { plainText } from "../../text.ts";
import { itemTexts } from "../../texts/item.ts";
import { outcomeOf } from "./deeds.ts";
import { type Attempt, type Evidence, type KeptFile, useAnswer } from "./details.ts";
import type { TabProps } from "./index.tsx";

export function AttemptsTab({ session, item, revision, show }: TabProps): JSX.Element {
  const path = `api/v1/artifacts?item=${encodeURIComponent(item.id)}`;
  const kept = useAnswer<readonly KeptFile[]>(session, path, revision).value;
  const files = kept.type === "there" ? kept.value : [];
  const attempts = item.attemptLog.toReversed();
  return (
    <>
      {attempts.length === 0 ? <EmptyState>{itemTexts.noAttempts}</EmptyState> : null}
      <ol class="item-attempts">
        {attempts.map((attempt, at) => (
          <AttemptPart
            key={`${attempt.epoch} ${at}`}
            session={session}
            attempt={attempt}
            outcome={outcomeOf(attempt, item)}
            files={files.filter(({ epoch }) => epoch === attempt.epoch)}
            show={show}
          />
        ))}
      </ol>
      <EvidencePart evidence={item.evidence} />
    </>
  );
}

interface AttemptProps extends Pick<TabProps, "session" | "show"> {
  readonly attempt: Attempt;
  readonly outcome: string;
  readonly files: readonly KeptFile[];
}

const STATES: Readonly<Record<string, "good" | "warn" | "bad" | "off">> = {
  running: "good",
  landed: "good",
  "sent-back": "bad",
  "taken-over": "warn",
  waiting: "warn",
};

function AttemptPart({ session, attempt, outcome, files, show }: AttemptProps): JSX.Element {
  const { epoch, nodeName, agent, startedAt, endedAt, note, cost, branch, commitsAhead, tip } = attempt;
  return (
    <li class="item-attempt" data-outcome={outcome}>
      <p class="item-line">
        <strong>{itemTexts.attempt(epoch)}</strong>
        <StateWord state={STATES[outcome] ?? "off"} word={itemTexts.outcome[outcome] ?? outcome} />
        <bdi class="who">{plainText(nodeName)}</bdi>
        {agent === "" ? null : <bdi class="quiet">{plainText(agent)}</bdi>}
        <span class="quiet">
          <Time atMs={startedAt} />
          {endedAt === null ? null : (
            <>
              {" – "}
              <Time atMs={endedAt} />
            </>
          )}
        </span>
        {cost === null ? null : <span class="quiet">{itemTexts.cost(plainText(cost))}</span>}
      </p>
      <p class="item-line">
        {branch === null ? (
          <span class="quiet">{itemTexts.noBranch}</span>
        ) : (
          <>
            <code>{branch}</code>
            <code class="quiet" title={tip ?? ""}>
              {tip?.slice(0, 12)}
            </code>
            <span class="quiet">{itemTexts.commits(commitsAhead ?? 0)}</span>
            <button type="button" class="link" onClick={() => show("diff", epoch)}>
              {itemTexts.showDiff}
            </button>
          </>
        )}
        <button type="button" class="link" onClick={() => show("log", epoch)}>
          {itemTexts.showLog}
        </button>
      </p>
      {note === "" ? null : (
        <p class="item-text" dir="auto">
          {plainText(note)}
        </p>
      )}
      {files.length === 0 ? null : (
        <ul class="item-kept" aria-label={itemTexts.kept}>
          {files.map((file) => (
            <li key={file.digest + file.name}>
              <button type="button" class="link" onClick={() => void save(session, file)}>
                <bdi>{plainText(file.name)}</bdi>
              </button>{" "}
              <span class="quiet">
                {file.sort === file.name ? "" : `${file.sort}, `}
                {sizeText(file.size)}
              </span>
            </li>
          ))}
        </ul>
      )}
    </li>
  );
}

function sizeText(bytes: number): string {
  if (bytes < 1_024) return `${bytes} B`;
  return bytes < 1_024 ** 2 ? `${(bytes / 1_024).toFixed(1)} KiB` : `${(bytes / 1_024 ** 2).toFixed(1)} MiB`;
}

/** The browser saves it and shows nothing of it: anything may be in there. */
async function save(session: Session, file: KeptFile): Promise<void> {
  const name = plainText(file.name);
  const answer = await session.download(`api/v1/artifacts/${file.digest}`);
  if (!answer.ok) {
    tell("problem", itemTexts.notDownloaded(name, plainText(answer.error.message)));
    return;
  }
  const link = document.createElement("a");
  link.href = URL.createObjectURL(answer.value);
  link.download = `${file.item}-${file.epoch}-${name}`.replaceAll(/[^A-Za-z0-9._-]/gu, "_").slice(-100);
  link.click();
  // The browser has taken hold of it by the next turn.
  setTimeout(() => URL.revokeObjectURL(link.href), 0);
}

function EvidencePart({ evidence }: { readonly evidence: readonly Evidence[] }): JSX.Element {
  return (
    <section class="item-section" aria-labelledby="evidence-title">
      <h2 id="evidence-title">{itemTexts.evidence}</h2>
      <p class="quiet">
        <Ticked text={evidence.length === 0 ? itemTexts.noEvidence : itemTexts.evidenceHint} />
      </p>
      <ul class="item-evidence">
        {evidence.toReversed().map((one, at) => (
          <li key={at}>
            <p class="item-line">
              <StateWord state={one.green ? "good" : "bad"} word={one.green ? itemTexts.green : itemTexts.red} />
              <code title={one.tree}>{one.tree.slice(0, 12)}</code>
              <bdi class="who">{plainText(one.node)}</bdi>
              <span class="quiet">
                <Time atMs={one.at} />
              </span>
            </p>
            <ul class="item-runs">
              {one.runs.map((run, place) => (
                <li key={place} class="item-line">
                  <code dir="ltr">{plainText(run.argv.join(" "))}</code>
                  <span class="quiet">
                    {itemTexts.exit(run.exitCode)}, {(run.durationMs / 1_000).toFixed(1)} s
                  </span>
                </li>
              ))}
            </ul>
          </li>
        ))}
      </ul>
    </section>
  );
}
