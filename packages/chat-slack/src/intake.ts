/**
 * From the socket to the host, in order: what came while the host was writing goes to it together, and only what it made
 * durable is acknowledged. What it could not is left unacknowledged, so that Slack delivers it again.
 */
import type { ChatHost, InboundEvent, TransportContext } from "@skein/chat";

import type { Cursor } from "./cursor.ts";

interface Arrived {
  readonly events: readonly InboundEvent[];
  /** Of the message, when it is one that the cursor counts. */
  readonly ts: string | undefined;
  /** Called once: it is durable, or it is not. */
  readonly settle: (isDurable: boolean) => void;
}

export interface Intake {
  push(arrived: Arrived): void;
  /** Resolves when nothing waits any more. */
  idle(): Promise<void>;
}

const BATCH_MAX = 100;
/** Beyond this the disk has stopped for minutes; what is dropped here comes again. */
const WAITING_MAX = 2_000;

/** `recovered` is called when the host takes something again after it refused: Slack may have given up on what it refused. */
export function createIntake(
  host: Pick<ChatHost, "receive">,
  cursor: Cursor,
  log: TransportContext["log"],
  recovered: () => void,
): Intake {
  const waiting: Arrived[] = [];
  let working: Promise<void> | undefined;
  let isRefused = false;

  const settle = ({ ts, settle: done }: Arrived, isDurable: boolean): void => {
    if (ts !== undefined && isDurable) cursor.durable(ts);
    if (ts !== undefined && !isDurable) cursor.failed(ts);
    done(isDurable);
  };
  const work = async (): Promise<void> => {
    while (waiting.length > 0) {
      const batch = waiting.splice(0, BATCH_MAX);
      const result = await host.receive(batch.flatMap(({ events }) => events));
      if (!result.ok) log("warn", "chat-slack.not-durable", { events: batch.length, reason: result.error });
      for (const one of batch) settle(one, result.ok);
      if (isRefused && result.ok) recovered();
      isRefused = !result.ok;
    }
    working = undefined;
  };
  const idle = async (): Promise<void> => {
    if (working === undefined) return;
    await working;
    // More may have come in between.
    await idle();
  };
  return {
    idle,
    push: (arrived) => {
      if (arrived.events.length === 0) return settle(arrived, true);
      if (waiting.length >= WAITING_MAX) return settle(arrived, false);
      waiting.push(arrived);
      working ??= work();
    },
  };
}
