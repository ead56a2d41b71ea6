/** Runs the backfill of an open socket: one at a time, with the cursor standing still until all of it is durable. */
import type { InboundEvent, IngressHost, TransportContext } from "@skein/chat";
import type { Result } from "@skein/core";

import { type Reader, readMissed, readNewest } from "./backfill.ts";
import type { Cursor } from "./cursor.ts";
import type { Failure } from "./failures.ts";
import type { Intake } from "./intake.ts";
import { backoffMs } from "./pause.ts";

export interface CatchUp {
  /** Something may have been missed. */
  request(): void;
  idle(): Promise<void>;
}

export interface CatchUpOptions {
  readonly reader: Reader;
  readonly rooms: readonly string[];
  readonly cursor: Cursor;
  readonly intake: Intake;
  readonly host: Pick<IngressHost, "trouble">;
  readonly services: Pick<TransportContext, "random" | "log">;
}

const ATTEMPTS_MAX = 8;

export function createCatchUp(options: CatchUpOptions): CatchUp {
  let isWanted = false;
  let working: Promise<void> | undefined;

  const work = async (): Promise<void> => {
    options.cursor.hold();
    while (isWanted && !options.reader.pauses.isStopped()) {
      isWanted = false;
      for (const room of options.rooms) await catchUpWith(room, options);
    }
    // Stopped in the middle: the next holder of the lease reads from the cursor that was told last.
    if (!options.reader.pauses.isStopped()) options.cursor.release();
    working = undefined;
  };
  return {
    request: () => {
      if (options.rooms.length === 0) return;
      isWanted = true;
      working ??= work();
    },
    idle: async () => working,
  };
}

async function catchUpWith(room: string, options: CatchUpOptions): Promise<void> {
  const { reader, cursor } = options;
  const since = cursor.value();
  if (since === undefined) {
    // Nobody was here before: what is in the room already is history, and what comes later is not.
    const newest = await patiently(options, () => readNewest(reader, room));
    if (newest === undefined) return;
    if (newest.ok) return newest.value === undefined ? undefined : cursor.durable(newest.value);
    return report(room, newest.error, options);
  }
  const missed = await patiently(options, () => readMissed(reader, room, since));
  if (missed === undefined) return;
  if (!missed.ok) return report(room, missed.error, options);
  options.services.log("info", "chat-slack.caught-up", { room, messages: missed.value.length });
  for (const event of missed.value) await takeIn(event, options);
}

/** Until it is durable: nobody delivers these again. */
async function takeIn(event: InboundEvent, { intake, reader, services }: CatchUpOptions): Promise<void> {
  for (let failures = 0; !reader.pauses.isStopped(); failures += 1) {
    const isDurable = await new Promise<boolean>((settle) =>
      intake.push({ events: [event], ts: event.message, settle }),
    );
    if (isDurable) return;
    await reader.pauses.pause(backoffMs(services.random, failures));
  }
}

/** Undefined when everything stopped meanwhile. */
async function patiently<T>(
  { reader: { pauses }, services }: CatchUpOptions,
  read: () => Promise<Result<T, Failure>>,
): Promise<Result<T, Failure> | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    const result = await Promise.race([read(), pauses.stopped]);
    if (result === undefined || pauses.isStopped()) return undefined;
    if (result.ok || !isPassing(result.error) || attempt === ATTEMPTS_MAX) return result;
    await pauses.pause(backoffMs(services.random, attempt));
    if (pauses.isStopped()) return undefined;
  }
}

const isPassing = ({ type }: Failure): boolean => type === "undone" || type === "unknown" || type === "limited";

const report = (room: string, failure: Failure, { host }: CatchUpOptions): void =>
  host.trouble({
    severity: "passing",
    message: `Messages that were written in Slack's channel ${room} while the socket was away were not read: ${failure.reason}.`,
  });
