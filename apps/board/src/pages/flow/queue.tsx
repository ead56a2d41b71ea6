/** The merge queue: its plan as trains, what the head waits for, what was red, and the two words that people have on it. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";

import { Ask } from "../../parts/ask.tsx";
import { EmptyState } from "../../parts/empty-state.tsx";
import { maySteer } from "../../parts/rights.ts";
import { Ticked } from "../../parts/ticked.tsx";
import { Time } from "../../parts/time.tsx";
import type { Session } from "../../session.ts";
import { plainText } from "../../text.ts";
import { flowTexts } from "../../texts/flow.ts";
import { trainsOf } from "./trains.ts";

/** An item in Merge, as the node answers it. */
interface Queued {
  readonly item: string;
  readonly title: string;
  /** Since when it is in the queue, Unix ms. */
  readonly since: number | null;
  readonly node: string | null;
  readonly activity: string;
  readonly commitsAhead: number | null;
  readonly overlaps: readonly string[];
}

/** `GET api/v1/queue`. */
export interface Queue {
  readonly mode: "open" | "paused" | "draining";
  readonly note: string;
  /** Name of the node that lands what is in line. */
  readonly merger: string | null;
  /** Items in one train at most; null where nobody has read that. */
  readonly batch: number | null;
  readonly line: readonly (Queued & { readonly train: number | null })[];
  readonly aside: readonly (Queued & { readonly why: string })[];
  /** What the head waits for, in words. */
  readonly head: readonly string[];
}

/** `GET api/v1/queue/blame`. */
export interface Blame {
  readonly modeBy: string | null;
  readonly modeSince: number | null;
  readonly target: { readonly commit: string } | null;
  readonly red: readonly {
    readonly at: number;
    readonly item: string;
    readonly title: string;
    readonly attempt: number | null;
    readonly author: string | null;
    readonly ranOn: string;
    readonly what: string;
  }[];
}

export interface QueueProps {
  readonly session: Session;
  readonly queue: Queue;
  readonly blame: Blame | undefined;
}

const texts = flowTexts.queue;

export function QueuePanel({ session, queue, blame }: QueueProps): JSX.Element {
  const asking = useSignal(false);
  return (
    <section class="panel queue" aria-labelledby="flow-queue">
      <div class="panel-head">
        <h2 id="flow-queue">{texts.title}</h2>
        {maySteer(session) ? (
          <button type="button" onClick={() => (asking.value = true)}>
            {queue.mode === "open" ? texts.pause : texts.resume}
          </button>
        ) : null}
      </div>
      <p class="queue-mode" data-mode={queue.mode}>
        <bdi>{modeWords(queue)}</bdi>
        {queue.mode === "open" ? null : <Said blame={blame} note={queue.note} />}
      </p>
      {blame?.target === undefined || blame.target === null ? null : (
        <p class="queue-target">{texts.redTarget(blame.target.commit.slice(0, 12))}</p>
      )}
      <Line queue={queue} />
      <Aside queue={queue} />
      {blame === undefined || blame.red.length === 0 ? null : <Red blame={blame} />}
      {asking.value ? <ModeDialog session={session} mode={queue.mode} onClose={() => (asking.value = false)} /> : null}
    </section>
  );
}

function modeWords({ mode, merger, line }: Queue): string {
  if (mode === "paused") return texts.paused;
  if (mode === "draining") return texts.draining;
  if (merger !== null) return texts.open(plainText(merger));
  return line.length === 0 ? texts.empty : texts.openIdle;
}

function Said({ blame, note }: { readonly blame: Blame | undefined; readonly note: string }): JSX.Element {
  return (
    <span class="quiet">
      {" "}
      {note === "" ? null : <bdi>{plainText(note)} </bdi>}
      {blame?.modeBy === undefined || blame.modeBy === null ? null : (
        <bdi>({texts.said(plainText(blame.modeBy))}) </bdi>
      )}
      {blame?.modeSince === undefined || blame.modeSince === null ? null : <Time atMs={blame.modeSince} />}
    </span>
  );
}

function Line({ queue }: { readonly queue: Queue }): JSX.Element | null {
  if (queue.line.length === 0)
    return queue.aside.length > 0 || queue.mode === "open" ? null : <EmptyState>{texts.empty}</EmptyState>;
  return (
    <>
      <p class="quiet">{queue.batch === null ? texts.noPlan : texts.trainHelp(queue.batch)}</p>
      <ol class="trains">
        {trainsOf(queue.line).map((cars, train) => (
          <li key={train} class="train">
            <span class="train-name">{texts.train(train + 1)}</span>
            <ol>
              {cars.map((car, place) => (
                <li key={car.item} class="car" data-head={train === 0 && place === 0}>
                  <Item {...car} />
                  <span class="quiet">
                    {train === 0 && place === 0 ? <b>{texts.head} · </b> : null}
                    <Where {...car} />
                  </span>
                  {train === 0 && place === 0 ? (
                    <ul class="reasons" aria-label={texts.why}>
                      {queue.head.map((reason, number) => (
                        <li key={number}>
                          <bdi>
                            <Ticked text={plainText(reason)} />
                          </bdi>
                        </li>
                      ))}
                    </ul>
                  ) : null}
                </li>
              ))}
            </ol>
          </li>
        ))}
      </ol>
    </>
  );
}

function Item({ item, title }: Pick<Queued, "item" | "title">): JSX.Element {
  return (
    <a href={`#/items/${encodeURIComponent(item)}`}>
      <bdi>{plainText(title) || item}</bdi>
    </a>
  );
}

function Where({ since, node, commitsAhead, overlaps }: Queued): JSX.Element {
  const words = [
    ...(node === null ? [] : [plainText(node)]),
    ...(commitsAhead === null ? [] : [texts.commits(commitsAhead)]),
    ...(overlaps.length === 0 ? [] : [texts.overlaps(overlaps.length)]),
  ];
  return (
    <>
      <bdi>{words.join(" · ")}</bdi>
      {since === null ? null : (
        <>
          {" "}
          · {texts.since} <Time atMs={since} />
        </>
      )}
    </>
  );
}

function Aside({ queue }: { readonly queue: Queue }): JSX.Element | null {
  if (queue.aside.length === 0) return null;
  return (
    <>
      <h3>{texts.aside}</h3>
      <ul class="aside">
        {queue.aside.map((one) => (
          <li key={one.item}>
            <Item {...one} />{" "}
            <bdi class="quiet">
              <Ticked text={plainText(one.why)} />
            </bdi>
          </li>
        ))}
      </ul>
    </>
  );
}

function Red({ blame }: { readonly blame: Blame }): JSX.Element {
  const columns = texts.redColumns;
  return (
    <>
      <h3 id="flow-red">{texts.red}</h3>
      <div class="table-room" tabIndex={0} role="group" aria-labelledby="flow-red">
        <table class="red">
          <thead>
            <tr>
              <th scope="col">{columns.at}</th>
              <th scope="col">{columns.item}</th>
              <th scope="col">{columns.author}</th>
              <th scope="col">{columns.ranOn}</th>
              <th scope="col">{columns.what}</th>
            </tr>
          </thead>
          <tbody>
            {blame.red.map(({ at, item, title, attempt, author, ranOn, what }, place) => (
              <tr key={place}>
                <td>
                  <Time atMs={at} />
                </td>
                <th scope="row">
                  <Item item={item} title={title} />
                </th>
                <td data-label={columns.author}>
                  <bdi>{author === null ? "" : plainText(author)}</bdi>
                  {attempt === null ? null : <span class="quiet"> {attempt}</span>}
                </td>
                <td data-label={columns.ranOn}>
                  <bdi>{plainText(ranOn)}</bdi>
                </td>
                <td class="wide">
                  <bdi>
                    <Ticked text={plainText(what)} />
                  </bdi>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

interface ModeDialogProps {
  readonly session: Session;
  readonly mode: Queue["mode"];
  readonly onClose: () => void;
}

function ModeDialog({ session, mode, onClose }: ModeDialogProps): JSX.Element {
  const reason = useSignal("");
  const drain = useSignal(false);
  if (mode !== "open") {
    return (
      <Ask
        session={session}
        onClose={onClose}
        title={texts.resumeTitle}
        help={texts.resumeHelp}
        confirm={texts.resume}
        done={texts.resumeDone}
        command={() => ["queue.resume", {}]}
      />
    );
  }
  return (
    <Ask
      session={session}
      onClose={onClose}
      title={texts.pauseTitle}
      help={texts.pauseHelp}
      confirm={texts.pause}
      done={texts.pauseDone}
      command={() => ["queue.pause", { reason: reason.value, drain: drain.value }]}
    >
      <label class="field">
        <span>{texts.pauseReason}</span>
        <input
          type="text"
          value={reason.value}
          maxLength={200}
          autocomplete="off"
          onInput={(event) => (reason.value = event.currentTarget.value)}
        />
      </label>
      <label class="check">
        <input type="checkbox" checked={drain.value} onInput={(event) => (drain.value = event.currentTarget.checked)} />
        <span>{texts.pauseDrain}</span>
      </label>
    </Ask>
  );
}
