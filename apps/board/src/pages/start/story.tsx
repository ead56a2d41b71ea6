/** The third step: a first story, ready to be started as it stands. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useId } from "preact/hooks";
import { startTexts as texts } from "../../texts/start.ts";
import { isScripted, PRACTICE, type Project } from "./progress.ts";

export interface Story {
  readonly title: string;
  readonly text: string;
}

export interface StoryProps {
  readonly project: Project;
  readonly isBusy: boolean;
  readonly onStart: (story: Story) => void;
}

export function StoryStep({ project, isBusy, onStart }: StoryProps): JSX.Element {
  const proposal = proposalFor(project);
  const title = useSignal(proposal.title);
  const text = useSignal(proposal.text);
  const id = useId();
  return (
    <form
      class="story"
      onSubmit={(event) => {
        event.preventDefault();
        onStart({ title: title.value.trim(), text: text.value });
      }}
    >
      <label for={`${id}-title`}>{texts.story.title}</label>
      <input
        id={`${id}-title`}
        type="text"
        required
        maxLength={200}
        value={title.value}
        onInput={(event) => (title.value = event.currentTarget.value)}
      />
      <label for={`${id}-text`}>{texts.story.text}</label>
      <textarea
        id={`${id}-text`}
        rows={12}
        spellcheck={false}
        value={text.value}
        onInput={(event) => (text.value = event.currentTarget.value)}
      />
      <p class="actions">
        <button type="submit" class="primary" aria-disabled={isBusy}>
          {isBusy ? texts.busy.story : texts.story.start}
        </button>
      </p>
    </form>
  );
}

function proposalFor(project: Project): Story {
  if (project.name === PRACTICE) return texts.story.practice;
  return isScripted(project) ? texts.story.scripted : texts.story.free;
}
