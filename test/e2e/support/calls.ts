/** What in a sent message would call somebody, load something or lead somewhere, as each platform reads it. */
export function callsIn(account: string, raw: string): readonly string[] {
  switch (account) {
    case "slack/main":
      return slackCalls(raw);
    case "discord/main":
      return discordCalls(raw);
    case "matrix/main":
      return raw.split("\n").flatMap(matrixCalls);
    case "whatsapp/main":
      return raw.includes('"preview_url":true') ? ["a link would be loaded for its preview"] : [];
    // A text message through Twilio has no markup that calls anybody.
    case "twilio/main":
      return [];
    default:
      return [`nobody knows how ${account} reads messages`];
  }
}

/** Elements that Slack shows as they are. */
const HARMLESS: ReadonlySet<string> = new Set([
  "rich_text",
  "rich_text_section",
  "rich_text_preformatted",
  "text",
  "plain_text",
  "actions",
  "button",
]);

function slackCalls(raw: string): readonly string[] {
  const { text, blocks, args } = JSON.parse(raw) as {
    readonly text: string;
    readonly blocks: unknown;
    readonly args: Readonly<Record<string, string>>;
  };
  const types = [...JSON.stringify(blocks).matchAll(/"type":"([a-z_]+)"/g)].map(([, type = ""]) => type);
  return [
    ...(/<[@!#]/.test(text) ? [`${text} holds a mention`] : []),
    ...(args["parse"] === "none" && args["link_names"] === "false" ? [] : [`${text} is searched for names`]),
    ...types.filter((type) => !HARMLESS.has(type)).map((type) => `an element ${type}`),
  ];
}

interface DiscordMessage {
  readonly content: string;
  readonly extra: {
    readonly allowed_mentions?: Readonly<Record<"parse" | "users" | "roles", readonly string[] | undefined>>;
  };
}

function discordCalls(raw: string): readonly string[] {
  const { content, extra } = JSON.parse(raw) as DiscordMessage;
  const { parse, users = [], roles = [] } = extra.allowed_mentions ?? {};
  return parse?.length === 0 && users.length === 0 && roles.length === 0 ? [] : [`${content} may mention people`];
}

function matrixCalls(raw: string): readonly string[] {
  const content = JSON.parse(raw) as {
    readonly "m.mentions"?: object;
    readonly formatted_body?: string;
    readonly msgtype?: string;
  };
  const html = content.formatted_body ?? "";
  return [
    ...(JSON.stringify(content["m.mentions"]) === "{}" ? [] : [`${raw} mentions people, or leaves it open`]),
    ...(/<(?:a|img|script)\b/i.test(html) ? [`${html} leads somewhere`] : []),
    ...(content.msgtype === "m.notice" ? [] : [`${raw} is no notice`]),
  ];
}
