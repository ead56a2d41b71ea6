/** Matrix on a real homeserver. */
import { createHttpGate } from "../http-gate.ts";
import type { MatrixUser, RoomEvent } from "../matrix-user.ts";
import { startSynapse, type Synapse } from "../synapse.ts";
import { ADA, GRACE, type Network, type Said } from "./network.ts";

export interface MatrixNetwork extends Network {
  readonly synapse: Synapse;
  readonly bot: MatrixUser;
  readonly room: string;
  readonly people: Readonly<Record<string, { readonly user: MatrixUser; readonly direct: string }>>;
}

export async function matrixNetwork(): Promise<MatrixNetwork> {
  const synapse = await startSynapse();
  const gate = await createHttpGate(synapse.url);
  const bot = await synapse.user("skein");
  const ada = await synapse.user(ADA);
  const grace = await synapse.user(GRACE);
  const room = await ada.createRoom({ name: "project" });
  for (const one of [bot, grace]) {
    await ada.invite(room, one.id);
    await one.join(room);
  }
  const withDirect = async (user: MatrixUser): Promise<{ readonly user: MatrixUser; readonly direct: string }> => {
    const direct = await user.createRoom({ is_direct: true, invite: [bot.id] });
    await bot.join(direct);
    return { user, direct };
  };
  const people: MatrixNetwork["people"] = { [ADA]: await withDirect(ada), [GRACE]: await withDirect(grace) };
  const person = (name: string): { readonly user: MatrixUser; readonly direct: string } => {
    const found = people[name];
    if (found === undefined) throw new Error(`there is nobody called ${name} on Matrix`);
    return found;
  };
  return {
    synapse,
    bot,
    room,
    people,
    account: "matrix/main",
    prefix: "!skein ",
    transport: {
      kind: "matrix",
      rooms: [{ id: room, role: "operator", notices: "stages" }],
      settings: { homeserver: gate.url },
      secrets: { accessToken: { env: "MATRIX_TOKEN" } },
    },
    env: { MATRIX_TOKEN: bot.token },
    serve: () => undefined,
    say: async (text, from = ADA) => void (await person(from).user.say(room, text)),
    sayDirect: async (text, from = ADA) => void (await person(from).user.say(person(from).direct, text)),
    said: async () => {
      const timelines = [await ada.timeline(room)];
      for (const { user, direct } of Object.values(people)) timelines.push(await user.timeline(direct));
      return timelines.flatMap((events) => saidIn(events, bot.id));
    },
    hang: (what) => {
      gate.judge = ({ path }) => (what === "everything" || path.includes("/send/m.room.message/") ? "hang" : "pass");
    },
    hanging: () => gate.hanging(),
    refuse: async () => {
      await gate.shut();
    },
    release: async () => {
      await gate.open();
    },
    close: async () => {
      await gate.close();
      await synapse.dispose();
    },
  };
}

interface Content {
  readonly body?: string;
  readonly "m.new_content"?: { readonly body?: string };
  readonly "m.relates_to"?: { readonly rel_type?: string; readonly event_id?: string };
}

/** Messages with their edits in their place. */
function saidIn(events: readonly RoomEvent[], bot: string): readonly Said[] {
  const found = new Map<string, Said>();
  for (const { event_id: id, type, sender, content } of events) {
    if (sender !== bot || type !== "m.room.message") continue;
    const { body = "", "m.new_content": changed, "m.relates_to": relation } = content as Content;
    const raw = JSON.stringify(content);
    const old = relation?.rel_type === "m.replace" ? found.get(relation.event_id ?? "") : undefined;
    if (old === undefined) found.set(id, { id, text: body, raw });
    else found.set(old.id, { id: old.id, text: changed?.body ?? "", raw: `${old.raw}\n${raw}` });
  }
  return [...found.values()];
}
