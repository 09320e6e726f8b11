import { expect, it } from 'vitest';
import { Api } from './api.ts';

const answering = (status: number, body: string): Api => new Api(async () => new Response(body, { status }));

it('reads our errors and those of the auth library', async () => {
  const ours = await answering(
    401,
    '{"error":{"code":"unauthenticated","message":"no","requestId":"r","retryable":false}}',
  ).me();
  expect(ours).toMatchObject({ ok: false, error: { code: 'unauthenticated', status: 401 } });
  const theirs = await answering(401, '{"code":"INVALID_EMAIL_OR_PASSWORD","message":"no"}').signIn({
    email: 'a',
    password: 'b',
  });
  expect(theirs).toMatchObject({ ok: false, error: { code: 'INVALID_EMAIL_OR_PASSWORD' } });
});

it('knows no answer and a proxy that answers for the server', async () => {
  const cut = await new Api(async () => Promise.reject(new TypeError('Failed to fetch'))).planner();
  expect(cut).toMatchObject({ ok: false, error: { code: 'offline' } });
  expect(await answering(502, '<html>').planner()).toMatchObject({
    ok: false,
    error: { code: 'internal', status: 502 },
  });
  expect(await answering(200, '<html>').planner()).toMatchObject({ ok: false, error: { code: 'internal' } });
  expect(await answering(429, '').planner()).toMatchObject({ ok: false, error: { code: 'rate_limited' } });
});

it('takes the personal space of the account', async () => {
  const user = { id: 'u1', email: 'ada@example.com', name: 'Ada' };
  const spaces = [
    { id: 's2', kind: 'shared', role: 'editor' },
    { id: 's1', kind: 'personal', role: 'owner' },
  ];
  expect(await answering(200, JSON.stringify({ user, spaces })).me()).toEqual({
    ok: true,
    value: { ...user, space: 's1' },
  });
});
