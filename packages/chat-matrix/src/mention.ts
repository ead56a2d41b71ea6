/**
 * Is a text meant for the bot, and what does it say without the mention? Only the MXID says so (`m.mentions`, a pill, or the
 * MXID written out): a display name belongs to whoever takes it. Once that is clear, a display name at the beginning is
 * taken for what clients write in place of a pill, and left out.
 */

export interface Self {
  readonly userId: string;
  /** Empty when there is none. */
  readonly displayName: string;
}

export interface Mention {
  readonly addressed: boolean;
  readonly text: string;
}

type Content = Readonly<Record<string, unknown>>;

/** `body` is the message's text without the fallback of a reply. */
export function readMention(content: Content, body: string, self: Self): Mention {
  const pill = leadingPill(content, self.userId);
  const named = withoutLeading(body, [self.userId, ...pillTexts(body, self.userId)]);
  const addressed = isMentioned(content, self.userId) || pill !== undefined || named !== undefined;
  if (!addressed) return { addressed, text: body.trim() };
  const names = [pill ?? "", self.displayName, `@${self.displayName}`, localpartOf(self.userId)];
  return { addressed, text: (named ?? withoutLeading(body, names) ?? body).trim() };
}

/** `@bot` of `@bot:example.org`. */
const localpartOf = (userId: string): string => userId.slice(0, userId.indexOf(":"));

function isMentioned(content: Content, userId: string): boolean {
  const mentions = content["m.mentions"];
  if (typeof mentions !== "object" || mentions === null || !("user_ids" in mentions)) return false;
  return Array.isArray(mentions.user_ids) && mentions.user_ids.includes(userId);
}

/** The words of a link to the bot that the formatted text begins with; undefined when it begins with none. */
function leadingPill(content: Content, userId: string): string | undefined {
  const html = content["formatted_body"];
  if (content["format"] !== "org.matrix.custom.html" || typeof html !== "string") return undefined;
  const start = html.startsWith("<mx-reply>") ? html.indexOf("</mx-reply>") + "</mx-reply>".length : 0;
  const link = /^\s*(?:<p>\s*)?<a href=["']([^"'<>]{1,600})["'][^<>]{0,200}>([^<>]{0,300})<\/a>/.exec(
    html.slice(start, start + 2_000),
  );
  if (link === null || linkedUser(link[1] ?? "") !== userId) return undefined;
  return unescapeHtml(link[2] ?? "");
}

/** Some clients write a pill into the plain text as a Markdown link. */
function pillTexts(body: string, userId: string): readonly string[] {
  const link = /^\s*(\[[^\]\n]{0,300}\]\(([^()\s]{1,600})\))/.exec(body.slice(0, 1_000));
  return link !== null && linkedUser(link[2] ?? "") === userId ? [link[1] ?? ""] : [];
}

/** Whom a `https://matrix.to/#/@…` or `matrix:u/…` address means. */
function linkedUser(href: string): string | undefined {
  const found = /^(?:https:\/\/matrix\.to\/#\/((?:@|%40)[^?]+)|matrix:u\/([^?]+))/i.exec(href.replaceAll("&amp;", "&"));
  if (found === null) return undefined;
  const [, user, localAndServer] = found;
  try {
    return user === undefined ? `@${decodeURIComponent(localAndServer ?? "")}` : decodeURIComponent(user);
  } catch {
    // Not an address that any client makes.
    return undefined;
  }
}

/** The text after one of the names and a colon or comma; undefined when it begins with none of them. */
function withoutLeading(body: string, names: readonly string[]): string | undefined {
  const text = body.trimStart();
  for (const name of names.toSorted((a, b) => b.length - a.length)) {
    if (name === "" || !text.startsWith(name)) continue;
    const rest = text.slice(name.length);
    // `@bot:example.org` is no mention in `@bot:example.organic` or in `@bot:example.org:8448`.
    if (/^(?:[:,]?\s|[:,]?$)/.test(rest)) return rest.replace(/^[:,]/, "");
  }
  return undefined;
}

const unescapeHtml = (text: string): string =>
  text
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll(/&#(?:39|x27);/g, "'")
    .replaceAll("&amp;", "&");
