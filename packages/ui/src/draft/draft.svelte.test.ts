import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Draft, readLeft } from './draft.svelte.ts';

const KEY = 'manara.draft|test';
let saved: string[];
let bases: string[];
let draft: Draft;

const keep = async (text: string, basis: string): Promise<string> => {
  saved.push(text);
  bases.push(basis);
  return text.trim();
};
beforeEach(() => {
  vi.useFakeTimers();
  localStorage.clear();
  saved = [];
  bases = [];
  draft = new Draft('stored', keep, KEY);
});
afterEach(async () => {
  vi.useRealTimers();
  await draft.dispose();
});

it('saves once after a pause, and at least now and then while typing goes on', async () => {
  draft.text = 'a';
  await vi.advanceTimersByTimeAsync(200);
  draft.text = 'ab';
  await vi.advanceTimersByTimeAsync(299);
  expect(saved).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(saved).toEqual(['ab']);
  for (let at = 0; at < 20; at += 1) {
    draft.text = `typing ${at}`;
    await vi.advanceTimersByTimeAsync(100);
  }
  expect(saved.length).toBeGreaterThan(1);
});

it('saves at once when its component goes', async () => {
  draft.text = 'last';
  await draft.dispose();
  expect(saved).toEqual(['last']);
});

it('leaves the text behind when the page closes before a save has ended', async () => {
  let finish = (): void => undefined;
  const slow = new Draft('stored', () => new Promise((resolve) => (finish = () => resolve('in flight'))), KEY);
  slow.text = 'in flight';
  void slow.flush();
  dispatchEvent(new PageTransitionEvent('pagehide'));
  expect(readLeft(localStorage.getItem(KEY))).toEqual({ text: 'in flight', basis: 'stored' });
  await vi.advanceTimersByTimeAsync(0);
  finish();
  await slow.dispose();
  expect(localStorage.getItem(KEY)).toBeNull();
});

it('leaves nothing behind when all is saved', async () => {
  draft.text = 'saved';
  await draft.flush();
  dispatchEvent(new PageTransitionEvent('pagehide'));
  expect(localStorage.getItem(KEY)).toBeNull();
});

it('takes text from elsewhere only while nothing is unsaved and the hands rest', async () => {
  draft.text = 'mine';
  draft.receive('theirs');
  expect(draft.text).toBe('mine');
  await draft.flush();
  draft.receive('theirs');
  expect(draft.text).toBe('mine');
  await vi.advanceTimersByTimeAsync(1000);
  expect(draft.text).toBe('theirs');
});

it('keeps a space that was just typed when the store has tidied it away', async () => {
  draft.text = 'Buy ';
  await draft.flush();
  draft.receive('Buy');
  await vi.advanceTimersByTimeAsync(5000);
  expect(draft.text).toBe('Buy ');
});

it('keeps what was refused, says so, and tries again with the next keystroke', async () => {
  let refuses = true;
  const careful = new Draft(
    '',
    async (text, basis) => {
      if (refuses) throw new Error('no room');
      return keep(text, basis);
    },
    KEY,
  );
  careful.text = 'kept';
  await careful.flush();
  expect(careful.failed).toBe(true);
  expect(careful.text).toBe('kept');
  refuses = false;
  careful.text = 'kept!';
  await careful.flush();
  expect(careful.failed).toBe(false);
  expect(saved).toEqual(['kept!']);
  await careful.dispose();
});

it('keeps what was refused for the next time that the field is opened', async () => {
  let refuses = true;
  const save = async (text: string, basis: string) => {
    if (refuses) throw new Error('too long');
    return keep(text, basis);
  };
  const left = new Draft('short', save, KEY);
  left.text = 'too long';
  await left.dispose();
  const again = new Draft('short', save, KEY);
  expect(again.text).toBe('too long');
  await vi.advanceTimersByTimeAsync(0);
  expect(again.failed).toBe(true);
  again.receive('from elsewhere');
  expect(again.text).toBe('too long');
  refuses = false;
  again.text = 'fits';
  await again.dispose();
  expect(saved).toEqual(['fits']);
  expect(new Draft('fits', save, KEY).text).toBe('fits');
});

it('says what its text is based on: what was shown or written last, never what came in unseen', async () => {
  draft.text = 'mine ';
  draft.receive('theirs');
  await draft.flush();
  draft.text = 'mine, more';
  draft.receive('theirs, more');
  await draft.flush();
  expect(bases).toEqual(['stored', 'mine']);
  await vi.advanceTimersByTimeAsync(1000);
  expect(draft.text).toBe('theirs, more');
  draft.text = 'after theirs';
  await draft.flush();
  expect(bases.at(-1)).toBe('theirs, more');
});

it('bases a text that was left behind on what had been seen then', async () => {
  const left = new Draft('seen', () => Promise.reject(new Error('too long')), KEY);
  left.text = 'long';
  await left.dispose();
  const again = new Draft('changed since', keep, KEY);
  await vi.advanceTimersByTimeAsync(0);
  await again.dispose();
  expect([saved, bases]).toEqual([['long'], ['seen']]);
});

it('goes back to the text it had when a required field is left empty, whatever was saved on the way', async () => {
  const required = new Draft('Buy milk', keep, KEY, { required: true });
  required.receive('Buy milk');
  required.text = 'B';
  await vi.advanceTimersByTimeAsync(400);
  required.text = '';
  await vi.advanceTimersByTimeAsync(5000);
  expect(required.text).toBe('');
  expect(saved).toEqual(['B']);
  await required.flush();
  expect([required.text, required.restored, saved.at(-1), bases.at(-1)]).toEqual(['Buy milk', true, 'Buy milk', 'B']);
  required.text = ' ';
  dispatchEvent(new PageTransitionEvent('pagehide'));
  expect(localStorage.getItem(KEY)).toBeNull();
  await required.dispose();
  expect(saved).not.toContain('');
});
