/** Reads a JSON request body within limits. Its size is judged before and while it arrives, its shape before it is used. */
import { err, ok, type Result } from "@skein/core";
import type { IncomingMessage } from "node:http";
import { HTTP_LIMITS } from "./limits.ts";

export interface BodyRefusal {
  readonly status: 400 | 413 | 415;
  readonly code: "bad-input" | "too-large" | "wrong-type";
  readonly message: string;
}

/** Refused when it is longer than `maxBytes`. */
export async function readJsonBody(request: IncomingMessage, maxBytes: number): Promise<Result<unknown, BodyRefusal>> {
  const wrongType = refuseType(request);
  if (wrongType !== undefined) return err(wrongType);
  if (Number(request.headers["content-length"] ?? 0) > maxBytes) return err(tooLarge(maxBytes));
  const bytes = await collect(request, maxBytes);
  return bytes.ok ? parseJsonBody(bytes.value) : bytes;
}

/** Text that is JSON, not nested too deeply, with no more values than a command needs and no key that changes prototypes. */
function parseJsonBody(bytes: Uint8Array): Result<unknown, BodyRefusal> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return err(badInput('The body is not JSON in UTF-8. Send an object such as {"name": "item.list", "input": {}}.'));
  }
  const problem = shapeProblem(value);
  return problem === undefined ? ok(value) : err(badInput(problem));
}

const badInput = (message: string): BodyRefusal => ({ status: 400, code: "bad-input", message });

const tooLarge = (maxBytes: number): BodyRefusal => ({
  status: 413,
  code: "too-large",
  message: `The body is larger than ${maxBytes / 1024} KiB, so it was not read. Send less text.`,
});

function refuseType(request: IncomingMessage): BodyRefusal | undefined {
  const type = (request.headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase();
  const encoding = request.headers["content-encoding"]?.toLowerCase() ?? "identity";
  if (type === "application/json" && encoding === "identity") return undefined;
  return {
    status: 415,
    code: "wrong-type",
    message: "The body must be plain JSON: send it with Content-Type: application/json and without an encoding.",
  };
}

function collect(request: IncomingMessage, maxBytes: number): Promise<Result<Uint8Array, BodyRefusal>> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBytes) {
        request.pause();
        resolve(err(tooLarge(maxBytes)));
        return;
      }
      chunks.push(chunk);
    });
    request.on("end", () => resolve(ok(Buffer.concat(chunks))));
    const brokenOff = (): void => resolve(err(badInput("The connection broke off before the whole body was there.")));
    request.on("error", brokenOff);
    request.on("close", brokenOff);
  });
}

/** Iterative, so that nesting cannot exhaust the stack. */
function shapeProblem(root: unknown): string | undefined {
  const open: { readonly value: unknown; readonly depth: number }[] = [{ value: root, depth: 1 }];
  let values = 0;
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, depth } = next;
    values += 1;
    if (values > HTTP_LIMITS.bodyValues) return `The body holds more than ${HTTP_LIMITS.bodyValues} values. Send less.`;
    if (typeof value !== "object" || value === null) continue;
    if (depth > HTTP_LIMITS.bodyDepth)
      return `The body is nested deeper than ${HTTP_LIMITS.bodyDepth} levels. Flatten it.`;
    if (Object.hasOwn(value, "__proto__")) return "The body has a key named __proto__, which no command takes.";
    for (const child of Object.values(value)) open.push({ value: child, depth: depth + 1 });
  }
  return undefined;
}
