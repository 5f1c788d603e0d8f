/** An instant typed in the park's time. */
import { ZONE_NAME } from '../app/format.ts';
import { Field } from './Field.tsx';

const ZONE_MS = 8 * 3_600_000;

/** What the control shows for an instant: its wall clock in the park. */
export const wallClock = (at: number): string => new Date(at + ZONE_MS).toISOString().slice(0, 16);
/** ISO 8601 in UTC, or '' while it is no instant. */
export const instantOf = (wall: string): string => {
  const at = Date.parse(`${wall}:00+08:00`);
  return Number.isNaN(at) ? '' : new Date(at).toISOString();
};

interface Props {
  label: string;
  value: string;
  onChange: (wall: string) => void;
  error?: string;
  hint?: string;
  optional?: boolean;
  /** Epoch ms. */
  min?: number;
  max?: number;
}

export const InstantField = ({ label, value, onChange, error, hint, optional, min, max }: Props) => (
  <Field label={`${label} (${ZONE_NAME})`} error={error} hint={hint} optional={optional}>
    {(control) => (
      <input {...control} type="datetime-local" value={value} min={min === undefined ? undefined : wallClock(min)} max={max === undefined ? undefined : wallClock(max)} onChange={(e) => onChange(e.target.value)} />
    )}
  </Field>
);
