/** `skein demo`: a whole mesh on this machine. */
import type { Command } from "commander";

export function addDemoCommand(program: Command): void {
  program.command("demo").description("Run a mesh of three nodes on this machine and watch stories become commits");
}
