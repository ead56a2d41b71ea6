/** A page with nothing but the story of one item, to write it with others. */
import type { JSX } from "preact";

import { addressOf } from "../../frame/router.ts";
import type { PageProps } from "../../frame/routes.ts";
import { Problem } from "../../parts/problem.tsx";
import { plainText } from "../../text.ts";
import { frameTexts } from "../../texts/frame.ts";
import { StoryEditor } from "../item/story/story-editor.tsx";

export default function StoryPage({ session, route }: PageProps): JSX.Element {
  const id = route.parameters.get("id") ?? "";
  const item = session.board.value.items.get(id);
  if (item === undefined) {
    return (
      <Problem title={frameTexts.notFound} why={frameTexts.notFoundWhy}>
        <a href={addressOf("/")}>{frameTexts.toBoard}</a>
      </Problem>
    );
  }
  return (
    <article class="story-page">
      <h1>
        <bdi>{plainText(item.title)}</bdi>
      </h1>
      <StoryEditor key={id} session={session} item={item} />
    </article>
  );
}
