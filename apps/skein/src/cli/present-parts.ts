/** Pieces of answers, as text for a terminal. What came from other people or machines is printed as data. */
import type { Json } from "@skein/node";

import { printable } from "../log-output.ts";

export type Fields = { readonly [key: string]: Json };

export const fields = (value: Json | undefined): Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};

export const rows = (value: Json | undefined): readonly Fields[] => (Array.isArray(value) ? value.map(fields) : []);

export const text = (value: Json | undefined): string =>
  value === undefined || value === null ? "" : printable(typeof value === "string" ? value : JSON.stringify(value));

export const whenOf = (value: Json | undefined): string => new Date(Number(value)).toISOString().slice(0, 19);

export const list = (value: Json | undefined): string =>
  Array.isArray(value) ? value.map((one: Json) => text(one)).join(", ") : "";
