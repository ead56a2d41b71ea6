/**
 * Recognizes what looks like a secret, so that it is refused before it is committed. `skein.yaml` is read by everybody who
 * can read the repository. This catches accidents, not intent; and no message ever repeats what it found.
 */

/** The same words however they are spelled: `apiKey`, `api_key`, `API-KEY`. */
const SECRET_KEY =
  /token|password|passwd|passphrase|secret|api_?key|private_?key|access_?key|auth_?key|credential|bearer|^pwd$|^auth$/;

const SECRET_VALUES: readonly RegExp[] = [
  /:\/\/[^\s/:@]*:[^\s/@]+@/, // a URL with a password
  /\bgh[pousr]_[A-Za-z0-9]{20}/,
  /\bgithub_pat_[A-Za-z0-9_]{20}/,
  /\bglpat-[A-Za-z0-9_-]{20}/,
  /\bxox[abeprs]-[A-Za-z0-9-]{10}/,
  /\bsk-(?:ant|proj)-[A-Za-z0-9_-]{16}/,
  /\bsk-[A-Za-z0-9]{32}/,
  /\bAKIA[0-9A-Z]{16}\b/,
  /\bAIza[0-9A-Za-z_-]{35}/,
  /-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----/,
  /^--?(?:token|password|passwd|api-?key|access-?key)=./i,
];

export function isSecretKey(key: string): boolean {
  const spelled = key.toLowerCase().replaceAll(/[-\s]/g, "_");
  return SECRET_KEY.test(spelled);
}

export function isSecretValue(text: string): boolean {
  return SECRET_VALUES.some((pattern) => pattern.test(text));
}

const WHERE_SECRETS_GO =
  "secrets do not belong in this file, which everybody with the repository can read; " +
  "keep it on the machine: in an environment variable that agent.env names, or for git in an ssh agent or a credential helper";

/** What to say after the key's name, when the name gives the secret away. */
export const SECRET_KEY_MESSAGE: string = `looks like a secret, and ${WHERE_SECRETS_GO}`;

/** What to say after the key's name, when its value does. */
export const SECRET_VALUE_MESSAGE: string = `contains what looks like a password, token or key, and ${WHERE_SECRETS_GO}`;
