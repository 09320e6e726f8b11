import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { engines } from '@manara/testkit/engines';
import { RawClient } from '@manara/testkit/raw-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../client.ts';
import { inTransaction } from '../in-transaction.ts';

// Only real Postgres runs transactions side by side: what is wrong here passes on one session.
const postgres = engines.filter((engine) => engine.name === 'postgres');

describe.each(postgres)('ingest under concurrency on $name', (engine) => {
  let db: Database;

  beforeAll(async () => {
    db = await engine.open();
  });
  afterAll(() => db.close());

  it('cursor by transaction start time skips late commits: no, of 50 writers and one held open no reader skips a record', {
    timeout: 60_000,
  }, async () => {
    const ada = await RawClient.create(db, `ada-${randomUUID()}`);
    const now = Date.now();
    const writers = Array.from({ length: 50 }, (_, index) => ada.sibling(index.toString(16).padStart(16, '0')));
    const other = await RawClient.create(db, `bob-${randomUUID()}`);

    let reading = true;
    const read = async () => {
      const seen = new Map<string, number>();
      let cursor = 0;
      while (reading || cursor < (await ada.page(cursor, 1)).head) {
        const page = await ada.page(cursor, 7);
        for (const record of page.records) {
          expect(record.seq).toBeGreaterThan(cursor);
          seen.set(record.id, record.seq);
          cursor = record.seq;
        }
        if (!page.more) cursor = page.cursor;
      }
      return seen;
    };
    const readers = [read(), read(), read()];

    const holding = inTransaction(db, { role: 'app', spaceId: ada.space }, async (tx) => {
      // Writes first and commits last, as a slow batch does.
      await tx`select seq from sync_heads where space_id = ${ada.space} for update`;
      await sleep(1500);
    });
    const ids: string[] = [];
    const write = async (writer: RawClient) => {
      for (let batch = 0; batch < 4; batch++) {
        const id = randomUUID();
        ids.push(id);
        await writer.pushed([writer.todo(id, 'x', writer.stamp(now, batch))]);
      }
    };
    const writing = Promise.all(writers.map(write));
    // another space is not held up by it
    await other.pushed([other.todo(randomUUID(), 'x', other.stamp(now))]);
    await holding;
    await writing;
    reading = false;
    for (const seen of await Promise.all(readers)) {
      expect([...seen.keys()].sort()).toEqual([...ids].sort());
    }
    expect((await ada.page(0, 1000)).head).toBe(200);
  });

  it('writers of the same record converge on the greatest stamp, and nothing is lost', async () => {
    const ada = await RawClient.create(db, `ada-${randomUUID()}`);
    const now = Date.now();
    const id = randomUUID();
    const writers = Array.from({ length: 12 }, (_, index) => ada.sibling((index + 1).toString(16).padStart(16, '0')));
    const fields = ['title', 'note', 'position'];
    const write = async (writer: RawClient, index: number) => {
      for (let round = 0; round < 10; round++) {
        const name = fields[(index + round) % fields.length] ?? '';
        await writer.pushed([writer.op('todos', id, { [name]: [`${index}.${round}`, writer.stamp(now, round)] })]);
      }
    };
    await Promise.all(writers.map(write));
    const [record] = (await ada.page()).records;
    const log = await inTransaction(
      db,
      { role: 'app', spaceId: ada.space },
      (tx) => tx<{ cells: Record<string, { stamp: string; value: string }> }[]>`select cells from changes`,
    );
    expect(log).toHaveLength(120);
    for (const name of fields) {
      const cells = log.flatMap(({ cells }) => (cells[name] ? [cells[name]] : []));
      const greatest = cells.reduce((a, b) => (b.stamp > a.stamp ? b : a));
      expect(record?.fields[name]).toEqual([greatest.value, greatest.stamp]);
    }
  });

  it('batches over two spaces in either order do not lock each other out', async () => {
    const a = await RawClient.create(db, `a-${randomUUID()}`);
    const b = await RawClient.create(db, `b-${randomUUID()}`);
    await inTransaction(db, { role: 'accounts' }, async (tx) => {
      const owner = await tx<
        { account: string }[]
      >`select account_id as account from space_members where space_id = ${a.space}`;
      await tx`insert into space_members (space_id, account_id, role) values (${b.space}, ${owner[0]?.account ?? ''}, 'editor')`;
    });
    const now = Date.now();
    const writers = Array.from({ length: 8 }, (_, index) => a.sibling((index + 1).toString(16).padStart(16, '0')));
    const into = (writer: RawClient, space: string) =>
      writer.op('todos', randomUUID(), { title: ['x', writer.stamp(now)] }, { space });
    await Promise.all(
      writers.map(async (writer, index) => {
        const spaces = index % 2 ? [a.space, b.space] : [b.space, a.space];
        for (let round = 0; round < 10; round++) {
          const reply = await writer.pushed(spaces.map((space) => into(writer, space)));
          expect(reply.results.map((result) => result.status)).toEqual(['ok', 'ok']);
        }
      }),
    );
    expect((await b.page()).head).toBe(80);
  });

  it('1,000 interleaved requests of two accounts on pooled connections show each its own records alone', async () => {
    const accounts = await Promise.all(
      ['ada', 'bob'].map(async (name) => {
        const client = await RawClient.create(db, `${name}-${randomUUID()}`);
        await client.pushed([client.todo(randomUUID(), name, client.stamp(Date.now()))]);
        return { name, client };
      }),
    );
    const requests = Array.from({ length: 1000 }, async (_, index) => {
      const { name, client } = accounts[index % 2] ?? { name: '', client: undefined };
      const page = await client?.page();
      expect(page?.records.map((record) => record.fields.title?.[0])).toEqual([name]);
    });
    await Promise.all(requests);
  });
});
