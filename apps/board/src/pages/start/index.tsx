/** The first run: from a mesh without a project to the first merge, in four steps that the mesh itself remembers. */
import "./start.css";
import type { JSX } from "preact";
import type { PageProps } from "../../frame/routes.ts";
import { EmptyState } from "../../parts/empty-state.tsx";
import { Problem } from "../../parts/problem.tsx";
import { isOwner, maySteer } from "../../parts/rights.ts";
import { Ticked } from "../../parts/ticked.tsx";
import type { Session } from "../../session.ts";
import { plainText } from "../../text.ts";
import { startTexts as texts } from "../../texts/start.ts";
import { Choose } from "./choose.tsx";
import { Explained } from "./explained.tsx";
import { type Doing, type Journey, type JourneyProps, useJourney } from "./journey.ts";
import { hasLanded, PRACTICE } from "./progress.ts";
import { useProject } from "./project.ts";
import { RulesStep } from "./rules.tsx";
import { StepPart } from "./step-part.tsx";
import { StoryStep } from "./story.tsx";
import { WatchStep } from "./watch.tsx";

export default function StartPage({ session, route }: PageProps): JSX.Element {
  const { known, refresh } = useProject(session);
  if (known.value === "loading") return <EmptyState>{texts.loading}</EmptyState>;
  if ("why" in known.value) {
    return (
      <Problem title={texts.cannotLoad} why={plainText(known.value.why)}>
        <button type="button" onClick={() => void refresh()}>
          {texts.again}
        </button>
      </Problem>
    );
  }
  return <Steps session={session} route={route} project={known.value.project} refresh={refresh} />;
}

function Steps(props: JourneyProps): JSX.Element {
  const journey = useJourney(props);
  const { now, item } = journey;
  return (
    <article class="start">
      <h2 class="start-title">{texts.title}</h2>
      <p class="quiet">{texts.lead}</p>
      <StepPart step="project" now={now}>
        {now === "project" ? (
          <ProjectStep journey={journey} session={props.session} />
        ) : (
          <ProjectLine journey={journey} />
        )}
      </StepPart>
      <StepPart step="rules" now={now}>
        {now === "rules" ? <RulesOf journey={journey} /> : null}
      </StepPart>
      <StepPart step="story" now={now}>
        {now === "story" ? <StoryOf journey={journey} session={props.session} /> : null}
      </StepPart>
      <StepPart step="watch" now={now} isOver={item !== undefined && hasLanded(item)}>
        {now === "watch" ? <WatchOf journey={journey} session={props.session} /> : null}
      </StepPart>
    </article>
  );
}

interface Part {
  readonly journey: Journey;
}

interface PartOf extends Part {
  readonly session: Session;
}

/** What the role may not do is not offered, and said with who may. */
function Refused({ session, why }: { readonly session: Session; readonly why: (role: string) => string }): JSX.Element {
  return <p class="hindrance">{why(session.who.value?.role ?? "")}</p>;
}

function ProjectStep({ journey, session }: PartOf): JSX.Element {
  const busy = journey.asking.busy.value;
  if (!isOwner(session)) return <Refused session={session} why={texts.ownersOnly} />;
  return (
    <>
      <Explained about="project" />
      <Choose
        busy={busy === "practice" || busy === "look" ? busy : undefined}
        onPractice={journey.project === undefined ? journey.practise : undefined}
        onLook={journey.look}
        path={journey.path.value}
      />
      <Failure journey={journey} about={["practice", "look"]} />
    </>
  );
}

function ProjectLine({ journey }: Part): JSX.Element | null {
  const { project, wrote, now } = journey;
  if (project === undefined || now === "rules") return null;
  return (
    <>
      <p>
        <bdi>
          <strong>{texts.set.line(plainText(project.name))}</strong>
        </bdi>{" "}
        <bdi>{texts.set.landsOn(plainText(project.base), plainText(project.remote))}</bdi>
      </p>
      {wrote && project.name !== PRACTICE ? <p class="hindrance">{texts.set.wrote}</p> : null}
    </>
  );
}

function RulesOf({ journey }: Part): JSX.Element | null {
  const { found, asking } = journey;
  if (found === undefined) return null;
  return (
    <>
      <RulesStep found={found} isBusy={asking.busy.value === "begin"} onBegin={journey.begin} onBack={journey.leave} />
      <Failure journey={journey} about={["begin"]} />
    </>
  );
}

function StoryOf({ journey, session }: PartOf): JSX.Element | null {
  const { project, asking } = journey;
  if (project === undefined) return null;
  if (!maySteer(session)) return <Refused session={session} why={texts.operatorsOnly} />;
  return (
    <>
      <Explained about="story" />
      <StoryStep key={project.name} project={project} isBusy={asking.busy.value === "story"} onStart={journey.start} />
      <Failure journey={journey} about={["story"]} />
    </>
  );
}

function WatchOf({ journey, session }: PartOf): JSX.Element | null {
  const { project, item, asking } = journey;
  if (project === undefined || item === undefined) return null;
  return (
    <>
      <Explained about="stages" />
      <WatchStep
        item={item}
        project={project}
        isBusy={asking.busy.value !== undefined}
        onCommand={maySteer(session) ? (name) => journey.command(name, item) : undefined}
      />
      <Failure journey={journey} about={["story"]} />
    </>
  );
}

function Failure({ journey, about }: Part & { readonly about: readonly Doing[] }): JSX.Element | null {
  const failed = journey.asking.failed.value;
  if (failed === undefined || !about.includes(failed.what)) return null;
  return (
    <p class="hindrance" role="alert">
      <strong>{texts.failed[failed.what]}:</strong>{" "}
      <bdi>
        <Ticked text={failed.why} />
      </bdi>
    </p>
  );
}
