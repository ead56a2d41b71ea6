/**
 * Hosts as they are written where a network is allowed: `registry.npmjs.org`, `*.example.org`, `mirror.internal:8443`.
 *
 * One spelling for each host: lower-case ASCII names without a trailing dot. What has a second spelling somewhere (an
 * address as a number, in octal, in hex or inside of IPv6, a name with other scripts' letters) is no host here, so that
 * a list and whoever asks cannot mean two things by one word.
 */

export interface HostPattern {
  /** The name, or what follows `*.`. */
  readonly name: string;
  /** Every name below it, and not itself. */
  readonly isSuffix: boolean;
  readonly port: number | undefined;
}

const NAME_LENGTH_MAX = 253;
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** What resolvers take for a number, and with it the whole name for an address. */
const NUMBER = /^(?:[0-9]+|0x[0-9a-f]*)$/;
const PORT_MAX = 65_535;

/** Whether this is a name, in its one spelling. */
export function isHostName(text: string): boolean {
  if (text.length > NAME_LENGTH_MAX) return false;
  const labels = text.split(".");
  return labels.every((label) => LABEL.test(label)) && !NUMBER.test(labels.at(-1) ?? "");
}

export function parseHostPattern(text: string): HostPattern | undefined {
  const [host = "", portText, ...rest] = text.split(":");
  if (rest.length > 0) return undefined;
  const port = portText === undefined ? undefined : parsePort(portText);
  if (portText !== undefined && port === undefined) return undefined;
  const isSuffix = host.startsWith("*.");
  const name = isSuffix ? host.slice(2) : host;
  // `*.org` would be every host there is.
  if (!isHostName(name) || (isSuffix && !name.includes("."))) return undefined;
  return { name, isSuffix, port };
}

/** In its one spelling: decimal, without a sign, space or zero in front. */
export function parsePort(text: string): number | undefined {
  const port = /^[1-9][0-9]{0,4}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= PORT_MAX ? port : undefined;
}

/** Whether a canonical name is one of those that the pattern means; ports are another question. */
export function matchesHost({ name, isSuffix }: HostPattern, host: string): boolean {
  return isSuffix ? host.endsWith(`.${name}`) && host.length > name.length + 1 : host === name;
}

/** Follows the key in a sentence; undefined when it is a pattern. */
export function hostPatternProblem(text: string): string | undefined {
  if (parseHostPattern(text) !== undefined) return undefined;
  return "must be a host's name in lower case like registry.npmjs.org, *.example.org or mirror.example.org:8443, no URL and no address";
}
