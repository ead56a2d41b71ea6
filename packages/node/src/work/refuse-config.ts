/**
 * The line that is never crossed without a word of the project: nothing runs unsandboxed unless skein.yaml says so. Asked
 * before work is claimed, and again for the very commit that an attempt starts from.
 */
import type { ProjectConfig } from "@skein/config";

import type { Sandboxes } from "../ports.ts";

/** What cannot be done safely here is refused in words; undefined when work may start. */
export function refuseConfig({ sandbox }: ProjectConfig, sandboxes: Sandboxes): string | undefined {
  const refusal = sandbox === "none" ? undefined : sandboxes.refusal(sandbox);
  if (refusal !== undefined) {
    return (
      `skein.yaml asks for sandbox: ${sandbox}, and this node cannot give it. ${refusal} Nothing runs unsandboxed unless ` +
      "you say so: write sandbox: none to run agents with this user's rights."
    );
  }
  return undefined;
}
