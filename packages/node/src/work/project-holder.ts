/** Opens the mesh's project when it appears or changes, and says why this node cannot work while it cannot. */
import { type Project, roleAtLeast } from "@skein/core";

import { type OpenProject, openProject } from "./project.ts";
import { refuseConfig } from "./refuse-config.ts";
import { pause } from "./wait.ts";
import type { WorkerDeps } from "./worker.ts";

export interface ProjectHolder {
  /** Opens what is to be opened. Only the worker's own tick does that: whoever asks a question changes nothing. */
  look(): void;
  current(): OpenProject | undefined;
  /** One sentence, or undefined when work can start. */
  notReady(): string | undefined;
}

const RETRY_MS = 30_000;

export function createProjectHolder(deps: WorkerDeps, signal: AbortSignal): ProjectHolder {
  let open: OpenProject | undefined;
  let opening: Project | undefined;
  let failure: string | undefined;
  let last: Promise<unknown> = Promise.resolve();

  const wanted = (): Project | undefined => [...deps.replica.view().membership.projects.values()].at(-1);

  const ensure = (): void => {
    const project = wanted();
    if (project === undefined || isSame(project, opening) || signal.aborted) return;
    opening = project;
    open = undefined;
    // One after the other: opening clears leftovers away, and must not find another one's half-made repository.
    const opened = last.then(() => openProject(project, deps.openRepository, signal));
    last = opened;
    void opened.then(async (opened) => {
      if (opening !== project) return;
      if (opened.ok) {
        await opened.value.refresh(signal);
        open = opened.value;
        failure = undefined;
        deps.onActivity();
        return;
      }
      failure = opened.error;
      deps.incidents.record("project", project.name, opened.error);
      await pause(deps.clock, RETRY_MS, signal);
      if (opening === project) opening = undefined;
    });
  };

  return {
    look: ensure,
    current: () => open,
    notReady: () => {
      const project = wanted();
      if (project === undefined)
        return "The mesh has no project yet: an owner begins one on the page, or with `skein project begin PATH`.";
      if (deps.idle !== null) return deps.idle;
      if (!roleAtLeast(deps.self().role, "agent"))
        return `Its role is ${deps.self().role}, and work needs the role agent.`;
      if (failure !== undefined) return failure;
      if (open === undefined) return `The repository of ${project.name} is being opened.`;
      return refuseConfig(open.config(), deps.sandboxes);
    },
  };
}

/** By value: every change of the membership makes new objects of the same project. */
const isSame = (project: Project, other: Project | undefined): boolean =>
  other !== undefined &&
  project.name === other.name &&
  project.remote === other.remote &&
  project.base === other.base &&
  project.config === other.config;
