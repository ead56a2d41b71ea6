/** What our Discord knows: channels, threads, messages, commands, interactions. In Discord's own form, so that it can be sent as it is. */
interface StoredChannel {
  readonly id: string;
  readonly type: number;
  readonly guild_id?: string;
  readonly parent_id?: string;
  readonly name?: string;
  last_message_id?: string;
}

export interface StoredMessage {
  readonly id: string;
  readonly channel_id: string;
  readonly type: number;
  readonly author: { readonly id: string; readonly username: string; readonly bot?: boolean };
  content: string;
  readonly timestamp: string;
  edited_timestamp: string | null;
  readonly mentions: readonly { readonly id: string }[];
  readonly nonce?: string;
  /** The rest of what it was made with. */
  readonly extra: Readonly<Record<string, unknown>>;
  readonly reactions: string[];
}

export const BOT = "900000000000000001";
export const APPLICATION = "900000000000000001";
export const GUILD = "900000000000000002";
export const GENERAL = "900000000000000003";
export const OTHER = "900000000000000004";
export const ADA = "900000000000000011";
export const TOKEN = "secret-bot-token";

export interface World {
  readonly channels: Map<string, StoredChannel>;
  readonly messages: Map<string, StoredMessage[]>;
  commands: unknown[];
  /** Id and what it was answered. */
  readonly interactions: Map<string, { readonly token: string; answer: unknown }>;
  snowflake(): string;
  add(channel: string, message: Partial<StoredMessage> & { readonly content: string }): StoredMessage;
  openThread(root: string, channel: string, name: string): StoredChannel;
}

const EPOCH_MS = 1_420_070_400_000;

export function createWorld(): World {
  let last = 0n;
  const snowflake = (): string => {
    const now = BigInt(Date.now() - EPOCH_MS) << 22n;
    last = now > last ? now : last + 1n;
    return last.toString();
  };
  const channels = new Map<string, StoredChannel>(
    [
      { id: GENERAL, type: 0, guild_id: GUILD, name: "general" },
      { id: OTHER, type: 0, guild_id: GUILD, name: "other" },
    ].map((channel) => [channel.id, channel]),
  );
  const messages = new Map<string, StoredMessage[]>();
  const world: World = {
    channels,
    messages,
    commands: [],
    interactions: new Map(),
    snowflake,
    add: (channel, { content, author = { id: ADA, username: "ada" }, type = 0, nonce, extra = {} }) => {
      const id = snowflake();
      const message: StoredMessage = {
        id,
        channel_id: channel,
        type,
        author,
        content,
        timestamp: new Date().toISOString(),
        edited_timestamp: null,
        mentions: [...content.matchAll(/<@!?(\d+)>/g)].map(([, user = ""]) => ({ id: user })),
        ...(nonce === undefined ? {} : { nonce }),
        extra,
        reactions: [],
      };
      messages.set(channel, [...(messages.get(channel) ?? []), message]);
      const place = channels.get(channel);
      if (place !== undefined) place.last_message_id = id;
      return message;
    },
    openThread: (root, parent, name) => {
      const thread: StoredChannel = { id: root, type: 11, guild_id: GUILD, parent_id: parent, name };
      channels.set(root, thread);
      return thread;
    },
  };
  return world;
}

/** As Discord sends it. */
export const wire = ({ extra, ...message }: StoredMessage): Record<string, unknown> => ({
  ...message,
  ...extra,
});
