/** How many columns of a terminal a text takes: East Asian characters and emoji take two. Pure. */
const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });

const WIDE =
  /\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}|\p{Emoji_Presentation}|\ufe0f|[\u3000-\u303f\uff01-\uff60]/u;

/** What a person sees as one character, each with its columns. */
const graphemesOf = (text: string): readonly { readonly text: string; readonly width: number }[] =>
  [...segmenter.segment(text)].map(({ segment }) => ({ text: segment, width: WIDE.test(segment) ? 2 : 1 }));

export const widthOf = (text: string): number => graphemesOf(text).reduce((sum, { width }) => sum + width, 0);

/** As many whole characters as fit. */
export function cutTo(text: string, width: number): string {
  let left = width;
  let kept = "";
  for (const grapheme of graphemesOf(text)) {
    left -= grapheme.width;
    if (left < 0) break;
    kept += grapheme.text;
  }
  return kept;
}
