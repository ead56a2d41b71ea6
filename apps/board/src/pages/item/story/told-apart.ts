/** Names and colours of those who write here too, so that no two of them look alike: one member may sit at two browsers. */
import { plainText, shorten } from "../../../text.ts";
import type { Other } from "./story-wire.ts";

/** Somebody as they are shown. */
export interface Shown extends Other {
  /** One of so many, by number; two have the same only when there are more than that. */
  readonly colour: number;
}

const NAME_LENGTH = 24;

/** By the order of their clients, which is the same for everybody and changes with nobody's caret. */
export function toldApart(others: ReadonlyMap<number, Other>, colours: number): ReadonlyMap<number, Shown> {
  const taken = new Set<number>();
  const times = new Map<string, number>();
  const shown = new Map<number, Shown>();
  for (const [client, other] of [...others].toSorted(([a], [b]) => a - b)) {
    const name = shorten(plainText(other.name), NAME_LENGTH);
    const time = (times.get(name) ?? 0) + 1;
    times.set(name, time);
    const colour = freeColour(client, taken, colours);
    taken.add(colour);
    shown.set(client, { ...other, name: time === 1 ? name : `${name} (${time})`, colour });
  }
  return shown;
}

/** Its own, so that most keep theirs while others come and go; the next free one when that is taken. */
function freeColour(client: number, taken: ReadonlySet<number>, colours: number): number {
  for (let step = 0; step < colours; step++) {
    const colour = (client + step) % colours;
    if (!taken.has(colour)) return colour;
  }
  return client % colours;
}
