/** A Discord transport in front of our Discord, with the mesh's double behind it and a clock that runs faster. */
import { type ChatTransport, createVerifier, type SlashVerb, type TransportContext } from "@skein/chat";
import { createHostDouble, type HostDouble } from "@skein/chat/testing";
import { discordKind } from "@skein/chat-discord";
import { plain } from "@skein/core";
import { systemClock, systemRandom } from "@skein/node";

import type { DiscordServer } from "./discord-server.ts";
import { APPLICATION, GENERAL, TOKEN } from "./discord-world.ts";

type Clock = TransportContext["clock"];
type OutgoingMessage = Parameters<ChatTransport["send"]>[0];

/** Waits of the back-off take a fiftieth of their time. */
const FASTER = 50;

const fastClock: Clock = {
  monoMs: () => systemClock.monoMs() * FASTER,
  wallMs: () => systemClock.wallMs(),
  after: (delayMs, run) => systemClock.after(delayMs / FASTER, run),
};

const VERBS: readonly SlashVerb[] = [
  { name: "list", summary: "Lists the items", parameters: [] },
  {
    name: "note",
    summary: "Adds a note to an item",
    parameters: [
      { name: "item", summary: "Which item", kind: "item", required: true },
      { name: "text", summary: "The note", kind: "text", required: true },
    ],
  },
];

export interface Stand {
  readonly transport: ChatTransport;
  readonly context: TransportContext;
  /** Every line that was logged, as JSON. */
  readonly log: string[];
}

export function createStand(
  server: Pick<DiscordServer, "api" | "gatewayUrl">,
  settings: Readonly<Record<string, unknown>> = {},
  services: Partial<TransportContext> = {},
): Stand {
  const log: string[] = [];
  const context: TransportContext = {
    account: "team",
    clock: fastClock,
    random: systemRandom,
    log: (level, event, fields) => void log.push(JSON.stringify({ level, event, ...fields })),
    fetch,
    verifier: createVerifier({ wallMs: () => systemClock.wallMs() }),
    secret: () => TOKEN,
    verbs: VERBS,
    ...services,
  };
  const read = discordKind.settings.parse({
    mode: "gateway",
    application: APPLICATION,
    api: server.api,
    gateway: server.gatewayUrl,
    channels: [GENERAL],
    ...settings,
  });
  return { transport: discordKind.create(read, context), context, log };
}

/** What a mesh would have done with the events: each one once, by its id. */
export const uniqueTexts = ({ received }: HostDouble): readonly string[] => [
  ...new Map(received.map(({ id, text }) => [id, text])).values(),
];

export const newHost = (cursor?: string): HostDouble => createHostDouble(cursor);

export const outgoing = (text: string, more: Partial<OutgoingMessage> = {}): OutgoingMessage => ({
  key: "0123456789abcdef".repeat(4),
  room: GENERAL,
  thread: null,
  threadTitle: "A story",
  quotes: null,
  body: [plain(text)],
  buttons: [],
  onlyFor: null,
  lastInboundMs: null,
  ...more,
});
