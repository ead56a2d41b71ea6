/**
 * The line that is never crossed without a word of the project: nothing runs unsandboxed unless skein.yaml says so. Asked
 * before work is claimed, and again for the very commit that an attempt starts from.
 */
import type { ProjectConfig } from "@skein/config";

/** What this version cannot do safely it refuses in words; undefined when work may start. */
export function refuseConfig({ sandbox }: ProjectConfig): string | undefined {
  if (sandbox !== "none") {
    return (
      `skein.yaml asks for sandbox: ${sandbox}, which this version does not have yet. Nothing runs unsandboxed unless you ` +
      "say so: write sandbox: none to run agents with this user's rights."
    );
  }
  return undefined;
}
