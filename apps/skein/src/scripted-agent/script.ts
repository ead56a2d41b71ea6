/**
 * Reads a story's script: the `skein` and `diff` blocks that are for this attempt. Everything is checked before the first
 * step runs, and every complaint names the line of the story. main.ts describes the format.
 */
import { err, ok, type Result } from "@skein/core";
import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Document } from "yaml";
import { findFences, type Fence } from "./fence.ts";
import { parseStep, type Step } from "./step.ts";

export type Block =
  | { readonly type: "steps"; readonly steps: readonly Step[] }
  | { readonly type: "diff"; readonly patch: string; readonly line: number };

export interface Script {
  /** The blocks for this attempt, from top to bottom. */
  readonly blocks: readonly Block[];
  /** The story has blocks, though maybe none for this attempt. */
  readonly hasBlocks: boolean;
}

export function parseScript(story: string, attempt: number): Result<Script, string> {
  const fences = findFences(story).filter((fence) => /^(?:skein|diff)(?:\s|$)/.test(fence.info));
  const blocks: Block[] = [];
  for (const fence of fences) {
    const block = parseFence(fence, attempt);
    if (!block.ok) return block;
    if (block.value !== undefined) blocks.push(block.value);
  }
  return ok({ blocks, hasBlocks: fences.length > 0 });
}

/** A block that is for another attempt gives undefined, but it is checked like the others. */
function parseFence(fence: Fence, attempt: number): Result<Block | undefined, string> {
  const [language, ...words] = fence.info.split(/\s+/);
  if (!fence.closed) {
    return err(
      `Line ${fence.line}: this ${language} block has no end. Close it with the same fence on a line of its own.`,
    );
  }
  const filter = parseFilter(words, fence.line);
  if (!filter.ok) return filter;
  const block = language === "diff" ? ok(diffBlock(fence)) : parseSteps(fence);
  if (!block.ok) return block;
  return ok(filter.value(attempt) ? block.value : undefined);
}

function parseFilter(words: readonly string[], line: number): Result<(attempt: number) => boolean, string> {
  const [word, ...more] = words;
  if (word === undefined) return ok(() => true);
  const match = /^attempt=([1-9]\d{0,8})(\+?)$/.exec(word);
  if (match === null || more.length > 0) {
    return err(
      `Line ${line}: ${JSON.stringify(words.join(" "))} is not a filter. Write attempt=1 or attempt=2+, or nothing.`,
    );
  }
  const first = Number(match[1]);
  return ok(match[2] === "+" ? (attempt) => attempt >= first : (attempt) => attempt === first);
}

function diffBlock(fence: Fence): Block {
  return { type: "diff", patch: fence.text, line: fence.line };
}

function parseSteps(fence: Fence): Result<Block, string> {
  const counter = new LineCounter();
  const document: Document = parseDocument(fence.text, {
    lineCounter: counter,
    prettyErrors: false,
    logLevel: "error",
  });
  const lineAt = (offset: number | undefined): number =>
    fence.line + (offset === undefined ? 1 : counter.linePos(offset).line);
  const [broken] = document.errors;
  if (broken !== undefined) return err(`Line ${lineAt(broken.pos[0])}: this is not YAML. ${broken.message}`);

  const list = document.contents;
  if (list === null || (isScalar(list) && list.value === null)) return ok({ type: "steps", steps: [] });
  if (!isSeq(list))
    return err(`Line ${lineAt(list.range?.[0])}: a skein block is a list of steps. Begin each with "- ".`);
  const steps: Step[] = [];
  for (const node of list.items) {
    const hasRange = isMap(node) || isScalar(node) || isSeq(node);
    const step = parseStep(node);
    if (!step.ok) return err(`Line ${lineAt(hasRange ? node.range?.[0] : list.range?.[0])}: ${step.error}`);
    steps.push(step.value);
  }
  return ok({ type: "steps", steps });
}
