/** Some nodes with one account each of the same platform, ticking once a second as the engine does. */
import { testCrypto } from "@skein/core/testing";

import type { AccountSettings } from "../account.ts";
import { createSession, type Session } from "../session.ts";
import type { Interpret } from "../interpreter.ts";
import type { Capabilities, InboundEvent } from "../transport.ts";
import { createMeshDouble, type DeskDouble, type MeshDouble } from "./desk-double.ts";
import { accountOf, addItem, commandId, pair } from "./rooms.ts";
import {
  createPlatformDouble,
  createTransportDouble,
  type PlatformDouble,
  type TransportDouble,
} from "./transport-double.ts";

export const ITEM = "0123456789ab";

export interface Place {
  readonly desk: DeskDouble;
  readonly transport: TransportDouble;
  readonly session: Session;
  readonly faults: string[];
  /** The process is gone: nothing of it runs any more. */
  kill(): void;
}

export interface Stand {
  readonly mesh: MeshDouble;
  readonly platform: PlatformDouble;
  readonly places: readonly Place[];
}

export function stand(
  names: readonly string[],
  more: Partial<AccountSettings> = {},
  caps: Partial<Capabilities> = {},
  interpreter: () => Interpret | undefined = () => undefined,
): Stand {
  const mesh = createMeshDouble();
  const platform = createPlatformDouble(caps);
  const account = accountOf(more);
  const desks = names.map((name) => mesh.desk(name));
  pair(mesh, "ada", "fake:ada");
  addItem(mesh, ITEM, "Say hello");
  const places = desks.map((desk): Place => {
    const transport = createTransportDouble("fake", "main", platform);
    const faults: string[] = [];
    const memberNamed = (name: string): string | undefined =>
      [...mesh.view().membership.members.values()].find((member) => member.name === name)?.id;
    const session = createSession({
      account,
      transport,
      desk,
      clock: mesh.clock,
      crypto: testCrypto,
      log: (level, event, fields) =>
        void (level === "error" ? faults.push(`${event} ${String(fields?.["message"])}`) : 0),
      memberNamed,
      interpreter,
    });
    let isGone = false;
    const tick = (): void => {
      if (isGone) return;
      const cursor = session.cursor();
      desk.announce(cursor === undefined ? {} : { [account.id]: cursor });
      session.tick();
      mesh.clock.after(1_000, tick);
    };
    desk.onCommitted(({ items }) => {
      if (!isGone) session.changed(items);
    });
    mesh.clock.after(0, tick);
    const kill = (): void => {
      isGone = true;
      desk.die();
    };
    return { desk, transport, session, faults, kill };
  });
  return { mesh, platform, places };
}

export const speakerOf = ({ places }: Stand): Place => {
  const [one, ...others] = places.filter(({ session }) => ["speaks", "connects"].includes(session.state().state));
  if (one === undefined || others.length > 0) throw new Error(`${others.length + Number(one !== undefined)} speak`);
  return one;
};
export const otherThan = ({ places }: Stand, not: Place): Place => {
  const found = places.find((one) => one !== not);
  if (found === undefined) throw new Error("there is no other");
  return found;
};

export async function hear(of: Stand, event: InboundEvent, by: Place = speakerOf(of)): Promise<boolean> {
  const received = by.transport.ingress().receive([event]);
  await of.mesh.clock.rest();
  return (await received).ok;
}

export const textsOf = ({ platform }: Stand): readonly string[] => platform.posted.map(({ text }) => text);
export const stageOf = ({ mesh }: Stand): string | undefined => mesh.view().items.get(ITEM)?.best?.state.stage.stage;
export const settledAs = ({ mesh }: Stand, event: InboundEvent): string | undefined =>
  mesh.view().chat.commands.get(commandId(event))?.settled?.outcome;

/** Past hearing, claiming and the wait for a rank. */
export const SETTLED_MS = 12_000;
export const TAKEN_OVER_MS = 45_000;
