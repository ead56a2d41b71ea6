/** Search, filters, grouping and the way to a new item. What is chosen stands in the address, to be kept and shared. */
import { useSignal } from "@preact/signals";
import { ListFilter, Plus } from "lucide-preact";
import type { JSX } from "preact";
import { boardTexts } from "../../texts/board.ts";
import { plainText } from "../../text.ts";
import { type Filter, GROUPS, STATES } from "./filter.ts";
import type { BoardModel } from "./model.ts";

export const SEARCH_ID = "board-search";

export function Toolbar({ model }: { readonly model: BoardModel }): JSX.Element {
  const filter = model.filter.value;
  const isOpen = useSignal(false);
  const isActive = Object.values(filter).some((value) => value !== "");
  return (
    <div class="toolbar" role="search" aria-label={boardTexts.filters}>
      <input
        id={SEARCH_ID}
        type="search"
        aria-label={boardTexts.search}
        placeholder={boardTexts.searchHint}
        autocomplete="off"
        spellcheck={false}
        value={filter.q}
        onInput={(event) => model.setFilter({ q: event.currentTarget.value })}
        onKeyDown={(event) => {
          if (event.key === "Escape") event.currentTarget.blur();
        }}
      />
      <button
        type="button"
        class="icon-button filters-switch"
        aria-label={boardTexts.filters}
        aria-expanded={isOpen.value}
        onClick={() => (isOpen.value = !isOpen.value)}
      >
        <ListFilter size={17} aria-hidden="true" />
      </button>
      <div class="filters" data-open={isOpen.value}>
        <Filters model={model} filter={filter} />
        {isActive ? (
          <button
            type="button"
            onClick={() => {
              model.setFilter({ q: "", state: "", label: "", node: "", group: "" });
              // There is nothing more to clear, and so no button.
              document.getElementById(SEARCH_ID)?.focus();
            }}
          >
            {boardTexts.clear}
          </button>
        ) : null}
      </div>
      {model.mayChange.value ? (
        <button type="button" class="primary add" onClick={() => (model.adding.value = true)}>
          <Plus size={15} aria-hidden="true" />
          {boardTexts.add}
        </button>
      ) : (
        <p class="quiet no-rights">{boardTexts.noRights}</p>
      )}
    </div>
  );
}

function Filters({ model, filter }: { readonly model: BoardModel; readonly filter: Filter }): JSX.Element {
  return (
    <>
      <Choice
        name={boardTexts.state}
        value={filter.state}
        options={STATES.map((state) => [state, boardTexts.states[state]])}
        onChoose={(chosen) => model.setFilter({ state: STATES.find((one) => one === chosen) ?? "" })}
      />
      <Choice
        name={boardTexts.label}
        value={filter.label}
        options={[["", boardTexts.anyLabel], ...model.labels.value.map((label) => [label, plainText(label)] as const)]}
        onChoose={(label) => model.setFilter({ label })}
      />
      <Choice
        name={boardTexts.node}
        value={filter.node}
        options={[["", boardTexts.anyNode], ...model.nodes.value.map(({ id, name }) => [id, name] as const)]}
        onChoose={(node) => model.setFilter({ node })}
      />
      <Choice
        name={boardTexts.group}
        value={filter.group}
        options={GROUPS.map((group) => [group, boardTexts.groups[group]])}
        onChoose={(chosen) => model.setFilter({ group: GROUPS.find((one) => one === chosen) ?? "" })}
      />
    </>
  );
}

interface ChoiceProps {
  readonly name: string;
  readonly value: string;
  /** Value and words. */
  readonly options: readonly (readonly [string, string])[];
  readonly onChoose: (value: string) => void;
}

function Choice({ name, value, options, onChoose }: ChoiceProps): JSX.Element {
  return (
    <select
      aria-label={name}
      value={value}
      data-active={value !== ""}
      onChange={(event) => onChoose(event.currentTarget.value)}
    >
      {options.map(([option, words]) => (
        <option key={option} value={option}>
          {words}
        </option>
      ))}
    </select>
  );
}
