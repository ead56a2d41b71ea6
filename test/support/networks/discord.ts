/** Discord over its gateway. */
import { startDiscordServer, type DiscordServer } from "../discord-server.ts";
import { ADA as ADA_ID, APPLICATION, BOT, GENERAL, TOKEN } from "../discord-world.ts";
import { createHttpGate } from "../http-gate.ts";
import { ADA, GRACE, type Network } from "./network.ts";

const PEOPLE: Readonly<Record<string, { readonly id: string; readonly direct: string }>> = {
  [ADA]: { id: ADA_ID, direct: "900000000000000021" },
  [GRACE]: { id: "900000000000000012", direct: "900000000000000022" },
};
/** Conversations of two. */
const DIRECT = 1;

export interface DiscordNetwork extends Network {
  readonly discord: DiscordServer;
}

export async function discordNetwork(): Promise<DiscordNetwork> {
  const discord = await startDiscordServer();
  const gate = await createHttpGate(new URL(discord.api).origin);
  for (const { direct } of Object.values(PEOPLE)) discord.world.channels.set(direct, { id: direct, type: DIRECT });
  const write = (channel: string, text: string, person: string): Promise<void> => {
    discord.write(channel, text, { author: { id: PEOPLE[person]?.id ?? person, username: person } });
    return Promise.resolve();
  };
  return {
    discord,
    account: "discord/main",
    prefix: "!skein ",
    transport: {
      kind: "discord",
      rooms: [{ id: GENERAL, role: "operator", notices: "stages" }],
      settings: {
        mode: "gateway",
        application: APPLICATION,
        channels: [GENERAL],
        api: `${gate.url}/api`,
        gateway: discord.gatewayUrl,
      },
      secrets: { token: { env: "DISCORD_TOKEN" } },
    },
    env: { DISCORD_TOKEN: TOKEN },
    serve: () => undefined,
    say: (text, from = ADA) => write(GENERAL, text, from),
    sayDirect: (text, from = ADA) => write(PEOPLE[from]?.direct ?? "", text, from),
    said: () =>
      Promise.resolve(
        [...discord.world.messages.values()]
          .flat()
          .filter(({ author }) => author.id === BOT)
          .toSorted((a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1))
          .map((one) => ({ id: one.id, text: one.content, raw: JSON.stringify(one) })),
      ),
    hang: (what) => {
      gate.judge = ({ method, path }) =>
        what === "everything" || (method === "POST" && path.endsWith("/messages")) ? "hang" : "pass";
    },
    hanging: () => gate.hanging(),
    refuse: async () => {
      await gate.shut();
      discord.gateway.slam = 0;
      discord.gateway.cut();
    },
    release: async () => {
      await gate.open();
      discord.gateway.slam = undefined;
    },
    close: async () => {
      await gate.close();
      await discord.stop();
    },
  };
}
