import { describe, expect, it } from 'vitest';
import { pastedTodos } from './pasted-todos.ts';

describe('pasted text', () => {
  it('is one todo a line, without the marks of a list', () => {
    expect(pastedTodos('Milk\nBread\r\n\n  - cheese\n* eggs\n1. [ ] tea\n2) jam\n- [x] salt\n+ \n• figs\n')).toEqual([
      'Milk',
      'Bread',
      'cheese',
      'eggs',
      'tea',
      'jam',
      'salt',
      'figs',
    ]);
  });

  it('keeps what only looks like a mark', () => {
    expect(pastedTodos('-5 degrees\n1.5 l milk\n*important*\n[plan] read')).toEqual([
      '-5 degrees',
      '1.5 l milk',
      '*important*',
      '[plan] read',
    ]);
  });

  it('is one todo when it has one line', () => {
    expect(pastedTodos('- Milk')).toBeNull();
    expect(pastedTodos('Milk\n')).toBeNull();
    expect(pastedTodos('\n- \n')).toBeNull();
  });
});
