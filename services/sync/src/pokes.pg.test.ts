import { openDatabase } from '@manara/db/client';
import { freshDatabase } from '@manara/testkit/fresh-database';
import { expect, it, vi } from 'vitest';
import { sharePokes } from './pokes.ts';

it('what one server commits, the clients of another hear at once', async () => {
  const url = await freshDatabase();
  const databases = await Promise.all(['a', 'b'].map(() => openDatabase({ kind: 'postgres', url })));
  const [here, there] = await Promise.all(
    databases.map((db, at) =>
      sharePokes(db, String(at), (error) => {
        throw error;
      }),
    ),
  );
  const near = { heads: vi.fn(), run: vi.fn() };
  const far = { heads: vi.fn(), run: vi.fn() };
  here?.subscribe(['space'], near);
  there?.subscribe(['space'], far);
  const run = { missionId: null, runId: 'r', phase: 'planning', elapsedMs: 1 };
  here?.heads({ space: 1, other: 2 });
  here?.run('space', run);
  expect(near.heads.mock.calls).toEqual([[{ space: 1 }]]);
  await vi.waitFor(() => expect(far.run.mock.calls).toEqual([[run]]));
  expect(far.heads.mock.calls).toEqual([[{ space: 1 }]]);
  expect([near.heads.mock.calls.length, near.run.mock.calls.length]).toEqual([1, 1]);
  for (const db of databases) await db.close();
});
