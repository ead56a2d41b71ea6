/** bubblewrap holds what a sandbox has to hold. */
import { createBwrap } from "@skein/sandbox";

import { describeSandboxContract } from "./sandbox-contract.ts";

describeSandboxContract(createBwrap);
