/**
 * Names for the commands of common agents. docs/agents.md says where each command was read, and that none of them was run
 * here: they need an account. A preset is its command and nothing else: no key, no variable, no model.
 */
import type { Argv } from "./project-config.ts";

/** Agents that speak the Agent Client Protocol on standard input and output. */
export const ACP_PRESETS: ReadonlyMap<string, Argv> = new Map<string, Argv>([
  ["claude-code", ["claude-agent-acp"]],
  ["codex", ["codex-acp"]],
  ["copilot", ["copilot", "--acp"]],
  ["gemini", ["gemini", "--acp"]],
  ["goose", ["goose", "acp"]],
  ["opencode", ["opencode", "acp"]],
  ["qwen-code", ["qwen", "--acp"]],
]);

/** Agents that read the story from standard input and never ask: whatever they want to do, they do. */
export const COMMAND_PRESETS: ReadonlyMap<string, Argv> = new Map<string, Argv>([
  ["claude-code", ["claude", "-p", "--dangerously-skip-permissions"]],
  ["codex", ["codex", "exec", "--sandbox", "danger-full-access", "-"]],
  ["gemini", ["gemini", "--approval-mode=yolo"]],
]);
