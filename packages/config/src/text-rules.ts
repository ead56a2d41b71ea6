/**
 * What text may be, beyond its length: arguments of a command, names of branches, names of repositories. They end up as
 * arguments of git and of programs, so nothing passes that git would read as an option or as a program to run. Each rule
 * gives the sentence that is shown, or undefined when the text is fine.
 */

/** An argument: anything a process can be given. Line breaks are fine, NUL and half characters are not. */
export function wordProblem(text: string): string | undefined {
  if (text.includes("\0")) return "must not contain a NUL character";
  if (/\p{Surrogate}/u.test(text)) return "must be valid Unicode text, and contains half a character";
  return undefined;
}

/** The rules of `git check-ref-format`, and no leading dash. */
export function branchProblem(text: string): string | undefined {
  const message = `must be the name of a branch, for example main or release/1.2`;
  if (hasSpaceOrControl(text)) return `${message}, without spaces and control characters`;
  if (/[~^:?*[\\]|\.\.|@\{|\/\/|\/\.|\.lock(?:\/|$)/.test(text)) return `${message}, by git's rules for names`;
  if (/^[-/.]|[/.]$|^@$/.test(text)) return `${message}, by git's rules for names`;
  if (text.startsWith("refs/")) return `${message}, without refs/heads/`;
  return wordProblem(text);
}

const REMOTE_SCHEMES: readonly string[] = ["https", "http", "ssh", "git", "file"];

/** A remote's name, a URL, `user@host:path` or a path. Never an option, never a remote helper (`ext::` runs programs). */
export function remoteProblem(text: string): string | undefined {
  if (hasControl(text)) return "must be one line without control characters";
  if (text.startsWith("-")) return "must not start with a dash, which git would read as an option";
  if (/^[A-Za-z0-9+.-]+::/.test(text)) {
    return `must not name a remote helper (name::…), which can run programs; write a URL with ${REMOTE_SCHEMES.join(", ")}`;
  }
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(text)?.[1];
  if (scheme !== undefined && !REMOTE_SCHEMES.includes(scheme.toLowerCase())) {
    return `must be a URL with one of ${REMOTE_SCHEMES.join(", ")}, or a remote's name or a path`;
  }
  const host = scheme === undefined ? text : text.slice(scheme.length + "://".length);
  const afterUser = host.slice(host.lastIndexOf("@", host.search(/[/:]|$/)) + 1);
  if (afterUser.startsWith("-"))
    return "must not have a host that starts with a dash, which ssh would read as an option";
  return wordProblem(text);
}

function hasControl(text: string): boolean {
  return /\p{Control}|\p{Line_Separator}|\p{Paragraph_Separator}/u.test(text);
}

function hasSpaceOrControl(text: string): boolean {
  return hasControl(text) || /\s/u.test(text);
}

/** A pattern of paths inside of the repository. */
export function patternProblem(text: string): string | undefined {
  const problem = wordProblem(text);
  if (problem !== undefined) return problem;
  const isInside = text.split("/").every((part) => part !== "" && part !== "." && part !== "..");
  return isInside
    ? undefined
    : "must be a path inside of the repository, without . and .. and without a slash at its ends";
}
