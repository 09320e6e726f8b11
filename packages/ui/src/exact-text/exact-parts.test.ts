import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exactParts } from './exact-parts.ts';

const shown = (text: string): string =>
  exactParts(text)
    .map((part) => ('text' in part ? part.text : `⟨${part.hidden}⟩`))
    .join('');

describe('exactParts', () => {
  it.each([
    ['zero width', 'pay\u200Bpal', 'pay⟨U+200B⟩pal'],
    ['a joiner between Latin letters', 'pay\u200Cpal', 'pay⟨U+200C⟩pal'],
    ['a bidi override', 'a\u202Eb\u202Cc', 'a⟨U+202E⟩b⟨U+202C⟩c'],
    ['isolates', '\u2066x\u2069', '⟨U+2066⟩x⟨U+2069⟩'],
    ['soft hyphens', 'in\u00ADvoice', 'in⟨U+00AD⟩voice'],
    ['a carriage return alone', 'a\rb', 'a⟨U+000D⟩b'],
    ['an escape', '\u001B[31m', '⟨U+001B⟩[31m'],
    ['fillers', 'a\u3164b', 'a⟨U+3164⟩b'],
    ['line separators', 'a\u2028b', 'a⟨U+2028⟩b'],
    ['a byte order mark', '\uFEFFa', '⟨U+FEFF⟩a'],
    ['a joiner that joins nothing', 'a \u200D b', 'a ⟨U+200D⟩ b'],
    [
      'a message in tags',
      `ok${[...'delete'].map((c) => String.fromCodePoint(0xe0000 + c.charCodeAt(0))).join('')}`,
      'ok⟨6 hidden characters⟩',
    ],
  ])('names %s', (_what, text, expected) => expect(shown(text)).toBe(expected));

  it.each([
    ['plain text', 'Send the invoice – 12 €'],
    ['lines and tabs', 'a\n\tb\r\nc'],
    ['emoji', '❤️ 👩‍👩‍👧 👍🏽 1️⃣ 🏳️‍🌈 👩🏽‍🚀'],
    ['Persian', 'می‌خواهم'],
    ['Hindi', 'क्‍ष'],
    ['Arabic and Hebrew', 'مرحبا שלום'],
  ])('leaves %s as it is', (_what, text) => expect(exactParts(text)).toEqual([{ text }]));

  it('shows nothing that cannot be seen, and leaves no other character out', () => {
    const hostile = fc.constantFrom('a', '\u200B', '\u202E', '\u{E0041}', '👩', '\u200D', '\uFE0F', ' ', '\u0000', 'é');
    fc.assert(
      fc.property(fc.string({ unit: hostile, maxLength: 30 }), (text) => {
        const plain = exactParts(text).flatMap((part) => ('text' in part ? [part.text] : []));
        expect(plain.join('')).not.toMatch(/[\u200B\u202E\u{E0041}\0]/u);
        const visible = (all: string) => all.replace(/\u200B|\u200D|\u202E|\uFE0F|\u{E0041}|\0/gu, '');
        expect(visible(plain.join(''))).toBe(visible(text));
      }),
    );
  });
});
