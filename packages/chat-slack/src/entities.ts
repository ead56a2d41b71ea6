/**
 * Slack's wire form of a text, back to what the person typed. On the wire `&`, `<` and `>` are escaped, and mentions,
 * channels and links stand between `<` and `>`; a person's own `<` can never look like one of those.
 */

export interface Typed {
  /** Without mentions of the bot and without quoted lines. */
  readonly text: string;
  /** The bot was mentioned, by its id. */
  readonly mentioned: boolean;
}

/** Stands for a mention of the bot until the blanks around it are put right. */
const MENTION = "\u0000";

export function readTyped(raw: string, bot: string): Typed {
  const own = withoutQuotes(raw).replaceAll(MENTION, "");
  const decoded = own.replace(/<([^<>]*)>|&(amp|lt|gt);/g, (_, entity: string | undefined, name: string | undefined) =>
    entity === undefined ? unescaped(name) : readEntity(entity, bot),
  );
  return {
    text: decoded.replace(new RegExp(`[^\\S\\n]*${MENTION}[:,]?[^\\S\\n]*`, "g"), " ").trim(),
    mentioned: decoded.includes(MENTION),
  };
}

const CHARACTERS: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">" };
const unescaped = (name: string | undefined): string => CHARACTERS[name ?? ""] ?? "";
const unescapeAll = (text: string): string =>
  text.replace(/&(amp|lt|gt);/g, (_, name: string | undefined) => unescaped(name));

/** A line that starts with `>` shows somebody else's words; `>>>` quotes all that follows. */
function withoutQuotes(raw: string): string {
  const kept: string[] = [];
  for (const line of raw.split("\n")) {
    if (line.startsWith("&gt;&gt;&gt;")) break;
    if (!line.startsWith("&gt;")) kept.push(line);
  }
  return kept.join("\n");
}

/**
 * A person stays their id: the name beside it is chosen by that person. A link with a text of its own keeps both, so that
 * nothing is hidden from whoever reads it elsewhere.
 */
function readEntity(entity: string, bot: string): string {
  const bar = entity.indexOf("|");
  const target = unescapeAll(bar === -1 ? entity : entity.slice(0, bar));
  const label = bar === -1 ? "" : unescapeAll(entity.slice(bar + 1)).replaceAll(MENTION, "");
  switch (target[0]) {
    case "@":
      return target === `@${bot}` ? MENTION : target;
    case "#":
      return label === "" ? target : `#${label}`;
    case "!":
      return readSpecial(target, label);
    default:
      return label === "" || isSameLink(target, label) ? label || target : `${label} (${target})`;
  }
}

/** `!here`, `!subteam^S1|@team`, `!date^…|some day`. */
function readSpecial(target: string, label: string): string {
  if (label !== "") return label;
  const name = target.slice(1).split("^")[0] ?? "";
  return `@${name}`;
}

/** What a person typed and Slack made a link of: `example.org` and `http://example.org`. */
const isSameLink = (target: string, label: string): boolean =>
  target.replace(/^(?:https?:\/\/|mailto:|tel:)/, "").replace(/\/$/, "") ===
  label.replace(/^(?:https?:\/\/|mailto:|tel:)/, "").replace(/\/$/, "");
