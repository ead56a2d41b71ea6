/**
 * A ticket for one more machine. It is in the node's answer and in this dialog's memory and goes with it: not into the address, a
 * log, or the page's storage.
 */
import { useSignal } from "@preact/signals";
import { correction, generate } from "lean-qr";
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";

import { Copy } from "../../parts/copy.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { Ticked } from "../../parts/ticked.tsx";
import { Time } from "../../parts/time.tsx";
import type { Session } from "../../session.ts";
import { plainText } from "../../text.ts";
import { askTexts } from "../../texts/ask.ts";
import { meshTexts } from "../../texts/mesh.ts";
import { commandFor, getsPage, isLocal, type Ticket, ticketIn } from "./ticket.ts";

const ROLES = ["agent", "observer", "operator", "owner"] as const;
const TTLS = ["15m", "1h", "1d", "7d"] as const;

const { invite: texts } = meshTexts;

export function Invite({ session, onClose }: { readonly session: Session; readonly onClose: () => void }): JSX.Element {
  const role = useSignal<(typeof ROLES)[number]>("agent");
  const ttl = useSignal<(typeof TTLS)[number]>("1h");
  const ticket = useSignal<Ticket | undefined>(undefined);
  const problem = useSignal("");
  const working = useSignal(false);
  const make = async (): Promise<void> => {
    if (working.peek()) return;
    working.value = true;
    const answer = await session.command("member.invite", { role: role.value, ttl: ttl.value });
    working.value = false;
    if (answer.ok) ticket.value = ticketIn(answer.value);
    else problem.value = answer.error.message;
  };
  return (
    <Dialog title={texts.title} onClose={onClose}>
      {ticket.value === undefined ? (
        <form
          class="form"
          onSubmit={(event) => {
            event.preventDefault();
            void make();
          }}
        >
          <p class="quiet">{texts.help}</p>
          <Choice
            label={texts.role}
            options={ROLES}
            words={texts.roles}
            value={role.value}
            onChoose={(one) => (role.value = one)}
          />
          <Choice
            label={texts.ttl}
            options={TTLS}
            words={texts.ttls}
            value={ttl.value}
            onChoose={(one) => (ttl.value = one)}
          />
          <p class="form-problem" role="alert">
            <bdi>
              <Ticked text={problem.value} />
            </bdi>
          </p>
          <div class="form-buttons">
            <button type="button" onClick={onClose}>
              {askTexts.cancel}
            </button>
            <button type="submit" class="primary" aria-disabled={working.value}>
              {working.value ? texts.making : texts.make}
            </button>
          </div>
        </form>
      ) : (
        <Made ticket={ticket.value} onClose={onClose} />
      )}
    </Dialog>
  );
}

interface ChoiceProps<T extends string> {
  readonly label: string;
  readonly options: readonly T[];
  readonly words: Readonly<Record<T, string>>;
  readonly value: T;
  readonly onChoose: (one: T) => void;
}

function Choice<T extends string>({ label, options, words, value, onChoose }: ChoiceProps<T>): JSX.Element {
  return (
    <label class="field">
      <span>{label}</span>
      <select
        value={value}
        onInput={(event) => {
          const chosen = options.find((one) => one === event.currentTarget.value);
          if (chosen !== undefined) onChoose(chosen);
        }}
      >
        {options.map((one) => (
          <option key={one} value={one}>
            {words[one]}
          </option>
        ))}
      </select>
    </label>
  );
}

function Made({ ticket, onClose }: { readonly ticket: Ticket; readonly onClose: () => void }): JSX.Element {
  const command = commandFor(ticket);
  return (
    <div class="form">
      <p>
        {texts.until(plainText(ticket.role))} <Time atMs={ticket.expires} />. {texts.once}
      </p>
      <p class="quiet">
        <Ticked text={getsPage(ticket.role) ? texts.runPage : texts.runAgent} />
      </p>
      <div class="ticket">
        <code data-ticket>{command}</code>
        <Copy text={command} label={texts.copy} />
      </div>
      <QrCode text={command} label={texts.qr} />
      <p class="quiet">{texts.qrHelp}</p>
      {ticket.addresses.length === 0 ? <p class="form-problem">{texts.noAddress}</p> : null}
      {isLocal(ticket) ? (
        <p class="form-problem">
          <Ticked text={texts.local} />
        </p>
      ) : null}
      <div class="form-buttons">
        <button type="button" class="primary" onClick={onClose}>
          {texts.done}
        </button>
      </div>
    </div>
  );
}

const QUIET_ZONE = 4;

/** Dark on light in both schemes: that is what cameras look for. */
function QrCode({ text, label }: { readonly text: string; readonly label: string }): JSX.Element {
  const { path, size } = useMemo(() => {
    const code = generate(text, { minCorrectionLevel: correction.L });
    const squares: string[] = [];
    for (let y = 0; y < code.size; y++)
      for (let x = 0; x < code.size; x++) if (code.get(x, y)) squares.push(`M${x} ${y}h1v1h-1z`);
    return { path: squares.join(""), size: code.size };
  }, [text]);
  const side = size + 2 * QUIET_ZONE;
  return (
    <svg class="qr" role="img" aria-label={label} viewBox={`${-QUIET_ZONE} ${-QUIET_ZONE} ${side} ${side}`}>
      <rect x={-QUIET_ZONE} y={-QUIET_ZONE} width={side} height={side} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}
