/** Which member a person means. */
import type { View } from "../fold/fold.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { keysOf, type Member } from "../member/membership.ts";
import type { CommandError } from "./error.ts";

/** By name, or by any key it ever had. */
export function findMember({ membership }: View, ref: string): Result<Member, CommandError> {
  const members = [...membership.members.values()];
  const keyed = (fits: (key: string) => boolean): readonly Member[] =>
    members.filter((member) => keysOf(membership, member.id).some(fits));
  const exact = [...members.filter((member) => member.name === ref), ...keyed((key) => key === ref)];
  const found = exact.length > 0 ? exact : keyed((key) => key.startsWith(ref));
  const [member] = found;
  if (member === undefined)
    return err({ code: "not-found", message: `There is no member ${ref}. \`skein members\` lists them.` });
  if (found.length > 1) {
    const keys = found.map((one) => `${one.name} (${one.key.slice(0, 12)})`).join(", ");
    return err({ code: "ambiguous", message: `${ref} may be ${keys}. Give more of the key.` });
  }
  return ok(member);
}
