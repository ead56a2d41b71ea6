/** What is kept of attempts, as plain values: every file with the tags that say where it is from. */
import type { LiveItem } from "../command/find.ts";
import type { Artifacts } from "../fold/annotations.ts";
import { compareText } from "../kernel/bytes.ts";
import type { ArtifactFile } from "../op/bodies.ts";
import type { Naming } from "./project.ts";

export interface KeptFile extends ArtifactFile {
  readonly item: string;
  readonly project: string;
  readonly epoch: number;
  readonly commit: string;
  /** The member that ran the attempt. */
  readonly node: string;
  readonly nodeName: string;
  readonly at: number;
}

type Tagged = Pick<LiveItem, "id"> & { readonly annotations: { readonly artifacts: readonly Artifacts[] } };

/** All kept files of an item, the newest attempt first. */
export const keptFiles = ({ id, annotations }: Tagged, { nameOf }: Pick<Naming, "nameOf">): readonly KeptFile[] =>
  annotations.artifacts
    .toSorted((a, b) => b.epoch - a.epoch || b.lamport - a.lamport || compareText(a.id, b.id))
    .flatMap(({ member, project, epoch, commit, wall, files }) =>
      files.map((file) => ({
        ...file,
        item: id,
        project,
        epoch,
        commit,
        node: member,
        nodeName: nameOf(member),
        at: wall,
      })),
    );
