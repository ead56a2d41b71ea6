/** A repository that could be the project, and what became of it, as people read them in a terminal. */
import type { Json } from "@skein/node";

import { fields, text } from "./present-parts.ts";

export function foundProjectPage(value: Json): string {
  const found = fields(value);
  const said = (name: string): string => text(found[name]);
  const gate = each(found["gate"])
    .map((argv) => each(argv).map(text).join(" "))
    .join(", ");
  const config = found["hasConfig"] === true ? "there is one, which counts as it is" : "would be written";
  return [
    `${said("name")}  ${said("path")}`,
    `Lands on:   ${said("base")} of ${said("landsIn") === "" ? said("remote") : said("landsIn")}`,
    `Gate:       ${gate === "" ? "none" : gate} (${said("gateBecause")})`,
    `Agent:      ${said("agent")}`,
    `Sandbox:    ${said("sandbox")}${said("sandboxBecause") === "" ? "" : ` (${said("sandboxBecause")})`}`,
    `skein.yaml: ${config}`,
    said("obstacle") === "" ? "`skein project begin PATH` makes it the project." : `Not yet: ${said("obstacle")}`,
  ].join("\n");
}

export function begunProjectLines(value: Json): string {
  const begun = fields(value);
  const said = (name: string): string => text(begun[name]);
  const lines = [`Project ${said("name")} lands on ${said("base")} of ${said("remote")}.`];
  if (begun["wrote"] === true) {
    lines.push(
      `Wrote skein.yaml in ${said("path")}: read it, and commit it when it is right. It counts once it is on the target branch.`,
    );
  }
  return lines.join("\n");
}

const each = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);
