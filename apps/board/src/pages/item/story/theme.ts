/** How the editor looks. Its shadow root takes the page's custom properties and nothing else of its style. */
import type { Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";

/** Each with a name on it that can be read in both schemes. */
const COLOURS = [
  "light-dark(#8a3a12, #f0a37c)",
  "light-dark(#17703c, #6cc993)",
  "light-dark(#6a3d9a, #c7a5f0)",
  "light-dark(#8c1d5c, #f093c4)",
  "light-dark(#0b6b78, #6fd0dd)",
  "light-dark(#6d5a00, #dcc357)",
];

export const OTHER_COLOURS: number = COLOURS.length;

const others = Object.fromEntries(COLOURS.map((colour, at) => [`.cm-other-${at}`, { "--other": colour }]));

export const editorTheme: Extension = EditorView.theme({
  "&": {
    color: "var(--text)",
    backgroundColor: "var(--surface)",
    border: "1px solid var(--line)",
    borderRadius: "var(--radius)",
    fontSize: "var(--size)",
  },
  "&.cm-focused": { outline: "2px solid var(--accent)", outlineOffset: "1px" },
  ".cm-scroller": { fontFamily: "var(--sans)", lineHeight: "1.55", maxHeight: "70vh", overflow: "auto" },
  ".cm-content": { padding: "1.4rem 0.75rem 0.75rem", minHeight: "10rem", caretColor: "var(--text)" },
  ".cm-line": { padding: "0" },
  ".cm-placeholder": { color: "var(--quiet)" },
  ".cm-other-caret": {
    position: "relative",
    borderInlineStart: "2px solid var(--other)",
    marginInline: "-1px",
    pointerEvents: "none",
  },
  ".cm-other-name": {
    position: "absolute",
    insetInlineStart: "-2px",
    bottom: "100%",
    padding: "0 0.3em",
    borderRadius: "3px 3px 3px 0",
    backgroundColor: "var(--other)",
    color: "var(--surface)",
    fontSize: "0.6875rem",
    lineHeight: "1.35",
    whiteSpace: "nowrap",
    userSelect: "none",
  },
  ".cm-other-selection": { backgroundColor: "color-mix(in srgb, var(--other) 24%, transparent)" },
  ...others,
});
