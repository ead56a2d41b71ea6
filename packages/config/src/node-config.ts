/**
 * `node.yaml` in a data directory: the settings of one node: its chat accounts, and what this machine gives to sandboxed
 * work. Secrets are never in it: each is named, with the environment variable or the file that holds it.
 */
import { didYouMean, err, isPageOrigin, ok, type Result, type Role, ROLES, verbOf, VERBS } from "@skein/core";
import * as z from "zod";

import { readDocument } from "./document.ts";
import { duration, hostPatterns, size } from "./field-kinds.ts";
import { configError, type ConfigError, type ConfigProblem, keyText, type KeyPath } from "./problem.ts";
import { createPositionFinder } from "./text-position.ts";

export type SecretSource = { readonly env: string } | { readonly file: string };

export interface RoomConfig {
  readonly id: string;
  readonly role: Role;
  readonly guests: Role | "none";
  readonly notices: "nothing" | "important" | "stages" | "everything";
}

export interface AccountConfig {
  readonly kind: string;
  readonly name: string;
  readonly enabled: boolean;
  readonly pin: string;
  readonly prefixes: readonly string[];
  readonly rooms: readonly RoomConfig[];
  readonly roles: Readonly<Record<string, Role>>;
  readonly fourEyes: readonly string[];
  readonly settings: unknown;
  readonly secrets: Readonly<Record<string, SecretSource>>;
}

/** How long the node that speaks for an account may be silent before another one takes over. */
interface LeaseConfig {
  readonly ttlMs: number;
}

/** A command that turns what people say in their own words into a line that they are asked about. */
export interface InterpreterConfig {
  readonly run: readonly [string, ...string[]];
  readonly timeoutMs: number;
  /** Environment variables of the node that it gets. */
  readonly env: readonly string[];
}

/** What the owner of this machine gives to sandboxes on it; a repository cannot ask for any of it. */
export interface SandboxOwnConfig {
  /** Absolute paths that may be read inside: toolchains. */
  readonly read: readonly string[];
  /** Absolute paths that may be written inside, by every attempt on this node. */
  readonly caches: readonly string[];
  /** Hosts that this machine lets anybody reach; undefined when it has no list of its own. */
  readonly network: { readonly allow: readonly string[] } | undefined;
}

/** What this node keeps of attempts: for how long, how much, and how many others shall keep what its own attempts leave. */
export interface ArtifactConfig {
  readonly copies: number;
  readonly keepMs: number;
  readonly bytes: number;
}

/** How this node's page is reached from other machines. */
interface HttpConfig {
  /** Files with the certificate chain and its key, in PEM; relative ones lie in the data directory. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  /** Serve beyond this machine without TLS. */
  readonly insecure: boolean;
  /** Names, with or without a port, by which browsers may call it beside its address. */
  readonly hosts: readonly string[];
  /** Origin (`https://host:port`) to tell the other nodes; undefined to tell none. */
  readonly advertise: string | undefined;
}

export interface NodeConfig {
  readonly http: HttpConfig;
  /** Undefined when the file does not say. */
  readonly artifacts: ArtifactConfig | undefined;
  readonly sandbox: SandboxOwnConfig;
  readonly interpreter: InterpreterConfig | undefined;
  readonly transports: readonly AccountConfig[];
  readonly lease: LeaseConfig;
}

const NO_HTTP: HttpConfig = { tls: undefined, insecure: false, hosts: [], advertise: undefined };

export const NO_NODE_CONFIG: NodeConfig = {
  http: NO_HTTP,
  artifacts: undefined,
  transports: [],
  lease: { ttlMs: 30_000 },
  interpreter: undefined,
  sandbox: { read: [], caches: [], network: undefined },
};

const id = z.string().min(1).max(300);
const role = z.enum(ROLES);

const room = z.strictObject({
  id,
  role: role.default("operator"),
  guests: z.enum([...ROLES, "none"]).default("none"),
  notices: z.enum(["nothing", "important", "stages", "everything"]).default("stages"),
});

const secret = z.union(
  [
    z.strictObject({
      env: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, "must be the name of an environment variable"),
    }),
    z.strictObject({ file: z.string().min(1).max(4_096) }),
  ],
  "says where the secret is, never the secret itself: write { env: NAME_OF_A_VARIABLE } or { file: PATH }",
);

/**
 * A verb by the name under which rules are kept. One that is misspelled would protect nothing, and nobody would notice.
 */
const verb = z.string().superRefine((name, context) => {
  const known = verbOf(name)?.names[0];
  if (known === name) return;
  const meant =
    known ??
    didYouMean(
      name,
      VERBS.flatMap(({ names }) => names.slice(0, 1)),
    );
  const hint = meant === undefined ? "`help` in a room lists them" : `write ${meant}`;
  context.addIssue({ code: "custom", message: `names no verb; ${hint}` });
});

const transport = z.strictObject({
  kind: z.string().regex(/^[a-z][a-z0-9-]{0,30}$/, "must be a kind like matrix, slack, discord, whatsapp or twilio"),
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, "must be lower-case letters, digits and dashes")
    .default("main"),
  enabled: z.boolean().default(true),
  pin: z.string().max(64).default(""),
  prefixes: z.array(z.string().min(1).max(32)).max(8).default(["!skein"]),
  rooms: z.array(room).max(256).default([]),
  roles: z.record(verb, role).default({}),
  fourEyes: z.array(verb).max(64).default([]),
  settings: z.record(z.string(), z.unknown()).default({}),
  secrets: z.record(z.string().max(64), secret).default({}),
});

/** Shorter than a few beats, a lease would change hands at every hiccup. */
const lease = z
  .strictObject({
    ttl: duration(
      { min: 3_000, max: 600_000 },
      "How long the node that speaks for an account may be silent before another takes over.",
    ).prefault("30s"),
  })
  .prefault({})
  .transform(({ ttl }): LeaseConfig => ({ ttlMs: ttl }));

const interpreter = z
  .strictObject({
    run: z.tuple([z.string().min(1).max(4_096)], z.string().max(4_096)),
    timeout: duration({ min: 1_000, max: 600_000 }, "How long it may take.").prefault("60s"),
    env: z
      .array(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/))
      .max(64)
      .default([]),
  })
  .transform(({ run, timeout, env }): InterpreterConfig => ({ run, timeoutMs: timeout, env }));

const PATHS_MAX = 64;

const hostPath = z
  .string()
  .max(4_096)
  .check(
    ({ value, issues }) =>
      void (
        isPlainPath(value) ||
        issues.push({ code: "custom", message: "must be an absolute path without . and .. in it", input: value })
      ),
  );

const isPlainPath = (path: string): boolean =>
  path.startsWith("/") &&
  !path.includes("\0") &&
  path
    .slice(1)
    .split("/")
    .every((part) => part !== "" && part !== "." && part !== "..");

const sandbox = z
  .strictObject({
    read: z.array(hostPath).max(PATHS_MAX).default([]),
    caches: z.array(hostPath).max(PATHS_MAX).default([]),
    network: z.strictObject({ allow: hostPatterns("Hosts that this machine lets sandboxed work reach.") }).optional(),
  })
  .prefault({})
  .transform((given): SandboxOwnConfig => ({ ...given, network: given.network }));

const HOUR = 3_600_000;

const artifacts = z
  .strictObject({
    copies: z.int().min(0).max(8).default(2),
    keep: duration({ min: HOUR, max: 3_650 * 24 * HOUR }, "How long what attempts left is kept here.").prefault("30d"),
    bytes: size({ min: 1024 ** 2, max: 1024 ** 4 }, "How much of it is kept here.").prefault("2GiB"),
  })
  .transform(({ copies, keep, bytes }): ArtifactConfig => ({ copies, keepMs: keep, bytes }));

const pemFile = z.string().min(1).max(4_096);

const http = z
  .strictObject({
    tls: z.strictObject({ cert: pemFile, key: pemFile }).optional(),
    insecure: z.boolean().default(false),
    hosts: z
      .array(
        z
          .string()
          .regex(/^[a-z0-9.-]{1,200}(?::[0-9]{1,5})?$/, "must be a host's name in lower case, like board.example"),
      )
      .max(16)
      .default([]),
    advertise: z
      .string()
      .refine(isPageOrigin, "must be an address without a path, like https://board.example:4711")
      .optional(),
  })
  .prefault({})
  .transform((given): HttpConfig => ({ ...given, tls: given.tls, advertise: given.advertise }));

const nodeConfig = z
  .strictObject({
    transports: z.array(transport).max(32).default([]),
    lease,
    interpreter: interpreter.optional(),
    http,
    sandbox,
    artifacts: artifacts.optional(),
  })
  .transform((given): NodeConfig => ({ ...given, interpreter: given.interpreter, artifacts: given.artifacts }));

/** `fileName` is only repeated in problems; nothing is opened. */
export function parseNodeConfig(text: string, fileName: string): Result<NodeConfig, ConfigError> {
  const plainText = text.startsWith("\uFEFF") ? text.slice(1) : text;
  const positionOf = createPositionFinder(plainText);
  const problemAt = (offset: number, path: KeyPath, message: string): ConfigProblem => ({
    file: fileName,
    ...positionOf(offset),
    key: keyText(path),
    message: /[.?!]$/.test(message) ? message : `${message}.`,
  });
  const document = readDocument(plainText, { namesSecrets: true });
  if (!document.ok) {
    return err(
      configError(
        document.error.map(({ offset, path, message, whole }) =>
          problemAt(offset, path, whole === true ? message : `${keyText(path)} ${message}`),
        ),
      ),
    );
  }
  const { value, problems, offsets } = document.value;
  const located = problems.map(({ offset, path, message }) => problemAt(offset, path, `${keyText(path)} ${message}`));
  const checked = nodeConfig.safeParse(value ?? {});
  const found = checked.success
    ? twins(checked.data.transports).map((path) =>
        problemAt(
          offsets.keyAt(path),
          path,
          `${keyText(path)} is there twice; give each account of a kind its own name`,
        ),
      )
    : checked.error.issues.map((issue) => {
        const path = issue.path.map((part) => (typeof part === "symbol" ? String(part) : part));
        const where = path.length === 0 ? "" : `${keyText(path)}: `;
        return problemAt(offsets.valueAt(path), path, `${where}${sentenceOf(issue, path)}`);
      });
  const all = [...located, ...found];
  return all.length > 0 || !checked.success ? err(configError(all)) : ok(checked.data);
}

/** What zod says, and for a key that is not known the one that was probably meant. */
function sentenceOf(issue: z.core.$ZodIssue, path: KeyPath): string {
  // A record's key that is refused says so in an issue of its own.
  if (issue.code === "invalid_key") {
    return `${issue.path.at(-1)?.toString() ?? "a key"} ${issue.issues[0]?.message ?? "is not known"}`;
  }
  if (issue.code !== "unrecognized_keys") return issue.message;
  const known = keysAt(path);
  return issue.keys
    .map((key) => {
      const meant = didYouMean(key, known);
      return meant === undefined
        ? `${JSON.stringify(key.slice(0, 60))} is not a known key; the keys here are ${known.join(", ")}`
        : `${JSON.stringify(key)} is not a known key; did you mean ${meant}?`;
    })
    .join(" ");
}

function keysAt(path: KeyPath): readonly string[] {
  const [top, , inner] = path;
  if (top === undefined) return ["transports", "lease", "interpreter", "http", "sandbox", "artifacts"];
  if (top === "http") return path[1] === "tls" ? ["cert", "key"] : ["tls", "insecure", "hosts", "advertise"];
  if (top === "lease") return ["ttl"];
  if (top === "artifacts") return ["copies", "keep", "bytes"];
  if (top === "sandbox") return inner === "network" ? ["allow"] : ["read", "caches", "network"];
  if (top === "interpreter") return ["run", "timeout", "env"];
  if (inner === "secrets") return ["env", "file"];
  return Object.keys((inner === "rooms" ? room : transport).shape);
}

function twins(transports: readonly { readonly kind: string; readonly name: string }[]): readonly KeyPath[] {
  const seen = new Set<string>();
  return transports.flatMap(({ kind, name }, at) => {
    const isTwin = seen.has(`${kind}/${name}`);
    seen.add(`${kind}/${name}`);
    return isTwin ? [["transports", at]] : [];
  });
}
