import { expect, it } from 'vitest';
import { tellError } from './service-log.ts';

it('tells of an error what it is and where it arose, and nothing that a person wrote', () => {
  const error = Object.assign(new Error('value "ada@example.org" is\n    at home\n too long'), {
    name: 'PostgresError',
    code: '23505',
    detail: 'Key (email)=(ada@example.org) already exists.',
    where: 'COPY user, line 1: "ada@example.org"',
    constraint_name: 'user_email_key',
    query: "insert into auth.user values ('ada@example.org')",
  });
  const told = tellError(error);
  expect(told).toEqual({
    name: 'PostgresError',
    code: '23505',
    constraint: 'user_email_key',
    stack: expect.stringMatching(/^\n {4}at .*service-log\.test\.ts/),
  });
  expect(JSON.stringify(told)).not.toMatch(/ada@|at home/);
});

it('takes whatever was thrown', () => {
  expect(tellError('ada@example.org')).toEqual({ name: 'string' });
  expect(tellError(new TypeError(''))).toMatchObject({ name: 'TypeError', code: undefined });
});
