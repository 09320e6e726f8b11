import { createHash, randomUUID } from 'node:crypto';
import { engines } from '@manara/testkit/engines';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { another, type Cell, Installation, type PulledRecord, type Reply, send, signUp } from './independent-client.ts';
import { type ServerUnderTest, startServer } from './server-under-test.ts';

/** The digest as the protocol words it: XOR of the first 16 hex digits of MD5 of `table|id|field|stamp`. */
function digestOf(records: PulledRecord[]): string {
  let bits = BigInt(0);
  for (const { table, id, fields, deleted } of records) {
    const stamps = Object.entries(fields).map(([field, cell]) => [field, cell[1]]);
    if (deleted) stamps.push(['$deleted', deleted[1]]);
    for (const [field, stamp] of stamps) {
      const md5 = createHash('md5').update(`${table}|${id}|${field}|${stamp}`).digest('hex');
      bits ^= BigInt(`0x${md5.slice(0, 16)}`);
    }
  }
  return bits.toString(16).padStart(16, '0');
}

describe.each(engines)('pull, get and digest on $name', (engine) => {
  let server: ServerUnderTest;
  let ada: Installation;

  beforeAll(async () => {
    server = await startServer(engine);
  });
  afterAll(async () => {
    await server.stop();
    expect(server.logged).toEqual([]);
  });
  beforeEach(async () => {
    ada = await signUp(server.url);
  });

  const failure = (reply: Reply) => [reply.status, reply.body.error?.code];

  it('answers as the protocol shows it', async () => {
    const id = randomUUID();
    const stamp = ada.stamp();
    await ada.push([ada.op({ title: ['Buy milk', stamp] }, { id })]);
    const reply = await ada.pull();
    expect(reply.body).toEqual({
      epoch: ada.epoch,
      removed: [],
      serverTime: expect.any(Number),
      spaces: {
        [ada.space]: {
          head: 1,
          cursor: 1,
          more: false,
          reset: false,
          horizon: 0,
          records: [
            { table: 'todos', id, seq: 1, fields: { title: ['Buy milk', stamp] }, actor: ada.actor, actorOf: {} },
          ],
        },
      },
    });
  });

  it('pages with rising seq, each record once, and ends at the head', async () => {
    await ada.push(Array.from({ length: 10 }, (_, index) => ada.todo(`t${index}`)));
    const seqs: number[] = [];
    let cursor = 0;
    for (let more = true; more; ) {
      const page = await ada.page(cursor, { limit: 3 });
      expect(page.records.length).toBeLessThanOrEqual(3);
      seqs.push(...page.records.map((record) => record.seq));
      ({ cursor, more } = page);
    }
    expect(seqs).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(cursor).toBe(10);
  });

  it("a client's own writes come back, and a changed record comes once under its new number", async () => {
    const id = randomUUID();
    await ada.push([ada.todo('a', id), ada.todo('b')]);
    await ada.push([ada.todo('c', id)]);
    const { records, head } = await ada.page();
    expect(records.map((record) => record.seq)).toEqual([2, 3]);
    expect(head).toBe(3);
    expect((await ada.page(2)).records.map((record) => record.id)).toEqual([id]);
  });

  it('a page ends at 4 MiB', async () => {
    for (let batch = 0; batch < 6; batch++) {
      const notes = Array.from({ length: 2 }, () =>
        ada.op({ body: ['é'.repeat(240_000), ada.stamp()] }, { table: 'notes' }),
      );
      expect((await ada.push(notes)).status).toBe(200);
    }
    const first = await ada.pull();
    expect(Buffer.byteLength(first.text)).toBeLessThan(4_194_304 + 1000);
    const page = first.body.spaces[ada.space];
    expect(page?.more).toBe(true);
    const rest = await ada.page(page?.cursor);
    expect((page?.records.length ?? 0) + rest.records.length).toBe(12);
  });

  it('a cursor past the head is cursor_ahead', async () => {
    await ada.push([ada.todo('a')]);
    expect(failure(await ada.pull(2))).toEqual([409, 'cursor_ahead']);
    expect((await ada.pull(1)).status).toBe(200);
  });

  it('spaces that one may not read are removed, unknown ones alike', async () => {
    const bob = await signUp(server.url);
    await bob.push([bob.todo('secret')]);
    const asked = [bob.space, randomUUID(), 'nonsense', '__proto__', ''];
    const cursors = Object.fromEntries([[ada.space, 0], ...asked.map((space) => [space, 0])]);
    const text = JSON.stringify({ protocol: 1, client: ada.client, epoch: ada.epoch, cursors: {} }).replace(
      '"cursors":{}',
      `"cursors":${JSON.stringify(cursors).replace('}', ',"__proto__":0}')}`,
    );
    const response = await fetch(`${server.url}/v1/sync/pull`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ada.token}`, 'content-type': 'application/json' },
      body: text,
    });
    const body = (await response.json()) as { removed: string[]; spaces: object };
    expect([...body.removed].sort()).toEqual([...asked].sort());
    expect(Object.keys(body.spaces)).toEqual([ada.space]);
    expect(JSON.stringify(body)).not.toContain('secret');
  });

  it('tables narrows a bootstrap; unknown names are ignored', async () => {
    await ada.push([ada.todo('t'), ada.op({ title: ['n', ada.stamp()] }, { table: 'notes' })]);
    const { records } = await ada.page(0, { tables: ['notes', 'nope', '__proto__'] });
    expect(records.map((record) => record.table)).toEqual(['notes']);
  });

  it('tells the actor of the greatest stamp and those of other fields', async () => {
    const id = randomUUID();
    const ai = { kind: 'ai', id: randomUUID(), name: 'Planner' };
    await ada.push([ada.todo('mine', id), ada.op({ note: ['its', ada.stamp()] }, { id, actor: ai })]);
    const [record] = (await ada.page()).records;
    expect(record?.actor).toEqual(ai);
    expect(record?.actorOf).toEqual({ title: ada.actor });
  });

  describe('wait', () => {
    it('holds the reply until a head passes its cursor', async () => {
      const second = await another(ada);
      const started = performance.now();
      const held = ada.page(0, { wait: 20 });
      await new Promise((resolve) => setTimeout(resolve, 300));
      await second.push([second.todo('news')]);
      const page = await held;
      expect(page.records).toHaveLength(1);
      const ms = performance.now() - started;
      expect(ms).toBeGreaterThan(250);
      expect(ms).toBeLessThan(10_000);
    });

    it('a head that passes its cursor ends the wait, whatever the tables asked for', async () => {
      const held = ada.page(0, { wait: 20, tables: ['notes'] });
      await new Promise((resolve) => setTimeout(resolve, 300));
      const started = performance.now();
      await ada.push([ada.todo('no note')]);
      expect(await held).toMatchObject({ head: 1, cursor: 1, more: false, records: [] });
      expect(performance.now() - started).toBeLessThan(10_000);
    });

    it('a session that ended meanwhile is told nothing of what came after', async () => {
      const credentials = { email: `${randomUUID()}@example.org`, password: 'correct horse battery' };
      const signIn = async (path: string) => {
        const headers = { 'x-forwarded-for': '2001:db8::2' };
        const { token } = (await send(server.url, 'POST', path, { json: credentials, headers })).body;
        return new Installation(server.url, token, await send(server.url, 'GET', '/v1/me', { token }));
      };
      const laptop = await signIn('/v1/auth/sign-up/email');
      const phone = await signIn('/v1/auth/sign-in/email');
      expect((await phone.pull()).status).toBe(200);
      const held = phone.pull(0, { wait: 20 });
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect((await laptop.call('DELETE', `/v1/devices/${phone.client}`)).status).toBe(200);
      await laptop.push([laptop.todo('after the phone was lost')]);
      expect(failure(await held)).toEqual([401, 'unauthenticated']);
    });

    it('answers at once when there is news, and with nothing when the time is up', async () => {
      const started = performance.now();
      expect((await ada.page(0, { wait: 1 })).records).toEqual([]);
      expect(performance.now() - started).toBeGreaterThan(900);
      await ada.push([ada.todo('a')]);
      expect((await ada.page(0, { wait: 20 })).records).toHaveLength(1);
    });

    it('a head of another account wakes nobody', async () => {
      const bob = await signUp(server.url);
      const held = ada.pull(0, { wait: 1 });
      await bob.push([bob.todo('x')]);
      const started = performance.now();
      expect((await held).body.spaces[ada.space]?.records).toEqual([]);
      expect(performance.now() - started).toBeGreaterThan(300);
    });
  });

  describe('get', () => {
    const get = (more: Record<string, unknown>) =>
      ada.call('POST', '/v1/sync/get', { space: ada.space, table: 'todos', ids: [], ...more });

    it('answers the records that exist, with the head', async () => {
      const id = randomUUID();
      await ada.push([ada.todo('a', id)]);
      const { body } = await get({ ids: [id, randomUUID()] });
      expect(body).toMatchObject({ head: 1, records: [{ table: 'todos', id, seq: 1 }] });
      expect(body.records).toHaveLength(1);
    });

    it('leaves none out, however large they are, and ends with the head', async () => {
      const notes = Array.from({ length: 14 }, () => randomUUID());
      for (const id of notes) {
        const body = `${id} ${'é'.repeat(260_000)}`;
        expect((await ada.push([ada.op({ body: [body, ada.stamp()] }, { table: 'notes', id })])).status).toBe(200);
      }
      const reply = await get({ table: 'notes', ids: [randomUUID(), ...notes.toReversed(), randomUUID()] });
      expect(reply.status).toBe(200);
      expect(reply.headers.get('content-type')).toBe('application/json');
      expect(Object.keys(reply.body)).toEqual(['records', 'head']);
      expect(reply.body.head).toBe(14);
      const told = reply.body.records.map(({ id, seq, fields }) => [id, seq, String(fields.body?.[0]).length]);
      expect(told).toEqual(notes.map((id, index) => [id, index + 1, 260_037]));

      // Who goes away in the middle of it is no failure of the server.
      const gone = new AbortController();
      const left = await fetch(`${server.url}/v1/sync/get`, {
        method: 'POST',
        headers: { authorization: `Bearer ${ada.token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ space: ada.space, table: 'notes', ids: notes }),
        signal: gone.signal,
      });
      await left.body?.getReader().read();
      gone.abort();
      expect((await get({})).status).toBe(200);
    });

    it("another account's space and an unknown one are 404 alike", async () => {
      const bob = await signUp(server.url);
      const id = randomUUID();
      await bob.push([bob.todo('secret', id)]);
      const replies = await Promise.all([bob.space, randomUUID(), 'x'].map((space) => get({ space, ids: [id] })));
      expect(replies.map(failure)).toEqual(Array(3).fill([404, 'not_found']));
    });
  });

  describe('digest', () => {
    const digest = async (more: Record<string, unknown> = {}) =>
      (await ada.call('POST', '/v1/sync/digest', { space: ada.space, ...more })).body;

    it('equals what a client computes, and leads by bisection to the record that differs', async () => {
      await ada.push([
        ...Array.from({ length: 40 }, (_, index) => ada.todo(`t${index}`)),
        ada.op({ body: ['f', ada.stamp()] }, { table: 'feedback' }),
        ada.op({ title: ['n', ada.stamp()] }, { table: 'notes', deleted: [true, ada.stamp()] }),
      ]);
      const records: PulledRecord[] = (await ada.page()).records;
      expect(await digest()).toMatchObject({ head: 42, digest: digestOf(records) });

      // this client's copy of one record is another one
      const odd = records[17] as PulledRecord;
      const copy = records.map((record) =>
        record === odd ? { ...record, fields: { title: ['?', ada.stamp()] as Cell } } : record,
      );
      const partsOf = (list: PulledRecord[], key: (record: PulledRecord) => string) => {
        const groups = Map.groupBy(list, key);
        return Object.fromEntries([...groups].map(([name, group]) => [name, digestOf(group)]));
      };
      const differing = (own: Record<string, string>, theirs: Record<string, string>) =>
        [...new Set([...Object.keys(own), ...Object.keys(theirs)])].filter((name) => own[name] !== theirs[name]);

      const [table = ''] = differing(
        partsOf(copy, (record) => record.table),
        (await digest()).parts,
      );
      expect(table).toBe('todos');
      const inTable = copy.filter((record) => record.table === table);
      const byPrefix = await digest({ table });
      expect(byPrefix.digest).toBe(digestOf(records.filter((record) => record.table === table)));
      const [prefix = ''] = differing(
        partsOf(inTable, (record) => record.id.slice(0, 2)),
        byPrefix.parts,
      );
      expect(prefix).toBe(odd.id.slice(0, 2));
      const inPrefix = inTable.filter((record) => record.id.startsWith(prefix));
      const byId = await digest({ table, prefix });
      expect(
        differing(
          partsOf(inPrefix, (record) => record.id),
          byId.parts,
        ),
      ).toEqual([odd.id]);
    });

    it('of nothing is zero', async () => {
      expect(await digest()).toEqual({ head: 0, digest: '0000000000000000', parts: {} });
    });
  });
});
