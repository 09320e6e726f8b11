import { describe, expect, it } from 'vitest';
import { inPieces, renderAll } from './get-route.ts';

/** Long enough to be written alone. */
const [A, B, C, D, E] = [...'abcde'].map((letter) => letter.repeat(70_000)) as [string, string, string, string, string];

/** Records that are their ids, in pages of two. */
function setUp(ids: readonly string[], read = async (page: readonly string[]) => page) {
  const asked: number[] = [];
  let pauses = 0;
  const failures: unknown[] = [];
  const pages = Array.from({ length: Math.ceil(ids.length / 2) }, (_, index) => ids.slice(2 * index, 2 * index + 2));
  const [records = [], ...later] = pages.map((page) => page.map((id) => `"${id}"`));
  const count = async (page: readonly string[]) => {
    asked.push(page.length);
    return read(page);
  };
  const pause = async () => void pauses++;
  const body = inPieces(renderAll({ head: 7, records, later }, count, pause), (error) => failures.push(error));
  return { body, asked, failures, pauses: () => pauses };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('an answer of many records', () => {
  it('is one JSON text that ends with the head, however many pages it takes', async () => {
    const { body, asked, failures, pauses } = setUp([A, B, C, D, E]);
    expect(await new Response(body).json()).toEqual({ records: [A, B, C, D, E], head: 7 });
    expect(asked).toEqual([2, 1]);
    expect(pauses()).toBe(5);
    expect(failures).toEqual([]);
  });

  it('writes small records together', async () => {
    const small = Array.from({ length: 7 }, (_, index) => `${index}`);
    const { body, pauses } = setUp([...small, A, 'last']);
    expect(await new Response(body).json()).toEqual({ records: [...small, A, 'last'], head: 7 });
    expect(pauses()).toBe(1);
  });

  it('is read from the database no faster than it is taken, and no further when nobody takes it', async () => {
    const { body, asked } = setUp([A, B, C, D, E]);
    const reader = body.getReader();
    await reader.read();
    await reader.read();
    expect(asked).toEqual([]);
    await reader.read();
    expect(asked).toEqual([2]);
    await reader.cancel();
    expect(asked).toEqual([2]);
  });

  it('that nobody takes any more while a page is read is no failure', async () => {
    const { promise, resolve } = Promise.withResolvers<readonly string[]>();
    const { body, failures } = setUp([A, B, C], () => promise);
    const reader = body.getReader();
    await reader.read();
    await reader.read();
    const last = reader.read();
    await turn();
    const cancelled = reader.cancel();
    resolve([C]);
    await Promise.all([last, cancelled]);
    await turn();
    expect(failures).toEqual([]);
  });

  it('breaks off when the database fails, and says so in the log', async () => {
    const gone = new Error('the database is gone');
    const { body, failures } = setUp([A, B, C], () => Promise.reject(gone));
    await expect(new Response(body).text()).rejects.toThrow('the answer was cut off');
    expect(failures).toEqual([gone]);
  });

  it('breaks off when the space may not be read any more: what is missing would be taken for no record', async () => {
    const { body, failures } = setUp([A, B, C, D], async (page) => page.slice(1));
    await expect(new Response(body).text()).rejects.toThrow('the answer was cut off');
    expect(failures).toMatchObject([{ code: 'not_found' }]);
  });
});
