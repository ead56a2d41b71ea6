/** The project of the mesh, asked again when the board shows that it may be another one. */
import { type ReadonlySignal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Session } from "../../session.ts";
import type { Project } from "./progress.ts";

/** Loading, why it is not known, or what is there: nodes work on the project that was set last. */
type KnownProject = "loading" | { readonly why: string } | { readonly project: Project | undefined };

export interface ProjectWatch {
  readonly known: ReadonlySignal<KnownProject>;
  readonly refresh: () => Promise<void>;
}

export function useProject(session: Session): ProjectWatch {
  const known = useSignal<KnownProject>("loading");
  const refresh = async (): Promise<void> => {
    const answer = await session.query<readonly Project[]>("api/v1/projects");
    const before = known.peek();
    // What was known stays while the node is away.
    const isKnown = before !== "loading" && "project" in before;
    if (answer.ok) known.value = { project: answer.value.at(-1) };
    else if (!isKnown) known.value = { why: answer.error.message };
  };
  const [first] = session.board.value.items.values();
  const named = first?.project ?? "";
  const { type } = session.connection.value;
  useEffect(() => {
    if (type === "live") void refresh();
  }, [type, named]);
  return { known, refresh };
}
