/**
 * The package for encrypted rooms on Matrix, which is large and optional. It is loaded when an account first asks for it, and
 * never before; where it is not installed, the account says so.
 */
import { join } from "node:path";

import type { AccountConfig } from "@skein/config";
import type { OpenCryptography } from "@skein/chat-matrix";
import type { Logger } from "@skein/node";

import { reasonOf } from "./failure.ts";

export interface MatrixEncryption {
  /** Before accounts are started. */
  prepare(accounts: readonly AccountConfig[]): Promise<void>;
  /** Undefined when the package is not there. */
  open(): OpenCryptography | undefined;
}

interface Package {
  readonly createCryptographyOpener: (directory: string) => OpenCryptography;
}

const FOLDER = "matrix-keys";

export function createMatrixEncryption(
  directory: string,
  log: Logger,
  load: () => Promise<Package> = () => import("@skein/chat-matrix-e2ee"),
): MatrixEncryption {
  let opener: OpenCryptography | undefined;
  return {
    prepare: async (accounts) => {
      if (opener !== undefined || !accounts.some(asksForIt)) return;
      try {
        opener = (await load()).createCryptographyOpener(join(directory, FOLDER));
      } catch (cause) {
        // The account is refused with what to do; this is for whoever believes that it is installed.
        log("warn", "chat.matrix.encryption-not-loaded", { message: reasonOf(cause) });
      }
    },
    open: () => opener,
  };
}

const asksForIt = ({ kind, enabled, settings }: AccountConfig): boolean =>
  kind === "matrix" &&
  enabled &&
  typeof settings === "object" &&
  settings !== null &&
  "encryption" in settings &&
  settings.encryption === true;
