export type * from "./ports.ts";
export type * from "./api.ts";
