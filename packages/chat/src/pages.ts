/** What the mesh says about itself in a room: help, and who somebody is. */
import { type Body, code, plain, type Span, strong, usageOf, VERBS, verbOf } from "@skein/core";

import type { AccountSettings } from "./account.ts";
import type { Authority } from "./authority.ts";

export function helpPage(name: string | undefined, account: AccountSettings): Body {
  const verb = name === undefined ? undefined : verbOf(name.toLowerCase());
  if (verb !== undefined) {
    const also = verb.names.slice(1);
    return [code(usageOf(verb)), plain(`\n${verb.summary}.${also.length === 0 ? "" : ` Also: ${also.join(", ")}.`}`)];
  }
  const lines = VERBS.flatMap((one): readonly Span[] => [plain("\n"), code(usageOf(one)), plain(`  ${one.summary}`)]);
  const [prefix] = account.prefixes;
  const how = prefix === undefined ? "Mention me" : `Mention me, or begin with ${prefix}`;
  return [
    plain(`${how}; in a direct message and in an item's thread just say it. In a thread `),
    code("#id"),
    plain(" is the thread's item."),
    ...lines,
  ];
}

export function whoPage(principal: string, { person, role }: Authority): Body {
  if (person === undefined) return [plain("You are "), code(principal), plain(`, a guest here: ${role ?? "nothing"}.`)];
  return [
    plain("You are "),
    strong(person.name),
    plain(`, ${role ?? "nothing"} here, as `),
    code(principal),
    plain("."),
  ];
}
