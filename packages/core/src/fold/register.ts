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

export const newRegisters = (body: CreateBody, { lamport, author, id }: Stamp): Registers => ({
  title: { lamport, author, id, value: body.title },
  text: { lamport, author, id, value: body.text },
  priority: { lamport, author, id, value: body.priority },
  labels: { lamport, author, id, value: body.labels },
  dependsOn: { lamport, author, id, value: body.dependsOn },
  hold: { lamport, author, id, value: "" },
  parent: { lamport, author, id, value: "" },
  type: { lamport, author, id, value: body.type },
});

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
    parent: later("parent"),
    type: later("type"),
  };
}
