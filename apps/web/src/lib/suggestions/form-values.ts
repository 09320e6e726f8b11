import type { JsonObject, JsonValue } from '@manara/kernel/json';
import type { FormField } from '@manara/shared-ai/tool';

/** What the controls of the form hold: text for all but switches and days. */
export type FormValues = Record<string, string | boolean | null>;

export function valuesOf(form: readonly FormField[], args: JsonObject): FormValues {
  return Object.fromEntries(form.map((field) => [field.name, shownValue(field, args[field.name])]));
}

function shownValue(field: FormField, arg: JsonValue | undefined): string | boolean | null {
  if (field.kind === 'boolean') return arg === true;
  if (field.kind === 'day') return typeof arg === 'string' ? arg : null;
  if (field.kind === 'choice') return JSON.stringify(arg ?? null);
  return arg === null || arg === undefined ? '' : String(arg);
}

/** Arguments with what the form says; those without a control stay. An optional one that was absent and is empty stays absent. */
export function argsOf(form: readonly FormField[], before: JsonObject, values: FormValues): JsonObject {
  const args: Record<string, JsonValue> = { ...before };
  for (const field of form) {
    const value = values[field.name] ?? null;
    if (value === shownValue(field, before[field.name])) continue;
    args[field.name] = argOf(field, value);
  }
  return args;
}

function argOf(field: FormField, value: string | boolean | null): JsonValue {
  if (field.kind === 'choice') return JSON.parse(String(value)) as JsonValue;
  if (field.kind === 'number') return value === '' || value === null ? null : Number(value);
  return value;
}
