/**
 * Where a demo lives on disk: one directory for the repository, the nodes and their logs, removed as a whole at the end.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { Failure, reasonOf } from "../failure.ts";

export interface Place {
  readonly root: string;
  /** The bare repository that stories land on. */
  readonly remote: string;
  /** The clone a person would work in; `skein init` finds the project here. */
  readonly project: string;
  nodeDirectory(name: string): string;
  logFile(name: string): string;
  /** Takes away what the demo made, and nothing that was there before. */
  remove(): void;
}

export function openPlace(directory: string | undefined): Place {
  const { root, wasThere } = directory === undefined ? temporary() : chosen(resolve(directory));
  mkdirSync(join(root, "log"));
  mkdirSync(join(root, "nodes"));
  return {
    root,
    remote: join(root, "remote.git"),
    project: join(root, "project"),
    nodeDirectory: (name) => join(root, "nodes", name),
    logFile: (name) => join(root, "log", `${name}.log`),
    remove: () => {
      const targets = wasThere ? readdirSync(root).map((name) => join(root, name)) : [root];
      for (const target of targets) rmSync(target, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

interface Root {
  readonly root: string;
  readonly wasThere: boolean;
}

function temporary(): Root {
  try {
    return { root: realpathSync(mkdtempSync(join(tmpdir(), "skein-demo-"))), wasThere: false };
  } catch (cause) {
    throw new Failure(`No temporary directory can be made: ${reasonOf(cause)}. Name another place with --data.`);
  }
}

function chosen(root: string): Root {
  const wasThere = existsSync(root);
  try {
    mkdirSync(root, { recursive: true, mode: 0o700 });
    if (readdirSync(root).length === 0) return { root: realpathSync(root), wasThere };
  } catch (cause) {
    throw new Failure(`The demo cannot live in ${root}: ${reasonOf(cause)}. Choose another directory with --data.`);
  }
  throw new Failure(
    `${root} is not empty, and the demo clears its directory at the end. Choose another one with --data.`,
  );
}
