/** Rooms that agents and gate commands are shut in. */
export { createBwrap } from "./bwrap.ts";
export type { Driver } from "./driver.ts";
export { makeEtcFiles } from "./etc-files.ts";
export { createPodman, type PodmanOptions } from "./podman.ts";
export { createSandboxes, type SandboxesOptions } from "./sandboxes.ts";
