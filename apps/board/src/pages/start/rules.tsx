/** The second step: what was found in the repository, and the choice of gate and agent for a new skein.yaml. */
import { useSignal } from "@preact/signals";
import { Plus, X } from "lucide-preact";
import type { ComponentChildren, JSX } from "preact";
import { useId } from "preact/hooks";
import { Ticked } from "../../parts/ticked.tsx";
import { plainText } from "../../text.ts";
import { startTexts as texts } from "../../texts/start.ts";
import { useDraft } from "../item/drafts.ts";
import { Explained } from "./explained.tsx";
import type { Found } from "./progress.ts";
import { parseWords, printWords } from "./words.ts";

/** What `project.begin` takes beside the path; a skein.yaml that is there says it itself. */
export interface Rules {
  readonly gate?: readonly (readonly string[])[];
  readonly agent?: string;
}

export interface RulesProps {
  readonly found: Found;
  readonly isBusy: boolean;
  readonly onBegin: (rules: Rules) => void;
  readonly onBack: () => void;
}

export function RulesStep({ found, isBusy, onBegin, onBack }: RulesProps): JSX.Element {
  const gateDraft = useDraft(`start gate ${found.path}`, found.gate.map(printWords).join("\n"));
  const agentDraft = useDraft(`start agent ${found.path}`, found.agent);
  const lines = useSignal<readonly string[]>(gateDraft.text.value === "" ? [] : gateDraft.text.value.split("\n"));
  const agent = found.agents.some(({ name }) => name === agentDraft.text.value) ? agentDraft.text.value : found.agent;
  const gate = lines.value.map(parseWords);
  const isReady = found.obstacle === "" && gate.every((words) => words !== undefined);
  const change = (next: readonly string[]): void => {
    lines.value = next;
    gateDraft.write(next.join("\n"));
  };
  const begin = (): void => {
    const commands = gate.flatMap((words) => (words === undefined || words.length === 0 ? [] : [words]));
    onBegin(found.hasConfig ? {} : { gate: commands, agent });
  };
  return (
    <form
      class="rules"
      onSubmit={(event) => {
        event.preventDefault();
        begin();
      }}
    >
      <Facts found={found} />
      {found.obstacle === "" ? null : (
        <p class="hindrance" role="alert">
          <bdi>
            <Ticked text={plainText(found.obstacle)} />
          </bdi>
        </p>
      )}
      {found.hasConfig ? null : (
        <>
          <Gate lines={lines.value} because={found.gateBecause} onChange={change} />
          <AgentChoice found={found} chosen={agent} onChoose={agentDraft.write} />
        </>
      )}
      <Sandbox found={found} />
      <p class="actions">
        <button type="submit" class="primary" aria-disabled={isBusy} disabled={!isReady}>
          {isBusy ? texts.busy.begin : texts.rules.begin}
        </button>
        <button type="button" aria-disabled={isBusy} onClick={() => isBusy || onBack()}>
          {texts.found.another}
        </button>
      </p>
    </form>
  );
}

function Facts({ found }: { readonly found: Found }): JSX.Element {
  const place = found.remote === "." ? texts.found.here : plainText(found.landsIn) || plainText(found.remote);
  return (
    <dl class="facts">
      <Fact name={texts.found.name}>{plainText(found.name)}</Fact>
      <Fact name={texts.found.path}>
        <code>{plainText(found.path)}</code>
      </Fact>
      <Fact name={texts.found.base}>{texts.found.baseOf(plainText(found.base), place)}</Fact>
      <Fact name={texts.found.changes}>{found.dirty ? texts.found.dirty : texts.found.clean}</Fact>
      <Fact name={texts.found.config}>{found.hasConfig ? texts.found.hasConfig : texts.found.noConfig}</Fact>
      {found.hasConfig ? (
        <>
          <Fact name={texts.rules.gate}>
            {found.gate.map((argv, index) => (
              <Words key={index} words={argv} />
            ))}
          </Fact>
          <Fact name={texts.rules.agent}>{plainText(found.agent)}</Fact>
        </>
      ) : null}
    </dl>
  );
}

const Fact = ({ name, children }: { readonly name: string; readonly children: ComponentChildren }): JSX.Element => (
  <div>
    <dt>{name}</dt>
    <dd>
      <bdi>{children}</bdi>
    </dd>
  </div>
);

/** The words as they reach the program, each for itself. */
const Words = ({ words }: { readonly words: readonly string[] }): JSX.Element => (
  <span class="words">
    {words.map((word, index) => (
      <code key={index}>{plainText(word)}</code>
    ))}
  </span>
);

interface GateProps {
  readonly lines: readonly string[];
  readonly because: string;
  readonly onChange: (lines: readonly string[]) => void;
}

function Gate({ lines, because, onChange }: GateProps): JSX.Element {
  return (
    <fieldset class="gate">
      <legend>{texts.rules.gate}</legend>
      <Explained about="rules" />
      <p class="quiet">{texts.rules.because(plainText(because))}</p>
      {lines.length === 0 ? <p class="quiet">{texts.rules.nothing}</p> : null}
      <ol>
        {lines.map((line, index) => (
          <li key={index}>
            <CommandLine
              line={line}
              position={index + 1}
              onChange={(text) => onChange(lines.with(index, text))}
              onRemove={() => onChange(lines.toSpliced(index, 1))}
            />
          </li>
        ))}
      </ol>
      <button type="button" onClick={() => onChange([...lines, ""])}>
        <Plus size={14} aria-hidden="true" /> {texts.rules.add}
      </button>
    </fieldset>
  );
}

interface CommandLineProps {
  readonly line: string;
  readonly position: number;
  readonly onChange: (text: string) => void;
  readonly onRemove: () => void;
}

function CommandLine({ line, position, onChange, onRemove }: CommandLineProps): JSX.Element {
  const id = useId();
  const words = parseWords(line);
  return (
    <>
      <div class="command">
        <input
          type="text"
          class="code"
          aria-label={texts.rules.command(position)}
          aria-describedby={id}
          aria-invalid={words === undefined}
          maxLength={1_000}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          value={line}
          onInput={(event) => onChange(event.currentTarget.value)}
        />
        <button
          type="button"
          class="icon-button"
          aria-label={texts.rules.remove(position)}
          title={texts.rules.remove(position)}
          onClick={onRemove}
        >
          <X size={16} aria-hidden="true" />
        </button>
      </div>
      <p id={id} class="quiet runs-as">
        {words === undefined ? (
          <span class="hindrance">{texts.rules.unclosed}</span>
        ) : words.length === 0 ? null : (
          <>
            {texts.rules.words} <Words words={words} />
          </>
        )}
      </p>
    </>
  );
}

interface AgentChoiceProps {
  readonly found: Found;
  readonly chosen: string;
  readonly onChoose: (name: string) => void;
}

function AgentChoice({ found, chosen, onChoose }: AgentChoiceProps): JSX.Element {
  const id = useId();
  return (
    <p class="field">
      <label for={id}>{texts.rules.agent}</label>
      <select id={id} value={chosen} onChange={(event) => onChoose(event.currentTarget.value)}>
        {found.agents.map(({ name, installed }) => (
          <option key={name} value={name}>
            {name === "scripted" ? texts.rules.scripted : installed ? plainText(name) : texts.rules.missing(name)}
          </option>
        ))}
      </select>
    </p>
  );
}

function Sandbox({ found }: { readonly found: Found }): JSX.Element {
  if (found.sandbox !== "none") return <Explained about="sandbox" />;
  return (
    <p class="hindrance">
      {texts.rules.noSandbox} <bdi class="quiet">{plainText(found.sandboxBecause)}</bdi>
    </p>
  );
}
