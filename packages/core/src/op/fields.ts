/** Checks of single fields of an op's body. Each returns the typed value, or undefined when it is not one. */
import { LIMITS } from "./limits.ts";
import { isBytes, isMap } from "./op.ts";
import type { Value } from "./codec.ts";

export type Check<T> = (value: Value | undefined) => T | undefined;

/** Text of one line: no control characters, so it can be shown, logged and put into a commit subject. */
export const line =
  (maxLength: number): Check<string> =>
  (value) =>
    // oxlint-disable-next-line no-control-regex -- control characters are what this refuses
    typeof value === "string" && value.length <= maxLength && !/[\u0000-\u001f\u007f\u2028\u2029]/.test(value)
      ? value
      : undefined;

const filled =
  (check: Check<string>): Check<string> =>
  (value) => {
    const text = check(value);
    return text === undefined || text.trim() === "" ? undefined : text;
  };

export const text =
  (maxLength: number): Check<string> =>
  (value) =>
    typeof value === "string" && value.length <= maxLength && !value.includes("\0") ? value : undefined;

export const matching =
  (pattern: RegExp): Check<string> =>
  (value) =>
    typeof value === "string" && pattern.test(value) ? value : undefined;

export const integer =
  (min: number, max: number): Check<number> =>
  (value) =>
    typeof value === "number" && value >= min && value <= max ? value : undefined;

export const boolean: Check<boolean> = (value) => (typeof value === "boolean" ? value : undefined);

export const bytes =
  (length: number): Check<Uint8Array> =>
  (value) =>
    isBytes(value) && value.length === length ? value.slice() : undefined;

export const someBytes =
  (maxLength: number): Check<Uint8Array> =>
  (value) =>
    isBytes(value) && value.length <= maxLength ? value.slice() : undefined;

export const oneOf =
  <T extends string>(options: readonly T[]): Check<T> =>
  (value) =>
    options.find((option) => option === value);

export const list =
  <T>(element: Check<T>, maxLength: number): Check<readonly T[]> =>
  (value) => {
    if (!Array.isArray(value) || value.length > maxLength) return undefined;
    const checked: T[] = [];
    for (const entry of value as readonly Value[]) {
      const one = element(entry);
      if (one === undefined) return undefined;
      checked.push(one);
    }
    return checked;
  };

/** A map with text keys that match `keys`. */
export const mapOf =
  <T>(keys: RegExp, element: Check<T>, maxEntries: number): Check<ReadonlyMap<string, T>> =>
  (value) => {
    if (!isMap(value)) return undefined;
    const entries = Object.entries(value);
    if (entries.length > maxEntries) return undefined;
    const checked = new Map<string, T>();
    for (const [key, entry] of entries) {
      const one = element(entry);
      if (one === undefined || !keys.test(key)) return undefined;
      checked.set(key, one);
    }
    return checked;
  };

type Shape = { readonly [key: string]: Check<unknown> };

type Checked<S extends Shape> = { readonly [K in keyof S]: Exclude<ReturnType<S[K]>, undefined> };

/** Exactly these fields, each valid. */
export const record =
  <S extends Shape>(shape: S): Check<Checked<S>> =>
  (value) => {
    if (!isMap(value)) return undefined;
    const names = Object.keys(shape);
    if (Object.keys(value).length !== names.length) return undefined;
    const checked: Record<string, unknown> = {};
    for (const name of names) {
      const field = shape[name]?.(Object.hasOwn(value, name) ? value[name] : undefined);
      if (field === undefined) return undefined;
      checked[name] = field;
    }
    // Every field of the shape was checked by the function whose type names it.
    return checked as Checked<S>;
  };

/** These fields, and any of the others: an op of before they were thought of has none of them. */
export const recordWith =
  <S extends Shape, O extends Shape>(shape: S, others: O): Check<Checked<S> & Partial<Checked<O>>> =>
  (value) => {
    if (!isMap(value)) return undefined;
    const there = Object.entries(others).filter(([name]) => Object.hasOwn(value, name));
    // Each is checked by the function whose type names it, as in a record without others.
    return record({ ...shape, ...Object.fromEntries(there) })(value) as (Checked<S> & Partial<Checked<O>>) | undefined;
  };

export const OID: RegExp = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
export const ITEM_ID: RegExp = /^[0-9a-z]{12}$/;
export const BRANCH: RegExp = /^skein\/[0-9a-z]{12}\/[1-9][0-9]{0,9}$/;

export const titleField: Check<string> = filled(line(LIMITS.titleLength));
export const textField: Check<string> = text(LIMITS.textBytes);
export const noteField: Check<string> = text(LIMITS.noteLength);
export const nameField: Check<string> = filled(line(LIMITS.nameLength));
export const priorityField: Check<number> = integer(0, 9);
export const labelsField: Check<readonly string[]> = list(filled(line(LIMITS.labelLength)), LIMITS.labels);
export const dependsOnField: Check<readonly string[]> = list(matching(ITEM_ID), LIMITS.dependsOn);
const FILE_OR_DIRECTORY = /^(?:\*\*|[^*?]+(?:\/\*\*)?)$/;
/** A file, or a directory with all that is in it: what attempts tell costs nobody a search. */
export const touchedField: Check<readonly string[]> = list(
  (value) => (line(LIMITS.touchLength)(value) === undefined ? undefined : matching(FILE_OR_DIRECTORY)(value)),
  LIMITS.touches,
);
export const touchesField: Check<readonly string[]> = list(filled(line(LIMITS.touchLength)), LIMITS.touches);
export const holdField: Check<string> = line(LIMITS.titleLength);
