/** Fields beside the stage: last-writer-wins registers, one per field, by (Lamport, author, id). */
import { compareText } from "../kernel/bytes.ts";
import type { CreateBody, ItemType, RegisterBody } from "../op/bodies.ts";

export interface Stamp {
  readonly lamport: number;
  readonly author: string;
  readonly id: string;
}

export type RegisterField = RegisterBody["field"];

export type Register<F extends RegisterField> = Stamp & {
  readonly value: Extract<RegisterBody, { field: F }>["value"];
};

/** Every item has every register from its creation on. The type is set at birth and never again. */
export type Registers = { readonly [F in RegisterField]: Register<F> } & {
  readonly type: Stamp & { readonly value: ItemType };
};

const compareStamp = (a: Stamp, b: Stamp): number =>
  a.lamport - b.lamport || compareText(a.author, b.author) || compareText(a.id, b.id);

/**
 * A birth is before every change, whatever its stamp: an item that a timer brings about may be born twice, on nodes that do
 * not hear each other, and the late birth must not undo what somebody has changed meanwhile.
 */
const BIRTH = 0;

export function newRegisters(body: CreateBody, { author, id }: Stamp): Registers {
  const stamp = { lamport: BIRTH, author, id };
  return {
    title: { ...stamp, value: body.title },
    text: { ...stamp, value: body.text },
    priority: { ...stamp, value: body.priority },
    labels: { ...stamp, value: body.labels },
    dependsOn: { ...stamp, value: body.dependsOn },
    hold: { ...stamp, value: "" },
    qa: { ...stamp, value: "" },
    touches: { ...stamp, value: [] },
    parent: { ...stamp, value: "" },
    type: { ...stamp, value: body.type },
  };
}

/** Keeps whichever write is later; the same from any order of writes. */
export function writeRegister(registers: Registers, write: RegisterBody, { lamport, author, id }: Stamp): Registers {
  const stamp = { lamport, author, id };
  if (compareStamp(stamp, registers[write.field]) <= 0) return registers;
  return { ...registers, [write.field]: { ...stamp, value: write.value } };
}

/** Two births of one item: each field keeps the later of both. */
export function mergeRegisters(a: Registers, b: Registers): Registers {
  const later = <F extends keyof Registers>(field: F): Registers[F] =>
    compareStamp(a[field], b[field]) >= 0 ? a[field] : b[field];
  return {
    title: later("title"),
    text: later("text"),
    priority: later("priority"),
    labels: later("labels"),
    dependsOn: later("dependsOn"),
    hold: later("hold"),
    qa: later("qa"),
    touches: later("touches"),
    parent: later("parent"),
    type: later("type"),
  };
}
