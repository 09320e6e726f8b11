import { err, ok } from '@manara/kernel/result';
import { expect, it } from 'vitest';
import { namedDevices } from './named-devices.ts';

const device = (client: string, lastSeen: number, current = false) => ({ client, firstSeen: 0, lastSeen, current });

it('names devices, the latest seen first', async () => {
  const devices = async () => ok([device('a', 1), device('b', 3, true), device('c', 2, true)]);
  const named = await namedDevices({ devices }, 'b');
  expect(named.ok && named.value.map(({ name, isThis }) => [name, isThis])).toEqual([
    ['This device', true],
    ['This browser, earlier', false],
    ['Another device', false],
  ]);
});

it('hands on why there is no answer', async () => {
  const offline = err({ code: 'offline', status: 0, message: 'no answer' });
  expect(await namedDevices({ devices: async () => offline }, 'b')).toEqual(offline);
});
