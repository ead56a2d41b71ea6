/**
 * The keys of this node's device, opened once. That begins when the account starts and not when this node begins to listen:
 * whoever writes encrypts for the devices that are known then, so a node that stands by has to be known before it takes over.
 */
import type { TransportServices } from "@skein/chat";

import type { MatrixApi } from "./api.ts";
import type { CryptographyRequest, OpenCryptography, OpenedCryptography, RoomCryptography } from "./cryptography.ts";
import { isRevoked } from "./http.ts";
import { describe } from "./outcome.ts";

export interface Cipher {
  /** Tries to open the keys unless that is done. */
  ready(): Promise<OpenedCryptography>;
  close(): Promise<void>;
}

export interface CipherDeps extends Pick<TransportServices, "clock" | "log"> {
  readonly api: Pick<MatrixApi, "device">;
  readonly open: OpenCryptography;
  readonly request: Omit<CryptographyRequest, "userId" | "deviceId">;
  readonly signal: AbortSignal;
}

const RETRY_MS = 15_000;

export function createCipher({ api, open, request, clock, log, signal }: CipherDeps): Cipher {
  let opening: Promise<OpenedCryptography> | undefined;
  let opened: RoomCryptography | undefined;
  let cancel = (): void => undefined;
  let isClosed = false;

  const attempt = async (): Promise<OpenedCryptography> => {
    const device = await api.device(signal);
    if (device.type !== "ok") return device;
    const result = await open({ ...request, ...device.value });
    if (result.type === "ok") opened = result.value;
    return result;
  };
  const ready = (): Promise<OpenedCryptography> => {
    opening ??= contained(attempt).then((result) => {
      if (result.type !== "ok" && result.type !== "unusable") opening = undefined;
      return result;
    });
    return opening;
  };
  const prepare = async (): Promise<void> => {
    const result = await ready();
    if (isClosed || result.type === "ok") return;
    const reason = result.type === "unusable" ? result.reason : describe(result);
    log("warn", "chat.matrix.keys-not-ready", { account: request.account, reason });
    if (result.type === "unusable" || isRevoked(result)) return;
    cancel = clock.after(RETRY_MS, () => void prepare());
  };
  void prepare();

  return {
    ready,
    close: async () => {
      isClosed = true;
      cancel();
      await opening;
      await opened?.close();
    },
  };
}

/** A full disk, or a fault in what is not ours; the next attempt may do better. */
async function contained(attempt: () => Promise<OpenedCryptography>): Promise<OpenedCryptography> {
  try {
    return await attempt();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return { type: "unsent", reason: `the keys for encryption cannot be opened (${reason})` };
  }
}
