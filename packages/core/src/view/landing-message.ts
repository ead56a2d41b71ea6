/**
 * The message of a merge commit: what is written when an item lands, and what is read from a target branch.
 *
 * The branch is the one witness that an item has landed, so both directions are here and owe nothing to what git makes
 * of a message: git's own reading of trailers stops at a scissors line, wherever it stands and whoever wrote it. Only
 * the last paragraph holds trailers, and the first one, the subject, is never that.
 */
const TRAILER = "Skein-Item";

export interface LandingText {
  readonly title: string;
  readonly item: string;
  /** The branch of the attempt. */
  readonly branch: string;
}

/** The titles are the only text of people in it, and each is one line. */
export const landingMessage = (first: LandingText, ...others: readonly LandingText[]): string => {
  const landed = [first, ...others];
  const trailers = landed.map(({ item, branch }) => `${TRAILER}: ${item}\nSkein-Attempt: ${branch}\n`).join("");
  if (others.length === 0) return `${subjectOf(first.title)}\n\n${trailers}`;
  const titles = landed.map(({ title }) => `- ${subjectOf(title)}\n`).join("");
  return `Land ${landed.length} items\n\n${titles}\n${trailers}`;
};

/**
 * Ordinary titles stand as they are. Git and the tools around it give a meaning to subjects that begin with a sign (`#`,
 * `---`, scissors) or with certain words (a diff, a mail, a commit to be squashed): these follow a plain word instead.
 */
function subjectOf(title: string): string {
  const line = title.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]/gu, " ");
  return ORDINARY.test(line) ? line : `Land: ${line}`;
}

const ORDINARY = /^(?!diff |index: |from |skein-|(?:fixup|squash|amend)! )[\p{L}\p{N}]/iu;

/** The items that a commit with this message lands, in the order of their trailers; checked by nobody. */
export function landedItems(message: string): readonly string[] {
  const lines = unfold(lastParagraph(message));
  const trailers = lines.filter((line) => /^[\dA-Z-]+[ \t]*:/i.test(line) || isOfGit(line));
  const others = lines.length - trailers.length;
  // Git's own rule: prose with a colon in it is no trailer, but what git appends may stand among other lines.
  if (others > 0 && !(lines.some(isOfGit) && trailers.length * 3 >= others)) return [];
  return trailers
    .filter((line) => line.toLowerCase().startsWith(`${TRAILER.toLowerCase()}:`))
    .flatMap((line) => line.slice(TRAILER.length + 1).split(","))
    .map((item) => item.trim());
}

const isOfGit = (line: string): boolean => /^(?:Signed-off-by: |\(cherry picked from commit )/.test(line);

const isBlank = (line: string): boolean => /^[ \t\r\v\f]*$/.test(line);

/** Without lines when the message is one paragraph: that is the subject. */
function lastParagraph(message: string): readonly string[] {
  const lines = message.split("\n");
  const end = lines.findLastIndex((line) => !isBlank(line)) + 1;
  const start = lines.slice(0, end).findLastIndex(isBlank) + 1;
  return lines.slice(0, start).every(isBlank) ? [] : lines.slice(start, end);
}

/** A line that begins with a space belongs to the one before. */
function unfold(lines: readonly string[]): readonly string[] {
  const unfolded: string[] = [];
  for (const line of lines) {
    const last = /^[ \t]/.test(line) ? unfolded.pop() : undefined;
    unfolded.push(last === undefined ? line : `${last} ${line.trim()}`);
  }
  return unfolded;
}
