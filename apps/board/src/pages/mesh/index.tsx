/** The mesh page: its graph, the node that is looked at, alarms, and the same as tables. */
import "../../parts/sheet.css";
import "./mesh.css";
import { useComputed, useSignal } from "@preact/signals";
import type { Mesh } from "@skein/core";
import { ShieldAlert, UserPlus } from "lucide-preact";
import type { JSX } from "preact";

import type { PageProps } from "../../frame/routes.ts";
import { tell } from "../../frame/toasts.tsx";
import { useAnswer } from "../../parts/answer.ts";
import { Problem } from "../../parts/problem.tsx";
import { maySteer } from "../../parts/rights.ts";
import { Ticked } from "../../parts/ticked.tsx";
import { Time } from "../../parts/time.tsx";
import type { Session } from "../../session.ts";
import { plainText } from "../../text.ts";
import { meshTexts } from "../../texts/mesh.ts";
import { type Action, ActionDialog } from "./actions.tsx";
import { heldItems } from "./facts.ts";
import { MeshGraph } from "./graph.tsx";
import { Invite } from "./invite.tsx";
import { NodePanel } from "./node-panel.tsx";
import { InviteTable, LinkTable, NodeTable } from "./tables.tsx";

export default function MeshPage({ session }: PageProps): JSX.Element {
  const answered = useAnswer<Mesh>(session, "api/v1/mesh", () => void session.board.value.nodes);
  const { value: mesh, problem } = answered.value;
  if (mesh === undefined) {
    return problem === "" ? (
      <p class="empty waiting">{meshTexts.waiting}</p>
    ) : (
      <Problem title={meshTexts.failed} why={problem} />
    );
  }
  return <Shown session={session} mesh={mesh} problem={problem} />;
}

interface ShownProps {
  readonly session: Session;
  readonly mesh: Mesh;
  readonly problem: string;
}

function Shown({ session, mesh, problem }: ShownProps): JSX.Element {
  const chosen = useSignal<string | undefined>(undefined);
  const dialog = useSignal<Action | "invite" | undefined>(undefined);
  const held = useComputed(() => heldItems(session.board.value.items));
  const members = mesh.nodes.filter(({ removed }) => !removed);
  const node = mesh.nodes.find(({ id }) => id === chosen.value);
  const mayAct = maySteer(session);
  const close = (): void => void (dialog.value = undefined);
  const choose = (id: string): void => void (chosen.value = id);
  return (
    <div class="sheet mesh-page">
      <header class="sheet-head">
        <h1>
          <bdi>{meshTexts.title(plainText(mesh.name))}</bdi>
        </h1>
        <p class="quiet">{meshTexts.counts(members.filter(({ alive }) => alive).length, members.length)}</p>
        {mayAct ? (
          <button type="button" class="primary" onClick={() => (dialog.value = "invite")}>
            <UserPlus size={15} aria-hidden="true" /> {meshTexts.actions.invite}
          </button>
        ) : null}
      </header>
      {problem === "" ? null : (
        <p class="sheet-problem" role="status">
          <bdi>
            <Ticked text={meshTexts.stalePart(problem)} />
          </bdi>
        </p>
      )}
      <Alarms session={session} mesh={mesh} />
      {members.length === 1 ? <p class="empty">{meshTexts.alone}</p> : null}
      <div class="mesh-split">
        <MeshGraph mesh={mesh} held={held.value} chosen={chosen.value} onChoose={choose} />
        <NodePanel
          node={node}
          held={held.value.get(chosen.value ?? "") ?? []}
          onAction={mayAct ? (one) => (dialog.value = one) : undefined}
        />
      </div>
      <NodeTable mesh={mesh} held={held.value} chosen={chosen.value} onChoose={choose} />
      <div class="panels">
        <LinkTable mesh={mesh} />
        <InviteTable mesh={mesh} />
      </div>
      {dialog.value === "invite" ? <Invite session={session} onClose={close} /> : null}
      {dialog.value === undefined || dialog.value === "invite" || node === undefined ? null : (
        <ActionDialog action={dialog.value} session={session} node={node} onClose={close} />
      )}
    </div>
  );
}

function Alarms({ session, mesh }: Omit<ShownProps, "problem">): JSX.Element | null {
  if (mesh.alarms.length === 0) return null;
  const seen = async (): Promise<void> => {
    const answer = await session.command("doctor.seen", {});
    tell(answer.ok ? "note" : "problem", answer.ok ? meshTexts.seenDone : plainText(answer.error.message));
  };
  return (
    <section class="alarms" aria-labelledby="mesh-alarms">
      <h2 id="mesh-alarms">
        <ShieldAlert size={16} aria-hidden="true" /> {meshTexts.alarms}
      </h2>
      <ul>
        {mesh.alarms.map(({ type, message, at }, place) => (
          <li key={place}>
            <bdi>
              <Ticked text={plainText(message)} />
            </bdi>{" "}
            <span class="quiet">
              {type} {at === null ? null : <Time atMs={at} />}
            </span>
          </li>
        ))}
      </ul>
      {mesh.alarms.some(({ at }) => at !== null) ? (
        <button type="button" title={meshTexts.seenHelp} onClick={() => void seen()}>
          {meshTexts.seen}
        </button>
      ) : null}
    </section>
  );
}
