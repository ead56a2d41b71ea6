/** What a log means, read with the same code that a node starts with. */
import type { DataDirectory } from "../data-directory.ts";
import { Failure } from "../failure.ts";
import { openOfflineNode } from "../offline-node.ts";
import type { Manifest } from "./manifest.ts";

export interface Meaning extends Pick<Manifest, "ops" | "heads" | "foldVersion" | "digest"> {
  readonly members: readonly { readonly key: string; readonly earlierKeys: readonly string[] }[];
}

/** With `verify` every hash, chain and signature is checked first. */
export async function meaningOf(
  data: DataDirectory,
  mesh: Uint8Array,
  options: { readonly verify: boolean },
): Promise<Meaning> {
  const node = await openOfflineNode(data, mesh);
  try {
    if (options.verify) await ask(node.api.command("verify", {}));
    // The node's own answers, shaped by view/queries.ts.
    const { members } = (await ask(node.api.command("members", {}))) as Pick<Meaning, "members">;
    const digest = (await ask(node.api.command("digest", {}))) as Omit<Meaning, "members">;
    return { ...digest, members };
  } finally {
    await node.stop();
  }
}

type Answered = ReturnType<Awaited<ReturnType<typeof openOfflineNode>>["api"]["command"]>;

async function ask(answering: Answered): Promise<unknown> {
  const answer = await answering;
  if (answer.ok) return answer.value;
  throw new Failure(answer.error.message);
}
