/**
 * One socket of Socket Mode. The library dials, keeps the heartbeat and closes. It neither reads frames nor reconnects:
 * its own reconnecting leaves seconds without a connection, waits out of anybody's reach, and ends in a promise that nobody
 * catches when Slack answers with an error in between. Here every promise of it is awaited where it is made.
 */
import type { TransportContext } from "@skein/chat";
import { err, ok, type Result } from "@skein/core";
import { SocketModeClient } from "@slack/socket-mode";

import { clientOptions, silentLogger } from "./api.ts";
import { type Failure, failureOf } from "./failures.ts";
import { type Envelope, readFrame } from "./frames.ts";
import { createBoundedFetch } from "./http.ts";

export interface ConnectionOptions {
  readonly appToken: string;
  readonly apiUrl: string;
  readonly timeoutMs: number;
  readonly services: Pick<TransportContext, "fetch" | "clock" | "log">;
  /** `done` is called once: acknowledge with this payload, or (undefined) leave it to be delivered again. */
  readonly onEnvelope: (envelope: Envelope, done: (payload: Acknowledgement | undefined) => void) => void;
}

/** What Slack is answered with; empty for most. */
export type Acknowledgement = Readonly<Record<string, unknown>>;

export interface Connection {
  /** Slack said hello, or there will be no connection. */
  readonly opened: Promise<Result<void, Failure>>;
  /** Slack announced that it will close this one, with its reason. Never resolves when it does not. */
  readonly leaving: Promise<string>;
  readonly ended: Promise<void>;
  /** Closes it once everything that came over it is settled. */
  close(): Promise<void>;
}

const HELLO_MS = 10_000;
/** For the disk to answer, and then for Slack to answer the close frame. */
const SETTLE_MS = 3_000;
const CLOSE_MS = 1_000;

export function openConnection(options: ConnectionOptions): Connection {
  const { clock, log } = options.services;
  const http = createBoundedFetch(options.services, options.timeoutMs);
  const client = new SocketModeClient({
    appToken: options.appToken,
    autoReconnectEnabled: false,
    logger: silentLogger,
    clientOptions: clientOptions({ apiUrl: options.apiUrl, fetch: http.fetch }),
  });
  const leaving = deferred<string>();
  const ended = deferred<void>();
  const envelopes = trackUnsettled(client, options);
  let isClosing = false;

  takeOverFrames(client, log, {
    disconnect: leaving.resolve,
    envelope: (envelope) => (isClosing ? undefined : envelopes.arrived(envelope)),
  });
  client.on("disconnected", () => ended.resolve());

  const hangUp = async (): Promise<void> => {
    isClosing = true;
    http.abort();
    await within(clock, CLOSE_MS, quietly(client.disconnect()));
    // The second call does not wait for the other side.
    await within(clock, CLOSE_MS, quietly(client.disconnect()));
    ended.resolve();
  };
  const opened = start(client, clock, hangUp, () => isClosing);
  void opened.then((result) => (result.ok ? undefined : ended.resolve()));

  return {
    opened,
    leaving: leaving.promise,
    ended: ended.promise,
    close: async () => {
      await within(clock, SETTLE_MS, Promise.race([envelopes.settled(), ended.promise]));
      await hangUp();
    },
  };
}

async function start(
  client: SocketModeClient,
  clock: TransportContext["clock"],
  hangUp: () => Promise<void>,
  isClosing: () => boolean,
): Promise<Result<void, Failure>> {
  const cancel = clock.after(HELLO_MS, () => void hangUp());
  try {
    await client.start();
    // Closing came while the address was asked for; the library went on regardless.
    if (isClosing()) await quietly(client.disconnect());
    return isClosing() ? err({ type: "undone", reason: "it was closed from this side" }) : ok(undefined);
  } catch (error) {
    // The library rejects with nothing when the socket closes before the hello.
    if (error === undefined) return err({ type: "undone", reason: "Slack closed the socket before it said hello" });
    return err(failureOf(error));
  } finally {
    cancel();
  }
}

interface FrameHandlers {
  readonly disconnect: (reason: string) => void;
  readonly envelope: (envelope: Envelope) => void;
}

/** Of the library's own reading only the hello is left: it is what `start` waits for. */
function takeOverFrames(client: SocketModeClient, log: TransportContext["log"], handlers: FrameHandlers): void {
  const own = client.listeners("ws_message");
  client.removeAllListeners("ws_message");
  client.on("ws_message", (data: unknown) => {
    const frame = readFrame(data);
    switch (frame.type) {
      case "hello":
        for (const listener of own) listener(data, false);
        return;
      case "disconnect":
        return handlers.disconnect(frame.reason);
      case "envelope":
        return handlers.envelope(frame.envelope);
      case "other":
        log("debug", "chat-slack.unknown-frame");
    }
  });
}

interface Unsettled {
  arrived(envelope: Envelope): void;
  /** Resolves when nothing is unsettled. */
  settled(): Promise<void>;
}

function trackUnsettled(client: SocketModeClient, options: ConnectionOptions): Unsettled {
  let count = 0;
  const waiting = new Set<() => void>();
  const acknowledge = (id: string, payload: Acknowledgement): void => {
    const socket = client.websocket;
    const lost = (): void => options.services.log("info", "chat-slack.not-acknowledged", { envelope: id });
    // The socket is gone: Slack delivers it again over the next one, and its id says that it is known.
    if (socket === undefined || !socket.isActive()) return lost();
    socket.send(JSON.stringify({ envelope_id: id, payload }), (error) => (error ? lost() : undefined));
  };
  return {
    arrived: (envelope) => {
      count += 1;
      options.onEnvelope(envelope, (payload) => {
        if (payload !== undefined) acknowledge(envelope.id, payload);
        count -= 1;
        if (count === 0) for (const resolve of waiting) resolve();
      });
    },
    settled: () => (count === 0 ? Promise.resolve() : new Promise((resolve) => void waiting.add(resolve))),
  };
}

interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
}

function deferred<T>(): Deferred<T> {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((done) => (resolve = done));
  return { promise, resolve };
}

/** That a closed socket cannot be closed again is no news. */
const quietly = (promise: Promise<unknown>): Promise<void> =>
  promise.then(
    () => undefined,
    () => undefined,
  );

async function within(clock: TransportContext["clock"], ms: number, promise: Promise<unknown>): Promise<void> {
  let cancel: () => void = () => undefined;
  const late = new Promise<void>((resolve) => (cancel = clock.after(ms, resolve)));
  await Promise.race([promise, late]);
  cancel();
}
