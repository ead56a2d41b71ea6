/** Reads `skein.yaml`: text in, configuration or located problems out. Never throws, whatever the text is. */
import { err, type Result } from "@skein/core";
import { readDocument, type LocatedProblem, type PlainDocument } from "./document.ts";
import type { ProjectConfig } from "./project-config.ts";
import { configError, keyText, type ConfigError, type ConfigProblem, type KeyPath } from "./problem.ts";
import type { SchemaIssue } from "./schema-issue.ts";
import { checkProjectConfig } from "./schema.ts";
import { createPositionFinder } from "./text-position.ts";

/** `fileName` is only repeated in problems; nothing is opened. */
export function parseProjectConfig(text: string, fileName: string): Result<ProjectConfig, ConfigError> {
  const plainText = text.startsWith("\uFEFF") ? text.slice(1) : text;
  const parsed = parseText(plainText);
  if (parsed.ok) return parsed;
  const positionOf = createPositionFinder(plainText);
  const toProblem = (problem: LocatedProblem): ConfigProblem => ({
    file: fileName,
    ...positionOf(problem.offset),
    key: keyText(problem.path),
    message: sentence(problem),
  });
  return err(configError(parsed.error.map(toProblem)));
}

function parseText(text: string): Result<ProjectConfig, readonly LocatedProblem[]> {
  const document = readDocument(text);
  if (!document.ok) return document;
  const { value } = document.value;
  if (value === null) {
    return err([{ offset: 0, path: ["project"], message: "is missing, the file is empty; write project: and a name" }]);
  }
  if (typeof value !== "object" || Array.isArray(value)) {
    const message = "This file must be a map of keys and values, for example project: demo";
    return err([{ offset: 0, path: [], message, whole: true }]);
  }
  return checkDocument(document.value);
}

function checkDocument({ value, problems, offsets }: PlainDocument): Result<ProjectConfig, readonly LocatedProblem[]> {
  const checked = checkProjectConfig(value);
  if (checked.ok && problems.length === 0) return checked;
  const found = checked.ok ? [] : checked.error;
  const locate = ({ path, aboutKey, message }: SchemaIssue): LocatedProblem => ({
    offset: aboutKey ? offsets.keyAt(path) : offsets.valueAt(path),
    path,
    message,
  });
  const news = found.filter(
    (issue) => !problems.some(({ path, final }) => final === true && isWithin(issue.path, path)),
  );
  return err([...problems, ...news.map(locate)]);
}

function isWithin(path: KeyPath, ancestor: KeyPath): boolean {
  return ancestor.every((part, index) => path[index] === part);
}

function sentence({ path, message, whole }: LocatedProblem): string {
  const text = whole === true ? message : `${keyText(path)} ${message}`;
  return /[.?!]$/.test(text) ? text : `${text}.`;
}
