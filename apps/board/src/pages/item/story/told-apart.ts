/** Names and colours of those who write here too, so that no two of them look alike: one member may sit at two browsers. */
import { plainText } from "../../../text.ts";
import type { Other } from "./story-wire.ts";

/** Somebody as they are shown. */
export interface Shown extends Other {
  /** One of so many, by number; two have the same only when there are more than that. */
  readonly colour: number;
}

/** Of a long name this much at either end: behind the name stands the node, which the name itself must not hide. */
const END_LENGTH = 12;

/** By the order of their clients, which is the same for everybody and changes with nobody's caret. */
export function toldApart(others: ReadonlyMap<number, Other>, colours: number): ReadonlyMap<number, Shown> {
  const taken = new Set<number>();
  const names = new Set<string>();
  const shown = new Map<number, Shown>();
  for (const [client, other] of [...others].toSorted(([a], [b]) => a - b)) {
    const name = freeName(bothEnds(plainText(other.name)), names);
    names.add(name);
    const colour = freeColour(client, taken, colours);
    taken.add(colour);
    shown.set(client, { ...other, name, colour });
  }
  return shown;
}

function bothEnds(name: string): string {
  const signs = Array.from(name);
  if (signs.length <= 2 * END_LENGTH) return name;
  return `${signs.slice(0, END_LENGTH).join("")}…${signs.slice(-END_LENGTH).join("")}`;
}

/** With a number where somebody has it already, whatever others call themselves. */
function freeName(name: string, taken: ReadonlySet<string>): string {
  let free = name;
  for (let time = 2; taken.has(free); time++) free = `${name} (${time})`;
  return free;
}

/** Its own, so that most keep theirs while others come and go; the next free one when that is taken. */
function freeColour(client: number, taken: ReadonlySet<number>, colours: number): number {
  for (let step = 0; step < colours; step++) {
    const colour = (client + step) % colours;
    if (!taken.has(colour)) return colour;
  }
  return client % colours;
}
