/**
 * Fields beside the stage: last-writer-wins registers, one per field, by (Lamport, author, id). The story and the
 * criteria are two of them, until they are edited: then each one's story says what it is (story/story.ts).
 */
import type { CreateBody, ItemType, RegisterBody } from "../op/bodies.ts";
import type { StoryField } from "../op/story-body.ts";
import { compareStamp, type Place } from "../op/stamp.ts";
import type { Story } from "../story/story.ts";

export type RegisterField = RegisterBody["field"];

/** Who wrote a register last: a change of the field, or a birth of the item. */
interface Writing extends Place {
  readonly isBirth: boolean;
}

export type Register<F extends RegisterField> = Writing & {
  readonly value: Extract<RegisterBody, { field: F }>["value"];
};

/** Every item has every register from its creation on. The type is set at birth and never again. */
export type Registers = { readonly [F in RegisterField]: Register<F> } & {
  readonly type: Writing & { readonly value: ItemType };
};

/**
 * A birth is before every change, whatever its stamp: an item that a timer brings about may be born twice, on nodes that do
 * not hear each other, and the late birth must not undo what somebody has changed meanwhile.
 */
const compareWriting = (a: Writing, b: Writing): number => Number(b.isBirth) - Number(a.isBirth) || compareStamp(a, b);

export function newRegisters(body: CreateBody, { lamport, author, id }: Place): Registers {
  const stamp = { lamport, author, id, isBirth: true };
  return {
    title: { ...stamp, value: body.title },
    text: { ...stamp, value: body.text },
    criteria: { ...stamp, value: "" },
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

/** A text of an item that was written more than once, or edited; it is read when somebody asks for it. */
export function storyRegister(story: Story): Register<StoryField> {
  const {
    place: { lamport, author, id },
    isBirth,
  } = story;
  return {
    lamport,
    author,
    id,
    isBirth,
    get value() {
      return story.text();
    },
  };
}

/** Keeps whichever write is later; the same from any order of writes. */
export function writeRegister(registers: Registers, write: RegisterBody, { lamport, author, id }: Place): Registers {
  const stamp = { lamport, author, id, isBirth: false };
  if (compareWriting(stamp, registers[write.field]) <= 0) return registers;
  return { ...registers, [write.field]: { ...stamp, value: write.value } };
}

/** Two births of one item: each field keeps the later of both. */
export function mergeRegisters(a: Registers, b: Registers): Registers {
  const later = <F extends keyof Registers>(field: F): Registers[F] =>
    compareWriting(a[field], b[field]) >= 0 ? a[field] : b[field];
  return {
    title: later("title"),
    text: later("text"),
    criteria: later("criteria"),
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
