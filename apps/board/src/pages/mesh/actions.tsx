/** What can be done to a node, each as a dialog that says what it does before it does it. */
import { useSignal } from "@preact/signals";
import type { MeshNode } from "@skein/core";
import type { JSX } from "preact";

import { Ask } from "../../parts/ask.tsx";
import type { Session } from "../../session.ts";
import { meshTexts } from "../../texts/mesh.ts";
import { nameOf } from "./facts.ts";

export type Action = "drain" | "undrain" | "remove" | "rotate";

/** What makes sense for this node; whether this node's role allows it, the node itself says. */
export function actionsFor(node: MeshNode): readonly Action[] {
  if (node.removed) return [];
  return [node.standby === "" ? "drain" : "undrain", ...(node.self ? (["rotate"] as const) : (["remove"] as const))];
}

export interface ActionProps {
  readonly session: Session;
  readonly node: MeshNode;
  readonly onClose: () => void;
}

export function ActionDialog({ action, ...props }: ActionProps & { readonly action: Action }): JSX.Element {
  switch (action) {
    case "drain":
      return <Drain {...props} />;
    case "undrain":
      return <Undrain {...props} />;
    case "remove":
      return <Remove {...props} />;
    case "rotate":
      return <Rotate {...props} />;
  }
}

function Drain({ session, node, onClose }: ActionProps): JSX.Element {
  const reason = useSignal("");
  const now = useSignal(false);
  const texts = meshTexts.drain;
  return (
    <Ask
      session={session}
      onClose={onClose}
      title={texts.title(nameOf(node))}
      help={texts.help}
      confirm={texts.confirm}
      done={texts.done(nameOf(node))}
      command={() => ["node.drain", { node: node.key, reason: reason.value, now: now.value }]}
    >
      <Line label={texts.reason} value={reason.value} onInput={(text) => (reason.value = text)} />
      <label class="check">
        <input type="checkbox" checked={now.value} onInput={(event) => (now.value = event.currentTarget.checked)} />
        <span>
          {texts.now} <span class="quiet">{texts.nowHelp}</span>
        </span>
      </label>
    </Ask>
  );
}

function Undrain({ session, node, onClose }: ActionProps): JSX.Element {
  const texts = meshTexts.undrain;
  return (
    <Ask
      session={session}
      onClose={onClose}
      title={texts.title(nameOf(node))}
      help={texts.help}
      confirm={texts.confirm}
      done={texts.done(nameOf(node))}
      command={() => ["node.undrain", { node: node.key }]}
    />
  );
}

function Remove({ session, node, onClose }: ActionProps): JSX.Element {
  const note = useSignal("");
  const texts = meshTexts.remove;
  return (
    <Ask
      session={session}
      onClose={onClose}
      title={texts.title(nameOf(node))}
      help={texts.help}
      confirm={texts.confirm}
      isGrave
      done={texts.done(nameOf(node))}
      command={() => ["member.remove", { member: node.key, note: note.value }]}
    >
      <Line label={texts.note} value={note.value} onInput={(text) => (note.value = text)} />
    </Ask>
  );
}

function Rotate({ session, onClose }: ActionProps): JSX.Element {
  const texts = meshTexts.rotate;
  return (
    <Ask
      session={session}
      onClose={onClose}
      title={texts.title}
      help={texts.help}
      confirm={texts.confirm}
      done={texts.done}
      command={() => ["member.rotate", {}]}
    />
  );
}

interface LineProps {
  readonly label: string;
  readonly value: string;
  readonly onInput: (text: string) => void;
}

const REASON_LENGTH = 200;

function Line({ label, value, onInput }: LineProps): JSX.Element {
  return (
    <label class="field">
      <span>{label}</span>
      <input
        type="text"
        value={value}
        maxLength={REASON_LENGTH}
        autocomplete="off"
        onInput={(event) => onInput(event.currentTarget.value)}
      />
    </label>
  );
}
