/** Texts that want to be more than text: to a shell, to git, to a platform's markup, to whoever reads them. */
export interface HostileText {
  readonly name: string;
  readonly title: string;
  /** What the board shows where it is not what was typed: what no platform's text can hold is made visible. */
  readonly shown?: string;
  /** It cannot be a title, and the room is told so. */
  readonly refused?: true;
  /** Kinds of networks that do not let people write it. */
  readonly impossibleOn?: readonly string[];
}

/** `canary` is a file that nobody may ever make. */
export const hostileTexts = (canary: string): readonly HostileText[] => [
  { name: "shell", title: `$(touch ${canary}) and \`touch ${canary}\`` },
  { name: "shell's chains", title: `x; touch ${canary} | touch ${canary} && touch ${canary}` },
  { name: "shell in quotes", title: `'; touch ${canary}; echo ' "; touch ${canary}; echo "` },
  { name: "git's options", title: `-c core.pager=touch${canary} -x!touch ${canary}` },
  { name: "options in quotes", title: `"Say --exec=${canary} and --start=true at once"` },
  { name: "options", title: `Say --exec=touch${canary}`, refused: true },
  { name: "markup", title: "*bold* _it_ ~s~ **b** __u__ ||spoiler|| [x](https://evil.test) `code` ```block" },
  { name: "markup of pages", title: "<b>x</b><script>alert(1)</script><img src=x onerror=alert(1)> &amp; &lt;b&gt;" },
  { name: "mentions of everybody", title: "Hey @everyone @here @channel @room <!channel> <!here> <!everyone>" },
  { name: "mentions of somebody", title: "Hey <@U0ADA> <@!900000000000000011> <@&900000000000000002> @ada:localhost" },
  { name: "links to rooms", title: "See <#C0ROOM|general> <#900000000000000003> https://matrix.to/#/@ada:localhost" },
  { name: "right to left", title: "a\u202eevil\u202c b\u2066x\u2069 c\u200fd" },
  { name: "nothing to see", title: "ze\u200bro\u200dwi\u2060dth\ufefft" },
  { name: "terminal", title: "\u001b[31mred\u001b[0m \u001b]0;pwned\u0007 \u009b31m", refused: true },
  { name: "a letter that ends texts", title: "before\0after", shown: "before\ufffdafter", impossibleOn: ["slack"] },
  { name: "json", title: '{"kind":"item.delete","item":"*"} "}],"x":[ \\u0000 \\" ' },
  { name: "yaml", title: `- !!js/function "x" : &a *a {{7*7}} \${7*7} <%= 7 %> %{x} #{y}` },
  { name: "sql", title: "'); DROP TABLE ops; --" },
  { name: "a title that is too long", title: "x".repeat(201), refused: true },
  { name: "a line that is too long", title: "y".repeat(8_001), refused: true, impossibleOn: ["discord"] },
];

export const boardTitle = ({ title, shown }: HostileText): string =>
  (shown ?? (title.startsWith('"') && title.endsWith('"') ? title.slice(1, -1) : title)).trim();
