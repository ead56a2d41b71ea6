/** The name of a project: short, lower case, fit for a directory, a URL and a chat command. */

export const PROJECT_NAME_PATTERN: RegExp = /^[a-z0-9][a-z0-9-]{0,62}$/;

const NAME_LENGTH_MAX = 63;

/** Makes a project name out of whatever a directory is called. Accents are dropped; without any letter or digit it is `project`. */
export function projectNameFrom(directoryName: string): string {
  const plain = directoryName
    .normalize("NFKD")
    .replaceAll(/\p{Mark}/gu, "")
    .toLowerCase();
  const dashed = plain.replaceAll(/[^a-z0-9]+/g, "-").replace(/^-/, "");
  return dashed.slice(0, NAME_LENGTH_MAX).replace(/-$/, "") || "project";
}
