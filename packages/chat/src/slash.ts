/** The verbs as platforms with slash commands want to know them beforehand. */
import { VERBS } from "@skein/core";

import type { SlashVerb } from "./transport.ts";

export const slashVerbs = (): readonly SlashVerb[] =>
  VERBS.map(({ names: [name = ""], summary, parameters }) => ({
    name,
    summary,
    parameters: parameters.map(({ field, kind, required }) => ({
      name: field,
      summary: field,
      kind: kind === "item" ? "item" : "text",
      required,
    })),
  }));
