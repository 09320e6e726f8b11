const WORD_BY_KEY: Record<string, string> = {
  enter: 'Enter',
  escape: 'Esc',
  arrowup: '↑',
  arrowdown: '↓',
  arrowleft: '←',
  arrowright: '→',
  space: 'Space',
};

/**
 * The way a key combination is printed on a button. A single letter keeps its case: "A" is Shift with "a".
 * @param keys "a", "A", "mod+k"
 * @param platform `navigator.platform`: Apple keyboards have signs, the others words
 */
export function spellKeys(keys: string, platform: string): string {
  const apple = /mac|iphone|ipad/i.test(platform);
  const parts = keys.split('+');
  const words = parts.map((part) => {
    const key = part.toLowerCase();
    if (key === 'mod') return apple ? '⌘' : 'Ctrl';
    if (key === 'shift') return apple ? '⇧' : 'Shift';
    if (key === 'alt') return apple ? '⌥' : 'Alt';
    return WORD_BY_KEY[key] ?? (parts.length > 1 ? part.toUpperCase() : part);
  });
  return words.join(apple ? '' : '+');
}

/** The same for `aria-keyshortcuts`. "mod" is named as Control: assistive technology on a Mac reads the palette instead. */
export function ariaKeys(keys: string): string {
  if (/^[A-Z]$/.test(keys)) return `Shift+${keys}`;
  return keys
    .split('+')
    .map((part) => (part === 'mod' ? 'Control' : part.length === 1 ? part.toUpperCase() : part))
    .join('+');
}
