import type { Tokens } from 'marked';
import { describe, expect, it } from 'vitest';
import { decodeEntities, readMarkdown, safeHref } from './read-markdown.ts';
import { toggleTask } from './toggle-task.ts';

describe('safeHref', () => {
  it.each(['https://example.org/a?b=c', 'http://example.org/', 'mailto:ada@example.org'])('follows %s', (href) => {
    expect(safeHref(href)).toBe(href);
  });
  it.each([
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    ' javascript:alert(1)',
    'java\nscript:alert(1)',
    'java\tscript:alert(1)',
    '\u0001javascript:alert(1)',
    'vbscript:msgbox(1)',
    'data:text/html,<script>alert(1)</script>',
    'blob:https://example.org/x',
    'file:///etc/passwd',
    '//example.org',
    '/relative',
    '',
  ])('refuses %j', (href) => {
    expect(safeHref(href)).toBeNull();
  });
});

describe('decodeEntities', () => {
  it.each([
    ['a &amp; b', 'a & b'],
    ['&#65;&#x42;', 'AB'],
    ['&#0; &#xd800; &#x110000;', '\ufffd \ufffd \ufffd'],
    ['&unknown; & alone', '&unknown; & alone'],
    ['&amp;lt;', '&lt;'],
  ])('%j is %j', (text, signs) => {
    expect(decodeEntities(text)).toBe(signs);
  });
});

describe('readMarkdown', () => {
  it('shows text nested beyond reason as it is', () => {
    const hostile = `${'> '.repeat(5000)}deep`;
    expect(readMarkdown(hostile).tokens).toEqual([{ type: 'text', raw: hostile, text: hostile }]);
  });

  it('does not stall on 64 KB made to be slow', () => {
    for (const unit of ['**a', '[', '![', '*a ', '_a ', '~a~', '`` `', '<a ', '> ', '- ', '[a](', '|a', '<div>\n\n']) {
      const hostile = unit.repeat(Math.ceil(65_536 / unit.length));
      const started = performance.now();
      readMarkdown(hostile);
      // Unbounded, the first one took 3,500 ms; the room is for a busy machine.
      expect(performance.now() - started, unit).toBeLessThan(1000);
    }
  });

  it('still reads a long paragraph of ordinary writing', () => {
    const long = 'Some **words** and so on. '.repeat(200);
    const paragraph = readMarkdown(long).tokens[0];
    expect(paragraph && 'tokens' in paragraph && paragraph.tokens?.some((token) => token.type === 'strong')).toBe(true);
  });

  it('numbers the task boxes from the top, nested ones in place', () => {
    const tree = readMarkdown('- [ ] a\n  - [x] b\n- [ ] c');
    expect([...tree.taskIndex.values()]).toEqual([0, 1, 2]);
  });
});

/** Whether each task box that is shown is set. */
const checkedOf = (source: string): boolean[] =>
  [...readMarkdown(source).taskIndex.keys()].map((item) => (item as Tokens.ListItem).checked === true);

describe('toggleTask', () => {
  const source = '# List\n- [ ] a\n  - [x] b\n```\n- [ ] not a task\n```\n1. [ ] c\n';
  it('sets the right box and nothing else', () => {
    expect(toggleTask(source, 0, true)).toBe(source.replace('- [ ] a', '- [x] a'));
    expect(toggleTask(source, 1, false)).toBe(source.replace('[x] b', '[ ] b'));
    expect(toggleTask(source, 2, true)).toBe(source.replace('1. [ ] c', '1. [x] c'));
  });
  it('changes nothing for a box that is not there', () => {
    expect(toggleTask(source, 3, true)).toBe(source);
  });
  it('finds every box that is shown, and turns that one sign', () => {
    const lines = [
      '- [ ] open',
      '* [x] done',
      '- [ ] ',
      '- [ ]',
      '- [ ]\ttab',
      '  - [ ] nested',
      '      - [X] deep',
      '1. [ ] numbered',
      '- - [ ] twice',
      '> - [ ] quoted',
      '```',
      '~~~',
      '',
      'words [ ] and - [ ] words',
      '    - [ ] indented',
      '- plain',
      '- [ ] ```',
      '- [x]\r',
    ];
    for (const one of lines)
      for (const two of lines) {
        // The first line again: it closes the fence that it opened.
        const source = [one, two, one, '- [ ] last'].join('\n');
        const before = checkedOf(source);
        for (const [index, checked] of before.entries()) {
          const next = toggleTask(source, index, !checked);
          const turned = [...source].filter((sign, at) => sign !== next[at]);
          expect(turned, JSON.stringify({ source, index })).toHaveLength(1);
          expect(checkedOf(next)).toEqual(before.with(index, !checked));
        }
      }
  });
  it('leaves code alone, however many boxes it shows', () => {
    const code = `\`\`\`\n${'- [ ] code\n'.repeat(500)}\`\`\`\n`;
    expect(toggleTask(`${code}- [ ] real\n- [ ] `, 0, true)).toBe(`${code}- [x] real\n- [ ] `);
    expect(toggleTask('text\n\n    - [ ] code\n\n- [ ] real', 0, true)).toBe('text\n\n    - [ ] code\n\n- [x] real');
  });
  it('changes nothing for a box that is like that already', () => {
    expect(toggleTask(source, 1, true)).toBe(source);
  });
});
