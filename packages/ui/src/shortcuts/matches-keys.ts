/** The part of a keyboard event that decides. */
interface Press {
  key: string;
  metaKey: boolean;
  ctrlKey: boolean;
  altKey: boolean;
  shiftKey: boolean;
}

/**
 * Is this press that combination? A lone sign is compared as typed ("A" is Shift with "a", "?" wherever the layout has it),
 * "mod" is Command or Control.
 */
export function matchesKeys(keys: string, press: Press): boolean {
  const parts = keys.split('+');
  const key = parts.at(-1) ?? '';
  const mod = press.metaKey || press.ctrlKey;
  if (parts.includes('mod') !== mod || parts.includes('alt') !== press.altKey) return false;
  if (parts.length === 1) return press.key === key;
  return press.key.toLowerCase() === key.toLowerCase() && parts.includes('shift') === press.shiftKey;
}

/** A letter, digit or sign with no more than Shift: what a voice or a stray touch types by accident. */
export function isSingleKey(keys: string): boolean {
  const parts = keys.split('+');
  return (parts.at(-1) ?? '').length === 1 && !parts.includes('mod') && !parts.includes('alt');
}
