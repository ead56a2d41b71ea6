/** The last step: the story on its way, stage by stage, and what may come after the first merge. */
import { Bot, GitMerge, MessagesSquare, Server, FolderGit2, type LucideIcon } from "lucide-preact";
import type { BoardItem } from "@skein/core";
import type { ComponentChildren, JSX } from "preact";
import { addressOf } from "../../frame/router.ts";
import { Copy } from "../../parts/copy.tsx";
import { Time } from "../../parts/time.tsx";
import { plainText } from "../../text.ts";
import { startTexts as texts } from "../../texts/start.ts";
import { hasLanded, PRACTICE, placeToLook, type Project, TRACK, trackState } from "./progress.ts";

export interface WatchProps {
  readonly item: BoardItem;
  readonly project: Project;
  readonly isBusy: boolean;
  /** A command about the item: `item.start`, or `item.restore` when it was archived. Undefined for who may not. */
  readonly onCommand: ((name: "item.start" | "item.restore") => void) | undefined;
}

export function WatchStep({ item, project, isBusy, onCommand }: WatchProps): JSX.Element {
  return (
    <>
      <ol class="track">
        {TRACK.map((stage) => (
          <StageRow key={stage} stage={stage} item={item} />
        ))}
      </ol>
      <p class="watched" role="status">
        {hasLanded(item) ? null : <Standing item={item} isBusy={isBusy} onCommand={onCommand} />}
      </p>
      {hasLanded(item) ? <Landed item={item} project={project} /> : null}
    </>
  );
}

function StageRow({ stage, item }: { readonly stage: (typeof TRACK)[number]; readonly item: BoardItem }): JSX.Element {
  const state = stage === "Done" && hasLanded(item) ? "past" : trackState(stage, item.stage);
  const { word, what } = texts.stages[stage];
  return (
    <li data-state={state} aria-current={state === "now" ? "step" : undefined}>
      <strong>{word}</strong> <span class="track-state">{texts.stageStates[state]}</span>
      <p>{what}</p>
      {state === "now" && item.claim !== null ? (
        <p class="quiet">
          <bdi>{plainText(item.claim.nodeName)}</bdi>
          {item.activity === "" ? null : (
            <>
              : <bdi>{plainText(item.activity)}</bdi>
            </>
          )}
        </p>
      ) : null}
    </li>
  );
}

function Standing({ item, isBusy, onCommand }: Omit<WatchProps, "project">): JSX.Element {
  const note = plainText(item.note);
  if (item.stage === "Archived") {
    return (
      <>
        {texts.archived} <bdi>{note || plainText(item.archiveReason ?? "")}</bdi>{" "}
        {onCommand === undefined ? null : (
          <button type="button" aria-disabled={isBusy} onClick={() => onCommand("item.restore")}>
            {texts.retry}
          </button>
        )}
      </>
    );
  }
  if (item.stage === "Backlog") {
    return (
      <>
        {texts.stages.Backlog.what}{" "}
        {onCommand === undefined ? null : (
          <button type="button" aria-disabled={isBusy} onClick={() => onCommand("item.start")}>
            {texts.startWaiting}
          </button>
        )}
      </>
    );
  }
  return (
    <>
      <bdi>{item.claim === null ? texts.waits : texts.watching(plainText(item.title))}</bdi> <bdi>{note}</bdi>
    </>
  );
}

function Landed({ item, project }: { readonly item: BoardItem; readonly project: Project }): JSX.Element {
  const commit = plainText(item.mergeCommit ?? "");
  const base = plainText(project.base);
  const command = texts.landed.git(placeToLook(project), base);
  return (
    <section class="landed" aria-label={texts.landed.title}>
      <h3>
        <GitMerge size={18} aria-hidden="true" /> {texts.landed.title}
      </h3>
      <p>
        <bdi>{texts.landed.line(plainText(item.title), base)}</bdi> <code class="commit">{commit.slice(0, 12)}</code>
        <Copy text={commit} label={texts.landed.copy} />
        {item.mergedAt === null ? null : <Time atMs={item.mergedAt} />}
      </p>
      <p>
        {texts.landed.how} <code>{command}</code>
        <Copy text={command} label={texts.landed.copyCommand} />
      </p>
      <p class="actions">
        <a class="button primary" href={addressOf("/")}>
          {texts.landed.board}
        </a>
        <a class="button" href={addressOf(`/items/${encodeURIComponent(item.id)}`)}>
          {texts.landed.item}
        </a>
      </p>
      <h4>{texts.next.title}</h4>
      <ul class="next">
        {project.name === PRACTICE ? (
          <Next icon={FolderGit2} {...texts.next.own}>
            <a href={addressOf("/start", { again: "1" })}>{texts.next.own.link}</a>
          </Next>
        ) : null}
        <Next icon={Server} {...texts.next.node}>
          <a href={addressOf("/mesh")}>{texts.next.node.link}</a>
        </Next>
        <Next icon={MessagesSquare} {...texts.next.chat} />
        <Next icon={Bot} {...texts.next.agent} />
      </ul>
    </section>
  );
}

interface NextProps {
  readonly icon: LucideIcon;
  readonly title: string;
  readonly what: string;
  readonly children?: ComponentChildren;
}

const Next = ({ icon: Icon, title, what, children }: NextProps): JSX.Element => (
  <li>
    <strong>
      <Icon size={15} aria-hidden="true" /> {title}
    </strong>
    <p>
      {what} {children}
    </p>
  </li>
);
