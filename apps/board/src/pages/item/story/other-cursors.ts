/** Carets and selections of the others, with their names. A colour is one of a few by number; nothing of it comes from them. */
import { type Extension, type Range, StateEffect, StateField } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView, WidgetType } from "@codemirror/view";
import { createAbsolutePositionFromRelativePosition, createRelativePositionFromJSON } from "yjs";

import type { StoryCopy } from "./story-copy.ts";
import type { Shown } from "./told-apart.ts";

export const showOthers = StateEffect.define<ReadonlyMap<number, Shown>>();

class Caret extends WidgetType {
  readonly name: string;
  readonly colour: number;

  constructor(name: string, colour: number) {
    super();
    this.name = name;
    this.colour = colour;
  }

  override eq(other: Caret): boolean {
    return other.name === this.name && other.colour === this.colour;
  }

  override toDOM(): HTMLElement {
    const caret = document.createElement("span");
    caret.className = `cm-other-caret cm-other-${this.colour}`;
    const name = document.createElement("span");
    name.className = "cm-other-name";
    name.textContent = this.name;
    caret.append(name);
    return caret;
  }

  override ignoreEvent(): boolean {
    return true;
  }
}

export function otherCursors(doc: StoryCopy["doc"]): Extension {
  interface Drawn {
    readonly others: ReadonlyMap<number, Shown>;
    readonly decorations: DecorationSet;
  }
  const draw = (others: ReadonlyMap<number, Shown>, length: number): Drawn => ({
    others,
    decorations: Decoration.set(
      [...others.values()].flatMap((other) => marksOf(doc, other, length)),
      true,
    ),
  });
  const field = StateField.define<Drawn>({
    create: () => ({ others: new Map(), decorations: Decoration.none }),
    update: (shown, { effects, docChanged, changes, newDoc }) => {
      const told = effects.find((effect) => effect.is(showOthers));
      if (told !== undefined) return draw(told.value, newDoc.length);
      return docChanged ? { ...shown, decorations: shown.decorations.map(changes) } : shown;
    },
    provide: (from) => EditorView.decorations.from(from, ({ decorations }) => decorations),
  });
  return field;
}

function marksOf(
  doc: StoryCopy["doc"],
  { name, colour, selection }: Shown,
  length: number,
): readonly Range<Decoration>[] {
  const anchor = indexOf(doc, selection?.anchor);
  const head = indexOf(doc, selection?.head);
  if (anchor === undefined || head === undefined || anchor > length || head > length) return [];
  const caret = Decoration.widget({ widget: new Caret(name, colour), side: 1 });
  const marks = [caret.range(head)];
  if (anchor !== head) {
    const mark = Decoration.mark({ class: `cm-other-selection cm-other-${colour}` });
    marks.push(mark.range(Math.min(anchor, head), Math.max(anchor, head)));
  }
  return marks;
}

/** Undefined for a place that is not in this copy, or not yet. */
function indexOf(doc: StoryCopy["doc"], place: unknown): number | undefined {
  if (typeof place !== "object" || place === null) return undefined;
  try {
    return createAbsolutePositionFromRelativePosition(createRelativePositionFromJSON(place), doc)?.index;
  } catch {
    return undefined;
  }
}
