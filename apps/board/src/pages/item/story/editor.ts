/**
 * CodeMirror bound to a copy of the story. It stands in a shadow root: there its styles are adopted sheets, which the page's
 * policy allows, and not style elements, which it does not.
 */
import { defaultKeymap } from "@codemirror/commands";
import { EditorState, type Extension, Transaction } from "@codemirror/state";
import { EditorView, keymap, placeholder } from "@codemirror/view";
import { ySyncAnnotation, yCollab, yUndoManagerKeymap } from "y-codemirror.next";
import { createRelativePositionFromTypeIndex, relativePositionToJSON, UndoManager } from "yjs";

import { otherCursors, showOthers } from "./other-cursors.ts";
import { ROOT, type StoryCopy } from "./story-copy.ts";
import type { Selection } from "./story-wire.ts";
import { editorTheme } from "./theme.ts";
import type { Shown } from "./told-apart.ts";

export interface EditorOptions {
  readonly parent: HTMLElement;
  readonly label: string;
  readonly placeholder: string;
  /** The node takes no longer text. */
  readonly most: number;
  readonly onTooLong: () => void;
  /** Undefined when the editor is not in focus. */
  readonly onMove: (selection: Selection | undefined) => void;
}

export interface StoryEditorView {
  show(copy: StoryCopy, mayEdit: boolean): void;
  others(others: ReadonlyMap<number, Shown>): void;
  focus(): void;
  destroy(): void;
}

export function createEditor(options: EditorOptions): StoryEditorView {
  const root = options.parent.shadowRoot ?? options.parent.attachShadow({ mode: "open" });
  const view = new EditorView({ root, parent: root, state: EditorState.create({ extensions: editorTheme }) });
  let there: ReadonlyMap<number, Shown> = new Map();
  return {
    show: ({ doc }, mayEdit) => {
      const text = doc.getText(ROOT);
      const { main } = view.state.selection;
      const length = text.length;
      const undoManager = new UndoManager(text);
      view.setState(
        EditorState.create({
          doc: text.toJSON(),
          selection: { anchor: Math.min(main.anchor, length), head: Math.min(main.head, length) },
          extensions: [
            // Every character is one unit of the text: no line break is two.
            EditorState.lineSeparator.of("\n"),
            yCollab(text, null, { undoManager }),
            keymap.of([...yUndoManagerKeymap, ...defaultKeymap]),
            EditorView.lineWrapping,
            EditorState.readOnly.of(!mayEdit),
            EditorView.contentAttributes.of({ "aria-label": options.label, spellcheck: "true", dir: "auto" }),
            placeholder(options.placeholder),
            takable(options),
            otherCursors(doc),
            tellWhere(options, doc),
            editorTheme,
          ],
        }),
      );
      view.dispatch({ effects: showOthers.of(there) });
    },
    others: (others) => {
      there = others;
      view.dispatch({ effects: showOthers.of(others) });
    },
    focus: () => view.focus(),
    destroy: () => view.destroy(),
  };
}

/** What the node would refuse is not typed in the first place. */
const takable = ({ most, onTooLong }: EditorOptions): Extension =>
  EditorState.transactionFilter.of((transaction) => {
    if (!transaction.docChanged || transaction.annotation(ySyncAnnotation) !== undefined) return transaction;
    const { newDoc, startState } = transaction;
    if (newDoc.length > most && newDoc.length > startState.doc.length) {
      onTooLong();
      return [];
    }
    let hasZero = false;
    transaction.changes.iterChanges((_fromA, _toA, _fromB, _toB, inserted) => {
      hasZero ||= inserted.toString().includes("\0");
    });
    return hasZero ? [] : transaction;
  });

const TELL_MS = 100;

function tellWhere({ onMove }: EditorOptions, doc: StoryCopy["doc"]): Extension {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const place = (at: number): unknown =>
    relativePositionToJSON(createRelativePositionFromTypeIndex(doc.getText(ROOT), at));
  return EditorView.updateListener.of(({ view, selectionSet, docChanged, focusChanged, transactions }) => {
    const isRemote = transactions.every((one) => one.annotation(Transaction.remote) === true);
    if (!selectionSet && !focusChanged && (!docChanged || isRemote)) return;
    timer ??= setTimeout(() => {
      timer = undefined;
      const { anchor, head } = view.state.selection.main;
      onMove(view.hasFocus ? { anchor: place(anchor), head: place(head) } : undefined);
    }, TELL_MS);
  });
}
