import { describe, expect, it } from 'vitest';
import { createRunLoop, type LoopDeps } from './run-loop.ts';
import { systemClock } from './seams.ts';

type Job = { readonly name: string };

/** A queue in memory and runs that end when the test says so. */
function fixture(overrides: Partial<LoopDeps<Job>> = {}) {
  const queue: Job[] = [];
  const started: string[] = [];
  const stopped: string[] = [];
  const finish = new Map<string, () => void>();
  const errors: unknown[] = [];
  let claims = 0;
  let atOnce = 0;
  let mostAtOnce = 0;
  const loop = createRunLoop<Job>({
    clock: systemClock,
    tickMs: 20,
    concurrency: 2,
    claim: async (limit) => {
      claims++;
      const runs = queue.splice(0, limit);
      return { runs, report: { due: runs.length } };
    },
    execute: async (job, signal) => {
      started.push(job.name);
      mostAtOnce = Math.max(mostAtOnce, ++atOnce);
      if (job.name.startsWith('bad')) {
        atOnce--;
        throw new Error(job.name);
      }
      await new Promise<void>((resolve) => {
        if (!job.name.startsWith('slow')) return resolve();
        finish.set(job.name, resolve);
        signal.addEventListener('abort', () => {
          stopped.push(job.name);
          resolve();
        });
      });
      atOnce--;
      return { plansProduced: 1, plansWrittenBack: 1 };
    },
    onError: (error) => errors.push(error),
    ...overrides,
  });
  return { loop, queue, started, stopped, finish, errors, claims: () => claims, mostAtOnce: () => mostAtOnce };
}

const jobs = (...names: string[]): Job[] => names.map((name) => ({ name }));
const until = async (holds: () => boolean) => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 2));
};

describe('the run loop', () => {
  it('one failing mission never stops others', async () => {
    const { loop, queue, started, errors } = fixture();
    queue.push(...jobs('a', 'bad', 'b', 'c'));
    expect(await loop.tick()).toEqual({
      due: 4,
      claimed: 4,
      plansProduced: 3,
      parseFailures: 0,
      plansWrittenBack: 3,
      errors: 1,
    });
    expect(started).toEqual(['a', 'bad', 'b', 'c']);
    expect(errors).toHaveLength(1);
  });

  it('never runs more at once than its bound', async () => {
    const { loop, queue, mostAtOnce } = fixture({ concurrency: 3 });
    queue.push(...jobs(...Array.from({ length: 50 }, (_, n) => `job ${n}`)));
    expect((await loop.tick()).claimed).toBe(50);
    expect(mostAtOnce()).toBeLessThanOrEqual(3);
  });

  it('ticks never overlap: of 100 at once two run, and each job once', async () => {
    const { loop, queue, started, finish, claims } = fixture();
    queue.push(...jobs('slow'));
    const ticks = Array.from({ length: 100 }, () => loop.tick());
    await until(() => finish.has('slow'));
    expect(claims()).toBeLessThanOrEqual(2);
    finish.get('slow')?.();
    const reports = await Promise.all(ticks);
    expect(started).toEqual(['slow']);
    expect(reports.filter((report) => report.claimed === 1)).toHaveLength(1);
    expect(new Set(reports).size).toBe(2);
  });

  it('a tick answers for what the loop had already begun', async () => {
    const { loop, queue, finish } = fixture();
    const ending = new AbortController();
    const running = loop.run(ending.signal);
    queue.push(...jobs('slow'));
    await until(() => finish.has('slow'));
    const tick = loop.tick();
    finish.get('slow')?.();
    expect(await tick).toMatchObject({ claimed: 1, plansWrittenBack: 1 });
    ending.abort();
    await running;
  });

  it('looks for work by itself, and at once when woken', async () => {
    const { loop, queue, started } = fixture({ tickMs: 60_000 });
    const ending = new AbortController();
    const running = loop.run(ending.signal);
    await new Promise((resolve) => setTimeout(resolve, 10));
    queue.push(...jobs('a'));
    loop.wake();
    await until(() => started.length === 1);
    ending.abort();
    await running;
  });

  it('a slow run does not hold up the others', async () => {
    const { loop, queue, started, finish } = fixture();
    const ending = new AbortController();
    const running = loop.run(ending.signal);
    queue.push(...jobs('slow', 'a', 'b', 'c'));
    await until(() => started.length === 4);
    expect(finish.has('slow')).toBe(true);
    ending.abort();
    await running;
  });

  it('stops, tells the runs under way, and is drained when they have ended', async () => {
    const { loop, queue, stopped, finish, claims } = fixture();
    const running = loop.run(new AbortController().signal);
    queue.push(...jobs('slow one', 'slow two', 'never'));
    await until(() => finish.size === 2);
    loop.stop();
    await Promise.all([running, loop.drain()]);
    expect(stopped.sort()).toEqual(['slow one', 'slow two']);
    const before = claims();
    expect(await loop.tick()).toMatchObject({ claimed: 0 });
    expect(claims()).toBe(before);
    expect(queue).toEqual(jobs('never'));
  });

  it('goes on after a claim that failed', async () => {
    let failures = 0;
    const { loop, errors } = fixture({
      claim: async () => {
        failures++;
        if (failures < 3) throw new Error('the database is away');
        return { runs: [], report: {} };
      },
    });
    const ending = new AbortController();
    const running = loop.run(ending.signal);
    await until(() => failures >= 3);
    expect(errors).toHaveLength(2);
    ending.abort();
    await running;
  });
});
