import type { JsonObject, JsonValue } from '@manara/kernel/json';
import type { FormField } from '@manara/shared-ai/tool';

/** What the controls of the form hold: text for all but switches and days. */
export type FormValues = Record<string, string | boolean | null>;

/** @param shown the arguments over the row as it would be: what an argument leaves alone shows as it is */
export function valuesOf(form: readonly FormField[], shown: JsonObject): FormValues {
  return Object.fromEntries(form.map((field) => [field.name, shownValue(field, shown[field.name])]));
}

function shownValue(field: FormField, arg: JsonValue | undefined): string | boolean | null {
  if (field.kind === 'boolean') return arg === true;
  if (field.kind === 'day') return typeof arg === 'string' ? arg : null;
  if (field.kind === 'choice') return JSON.stringify(arg ?? null);
  return arg === null || arg === undefined ? '' : String(arg);
}

/** The arguments with what was changed in the form, and nothing else: what the person left alone stays absent. */
export function argsOf(
  form: readonly FormField[],
  before: JsonObject,
  shown: JsonObject,
  values: FormValues,
): JsonObject {
  const args: Record<string, JsonValue> = { ...before };
  for (const field of form) {
    const value = values[field.name] ?? null;
    if (value === shownValue(field, shown[field.name])) continue;
    args[field.name] = argOf(field, value);
  }
  return args;
}

function argOf(field: FormField, value: string | boolean | null): JsonValue {
  if (field.kind === 'choice') return JSON.parse(String(value)) as JsonValue;
  if (field.kind === 'number') return value === '' || value === null ? null : Number(value);
  return value;
}
