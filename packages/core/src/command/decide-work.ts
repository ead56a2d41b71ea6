/** Commands about who takes work: draining a node, and freezing the whole mesh. */
import { roleAtLeast } from "../member/role.ts";
import type { WorkMode } from "../op/bodies.ts";
import { badLine, type DecideContext, type Decided, fail, meshDraft } from "./deciding.ts";
import { findMember } from "./find-member.ts";
import type { Command } from "./parse.ts";
import { ok } from "../kernel/result.ts";

type Said<N extends Command["name"]> = Extract<Command, { readonly name: N }>;

export function drainNode(command: Said<"node.drain"> | Said<"node.undrain">, context: DecideContext): Decided {
  const { node } = command.input;
  const found = findMember(context.view, node ?? context.self);
  if (!found.ok) return found;
  const { id, name, cut } = found.value;
  if (cut !== null) return fail("not-legal", `${name} was removed from the mesh and takes no work anyway.`);
  if (id !== context.self && !roleAtLeast(context.role, "operator")) {
    return fail("not-allowed", `This node is ${context.role} and says only of itself whether it takes work.`);
  }
  const isDrained = (context.view.membership.work.get(id)?.mode ?? "open") !== "open";
  if (command.name === "node.undrain" && !isDrained) return fail("not-legal", `${name} takes work already.`);
  return command.name === "node.drain" ? set(id, modeOf(command.input), command.input.reason) : set(id, "open", "");
}

export function freezeMesh(command: Said<"mesh.freeze"> | Said<"mesh.unfreeze">, { view }: DecideContext): Decided {
  if (command.name === "mesh.freeze") return set("", modeOf(command.input), command.input.reason);
  const isFrozen = (view.membership.work.get("")?.mode ?? "open") !== "open";
  return isFrozen ? set("", "open", "") : fail("not-legal", "The mesh is not frozen.");
}

const modeOf = ({ now }: { readonly now: boolean }): WorkMode => (now ? "leaving" : "draining");

function set(member: string, mode: WorkMode, note: string): Decided {
  const problem = badLine(note);
  if (problem !== undefined) return fail("bad-input", problem);
  return ok(meshDraft({ kind: "work.set", member, mode, note }));
}
