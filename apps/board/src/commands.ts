/**
 * Every command that the page sends. A session takes no other, and test/e2e/board-keyboard.test.ts sends each of them by keys
 * alone: what is added here needs its way by keyboard there.
 */
import type { CommandName } from "@skein/core";

export const PAGE_COMMANDS = [
  "doctor.seen",
  "item.add",
  "item.answer",
  "item.approve",
  "item.archive",
  "item.comment",
  "item.delete",
  "item.edit",
  "item.hold",
  "item.move",
  "item.note",
  "item.reject",
  "item.restore",
  "item.start",
  "member.invite",
  "member.remove",
  "member.rotate",
  "mesh.unfreeze",
  "node.drain",
  "node.undrain",
  "project.begin",
  "project.look",
  "project.practice",
  "queue.pause",
  "queue.resume",
] as const satisfies readonly CommandName[];

export type PageCommand = (typeof PAGE_COMMANDS)[number];
