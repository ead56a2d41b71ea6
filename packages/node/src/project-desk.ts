/**
 * How a mesh gets its first project from the machine of a node: a repository there is looked at, made the project, or made
 * to practise with. What touches the disk is behind a port; here is when it may happen, and what goes into the log.
 */
import {
  type Command,
  type CommandError,
  type CommandInput,
  err,
  isLive,
  ok,
  type Result,
  type View,
} from "@skein/core";

import type { Json } from "./api.ts";

/** What a repository on this machine would be as a project. Plain JSON. */
export interface FoundProject {
  readonly [fact: string]: Json;
  /** Absolute path of its working copy, without links. */
  readonly path: string;
  readonly name: string;
  /** The target branch. */
  readonly base: string;
  /** A remote's name, or "." when items land in the working copy itself. */
  readonly remote: string;
  /** Where that is. */
  readonly landsIn: string;
  /** Tracked files differ from the last commit. */
  readonly dirty: boolean;
  readonly hasConfig: boolean;
  readonly gate: readonly (readonly string[])[];
  readonly gateBecause: string;
  readonly agent: string;
  /** What `agent` may be: the names of agents, and whether their program is on this machine. */
  readonly agents: readonly { readonly name: string; readonly installed: boolean }[];
  readonly sandbox: string;
  /** Why there is none; empty otherwise. */
  readonly sandboxBecause: string;
  /** Why it cannot be begun as it is, in one or two sentences; empty when it can. */
  readonly obstacle: string;
}

/** A project that is ready to be named in the log. */
export interface PreparedProject {
  readonly path: string;
  readonly name: string;
  /** A URL or an absolute path. */
  readonly remote: string;
  readonly base: string;
  /** The text of its skein.yaml. */
  readonly config: string;
  /** skein.yaml was written, and is not committed. */
  readonly wrote: boolean;
}

/** The disk of this machine outside the data directory. Errors are sentences for people. */
export interface ProjectDesk {
  /** Writes nothing. */
  look(path: string): Promise<Result<FoundProject, string>>;
  /** Writes skein.yaml where there is none, and nothing else. */
  prepare(input: CommandInput<"project.begin">): Promise<Result<PreparedProject, string>>;
  /** Makes a repository with its remote inside the data directory. */
  practice(name: string): Promise<Result<PreparedProject, string>>;
}

export type ProjectCommand = Extract<Command, { readonly name: "project.look" | "project.begin" | "project.practice" }>;

export interface ProjectStarter {
  /** `set` writes the project into the log. */
  run(
    command: ProjectCommand,
    set: (project: CommandInput<"project.set">) => Promise<Result<Json, CommandError>>,
  ): Promise<Result<Json, CommandError>>;
}

const PRACTICE = "practice";

export function createProjectStarter(desk: ProjectDesk | undefined, view: () => View): ProjectStarter {
  // Two clicks at once would write two times, and the second would find what the first is still making.
  let busy = false;
  const begin = async (
    prepare: () => Promise<Result<PreparedProject, string>>,
    set: Parameters<ProjectStarter["run"]>[1],
  ): Promise<Result<Json, CommandError>> => {
    if (busy) return fail("unavailable", "A project is being set up at this moment. Wait for it, then look again.");
    busy = true;
    try {
      const prepared = await prepare();
      if (!prepared.ok) return fail("not-legal", prepared.error);
      const { path, wrote, ...project } = prepared.value;
      const written = await set(project);
      return written.ok ? ok({ path, wrote, name: project.name, remote: project.remote, base: project.base }) : written;
    } finally {
      busy = false;
    }
  };
  return {
    run: async (command, set) => {
      if (desk === undefined) return fail("unavailable", "This node reaches no repositories of its machine.");
      if (command.name === "project.look") {
        const found = await desk.look(command.input.path);
        return found.ok ? found : fail("not-found", found.error);
      }
      const obstacle = command.name === "project.begin" ? whyNotBegin(view()) : whyNotPractice(view());
      if (obstacle !== undefined) return fail("not-legal", obstacle);
      return begin(
        () => (command.name === "project.begin" ? desk.prepare(command.input) : desk.practice(PRACTICE)),
        set,
      );
    },
  };
}

const fail = (code: CommandError["code"], message: string): Result<never, CommandError> => err({ code, message });

/** Nodes work on the project that was set last, so a second one would take the first one's items along. */
function whyNotBegin(view: View): string | undefined {
  const names = [...view.membership.projects.keys()];
  const other = names.find((name) => name !== PRACTICE);
  if (other !== undefined) {
    return `This mesh works on the project ${other} already. \`skein project set\` changes what a mesh works on.`;
  }
  if (names.length > 0 && hasWork(view)) {
    return "The practice project has work that is not done, which would go on in your repository. Let it finish, or archive it.";
  }
  return undefined;
}

function whyNotPractice(view: View): string | undefined {
  const [name] = [...view.membership.projects.keys()];
  return name === undefined
    ? undefined
    : `This mesh has a project already: ${name}. A practice project is for a mesh without one.`;
}

const hasWork = (view: View): boolean =>
  [...view.items.values()].some(
    (item) => isLive(item) && ["Coding", "Qa", "Merge"].includes(item.best.state.stage.stage),
  );
