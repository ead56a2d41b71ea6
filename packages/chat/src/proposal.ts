/**
 * What a "yes" runs, kept in the log with the question. As fields and not as a line: a line would be parsed a second time, and
 * what somebody wrote into a title could then mean something else.
 */
import { LIMITS, type Role, ROLES, type Verb, verbOf } from "@skein/core";
import { z } from "zod";

export interface Proposal {
  readonly verb: Verb;
  readonly input: Readonly<Record<string, unknown>>;
  /** What it needed where it was asked for; it needs no less where it is confirmed. */
  readonly role: Role;
  /** Somebody else than the asker has to confirm it. */
  readonly byOthers: boolean;
  /** Of what is confirmed by others: the ops that its title and its story come from. */
  readonly story?: string | undefined;
}

const proposal = z.strictObject({
  verb: z.string(),
  input: z.record(z.string(), z.union([z.string(), z.literal(true), z.literal(false)])),
  role: z.enum(ROLES),
  byOthers: z.boolean(),
  story: z.string().optional(),
});

/** Undefined when it is too long to be kept. */
export function writeProposal({ verb, ...rest }: Proposal): string | undefined {
  const text = JSON.stringify({ verb: verb.names[0], ...rest });
  return text.length > LIMITS.chatTextLength ? undefined : text;
}

/** Undefined when it is none that this version knows. */
export function readProposal(text: string): Proposal | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const read = proposal.safeParse(value);
  const verb = read.success ? verbOf(read.data.verb) : undefined;
  return !read.success || verb === undefined ? undefined : { ...read.data, verb };
}
