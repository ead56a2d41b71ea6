/** What a log means, read with the same code that a node starts with. */
import type { DataDirectory } from "../data-directory.ts";
import { Failure } from "../failure.ts";
import { openOfflineNode } from "../offline-node.ts";
import type { Manifest } from "./manifest.ts";

export type Meaning = Pick<Manifest, "ops" | "heads" | "foldVersion" | "digest">;

/** With `verify` every hash, chain and signature is checked first. */
export async function meaningOf(
  data: DataDirectory,
  mesh: Uint8Array,
  options: { readonly verify: boolean },
): Promise<Meaning> {
  const node = await openOfflineNode(data, mesh);
  try {
    if (options.verify) await ask(node.api.command("verify", {}));
    // The node's own answer, shaped by view/queries.ts.
    return (await ask(node.api.command("digest", {}))) as Meaning;
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
