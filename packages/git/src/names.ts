/**
 * The names that may reach git's command line. Branches are made here out of an item's id and an epoch, never out of
 * text that a person or an agent wrote; the target branch comes from the project's configuration and has to pass a list
 * of allowed characters that is stricter than git's own, which accepts `$(id)` and right-to-left overrides.
 */
const ITEM = /^[0-9a-z]{1,32}$/u;
const OID = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/u;
const ATTEMPT_BRANCH = /^skein\/([0-9a-z]{1,32})\/(0|[1-9][0-9]{0,14})$/u;
const BASE_CHARACTERS = /^[0-9A-Za-z][0-9A-Za-z._/+@#=-]{0,199}$/u;
const DIRECTORY_NAME = /^[0-9A-Za-z][0-9A-Za-z_-]{0,99}$/u;

export interface AttemptName {
  readonly item: string;
  readonly epoch: number;
}

export const isItemId = (text: string): boolean => ITEM.test(text);

/** A whole object id in lowercase hex: SHA-1 or SHA-256. Abbreviations and ref names are not. */
export const isOid = (text: string): boolean => OID.test(text);

/** A name for a throw-away directory: one path component that is neither hidden nor an option. */
export const isDirectoryName = (text: string): boolean => DIRECTORY_NAME.test(text);

const isEpoch = (epoch: number): boolean => Number.isSafeInteger(epoch) && epoch >= 0 && epoch < 1e15;

/** `skein/<item>/<epoch>`, or undefined when one of them is not well formed. */
export function attemptBranch({ item, epoch }: AttemptName): string | undefined {
  return isItemId(item) && isEpoch(epoch) ? `skein/${item}/${epoch}` : undefined;
}

/** The attempt a branch of ours belongs to; undefined for every other branch. */
export function parseAttemptBranch(branch: string): AttemptName | undefined {
  const [, item, epoch] = ATTEMPT_BRANCH.exec(branch) ?? [];
  return item === undefined || epoch === undefined ? undefined : { item, epoch: Number(epoch) };
}

/** What `git check-ref-format --branch` accepts, narrowed to plain characters, and never one of the attempts' branches. */
export function isBaseBranch(name: string): boolean {
  if (!BASE_CHARACTERS.test(name) || name === "HEAD" || name === "@") return false;
  if (name.includes("..") || name.includes("@{") || /^[0-9a-f]{40,}$/u.test(name)) return false;
  const components = name.split("/");
  if (components[0] === "skein" || components[0] === "refs") return false;
  return components.every((part) => part !== "" && !/^\.|\.$|\.lock$/u.test(part));
}
