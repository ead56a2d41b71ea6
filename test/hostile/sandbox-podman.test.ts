/** podman holds what a sandbox has to hold. */
import { join } from "node:path";

import { createPodman } from "@skein/sandbox";

import { describeSandboxContract } from "./sandbox-contract.ts";

describeSandboxContract((secret) => createPodman({ places: join(secret, "rooms"), secret }));
