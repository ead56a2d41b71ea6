/** The choice of a priority, the most urgent first. */
import type { JSX } from "preact";

interface PrioritySelectProps {
  readonly id?: string;
  readonly value: number;
  readonly onChoose: (priority: number) => void;
}

export function PrioritySelect({ id, value, onChoose }: PrioritySelectProps): JSX.Element {
  return (
    <select id={id} value={String(value)} onChange={(event) => onChoose(Number(event.currentTarget.value))}>
      {Array.from({ length: 10 }, (_, place) => 9 - place).map((priority) => (
        <option key={priority} value={String(priority)}>
          {priority}
        </option>
      ))}
    </select>
  );
}
