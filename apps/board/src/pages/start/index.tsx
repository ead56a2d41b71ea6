/** The first run: from a mesh without a project to the first merge, in four steps that the mesh itself remembers. */
import "./start.css";
import { useSignal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { addressOf, goTo } from "../../frame/router.ts";
import type { PageProps } from "../../frame/routes.ts";
import { EmptyState } from "../../parts/empty-state.tsx";
import { Problem } from "../../parts/problem.tsx";
import { plainText } from "../../text.ts";
import { startTexts as texts } from "../../texts/start.ts";
import { type Asking, useAsking } from "./asking.ts";
import { Choose } from "./choose.tsx";
import { Explained } from "./explained.tsx";
import { firstItem, type Found, hasLanded, PRACTICE, type Project, stateOf, type Step, stepOf } from "./progress.ts";
import { type Rules, RulesStep } from "./rules.tsx";
import { type Story, StoryStep } from "./story.tsx";
import { WatchStep } from "./watch.tsx";
import { useProject } from "./project.ts";

type Doing = keyof typeof texts.failed;

export default function StartPage({ session, route }: PageProps): JSX.Element {
  const projects = useProject(session);
  const found = useSignal<Found | undefined>(undefined);
  const path = useSignal("");
  const wrote = useSignal(false);
  const asking = useAsking<Doing>();
  const known = projects.known.value;
  if (known === "loading") return <EmptyState>{texts.loading}</EmptyState>;
  if ("why" in known) {
    return (
      <Problem title={texts.cannotLoad} why={plainText(known.why)}>
        <button type="button" onClick={projects.refresh}>
          {texts.again}
        </button>
      </Problem>
    );
  }
  const { project } = known;
  const sinceMs = Number(route.query.get("since") ?? 0) || 0;
  const item = firstItem([...session.board.value.items.values()].filter(({ createdAt }) => createdAt > sinceMs));
  const again = route.query.has("again");
  const role = session.who.value?.role;
  const now = stepOf({ project, found: found.value, item, again });

  const look = async (wanted: string): Promise<void> => {
    path.value = wanted;
    found.value = await asking.ask<Found>("look", () => session.command("project.look", { path: wanted }));
  };
  const begin = async (rules: Rules): Promise<void> => {
    const begun = await asking.ask<{ readonly wrote: boolean }>("begin", () =>
      session.command("project.begin", { path: found.peek()?.path ?? "", ...rules }),
    );
    if (begun === undefined) return;
    wrote.value = begun.wrote;
    const newest = Math.max(0, ...[...session.board.peek().items.values()].map(({ createdAt }) => createdAt));
    // What was practised is not the first story of the new project.
    if (again) goTo(addressOf("/start", { since: String(newest) }));
    await projects.refresh();
  };
  const practise = async (): Promise<void> => {
    const made = await asking.ask("practice", () => session.command("project.practice", {}));
    if (made !== undefined) await projects.refresh();
  };
  const start = (story: Story): void =>
    void asking.ask("story", () => session.command("item.add", { ...story, start: true }));

  return (
    <article class="start">
      <h2 class="start-title">{texts.title}</h2>
      <p class="quiet">{texts.lead}</p>
      <StepPart step="project" now={now}>
        {now === "project" ? (
          <>
            <Explained about="project" />
            {role === undefined || role === "owner" ? null : <p class="hindrance">{texts.ownersOnly(role)}</p>}
            <Choose
              busy={asking.busy.value === "practice" || asking.busy.value === "look" ? asking.busy.value : undefined}
              onPractice={project === undefined ? () => void practise() : undefined}
              onLook={(wanted) => void look(wanted)}
              path={path.value}
            />
            <Failure asking={asking} about={["practice", "look"]} />
          </>
        ) : (
          <ProjectLine project={project} wrote={wrote.value} hidden={now === "rules"} />
        )}
      </StepPart>
      <StepPart step="rules" now={now}>
        {now === "rules" && found.value !== undefined ? (
          <>
            <RulesStep
              found={found.value}
              isBusy={asking.busy.value === "begin"}
              onBegin={(rules) => void begin(rules)}
              onBack={() => (found.value = undefined)}
            />
            <Failure asking={asking} about={["begin"]} />
          </>
        ) : null}
      </StepPart>
      <StepPart step="story" now={now}>
        {now === "story" && project !== undefined ? (
          <>
            <Explained about="story" />
            <StoryStep key={project.name} project={project} isBusy={asking.busy.value === "story"} onStart={start} />
            <Failure asking={asking} about={["story"]} />
          </>
        ) : null}
      </StepPart>
      <StepPart step="watch" now={now} isOver={item !== undefined && hasLanded(item)}>
        {now === "watch" && project !== undefined && item !== undefined ? (
          <>
            <Explained about="stages" />
            <WatchStep
              item={item}
              project={project}
              isBusy={asking.busy.value !== undefined}
              onCommand={(name) => void asking.ask("story", () => session.command(name, { item: item.id }))}
            />
            <Failure asking={asking} about={["story"]} />
          </>
        ) : null}
      </StepPart>
    </article>
  );
}

interface StepProps {
  readonly step: Step;
  readonly now: Step;
  /** It is where the way ends, and that was reached. */
  readonly isOver?: boolean;
  readonly children: ComponentChildren;
}

/** When the way goes on, the focus goes along: whoever types or listens is where the next thing is. */
function StepPart({ step, now, isOver = false, children }: StepProps): JSX.Element {
  const state = stateOf(step, now);
  const shown = isOver && state === "now" ? "done" : state;
  const heading = useRef<HTMLHeadingElement>(null);
  const before = useRef(now);
  useEffect(() => {
    if (before.current !== now && state === "now") heading.current?.focus();
    before.current = now;
  }, [now, state]);
  return (
    <section class="step" data-state={shown} aria-current={shown === "now" ? "step" : undefined}>
      <h3 ref={heading} tabIndex={-1}>
        {texts.steps[step]} <span class="step-state">{texts.stepStates[shown]}</span>
      </h3>
      {children}
    </section>
  );
}

interface ProjectLineProps {
  readonly project: Project | undefined;
  readonly wrote: boolean;
  readonly hidden: boolean;
}

function ProjectLine({ project, wrote, hidden }: ProjectLineProps): JSX.Element | null {
  if (project === undefined || hidden) return null;
  const isNote = wrote && project.name !== PRACTICE;
  return (
    <>
      <p>
        <bdi>
          <strong>{texts.set.line(plainText(project.name))}</strong>
        </bdi>{" "}
        <bdi>{texts.set.landsOn(plainText(project.base), plainText(project.remote))}</bdi>
      </p>
      {isNote ? <p class="hindrance">{texts.set.wrote}</p> : null}
    </>
  );
}

function Failure({
  asking,
  about,
}: {
  readonly asking: Asking<Doing>;
  readonly about: readonly Doing[];
}): JSX.Element | null {
  const failed = asking.failed.value;
  if (failed === undefined || !about.includes(failed.what)) return null;
  return (
    <p class="hindrance" role="alert">
      <strong>{texts.failed[failed.what]}:</strong> <bdi>{failed.why}</bdi>
    </p>
  );
}
