import { expect, test } from 'vitest';
import { interleave } from './interleave.ts';

test('sides take turns, in an order that turns too, and warm-ups are not counted', async () => {
  const order: string[] = [];
  const side = (name: string, cost: number) => async (round: number) => {
    order.push(`${name}${round}`);
    return cost + round;
  };
  const timings = await interleave({ a: side('a', 100), b: side('b', 200) }, { warmUps: 1, rounds: 3 });
  expect(order).toEqual(['a0', 'b0', 'b1', 'a1', 'a2', 'b2', 'b3', 'a3']);
  expect(timings).toEqual({ a: [101, 102, 103], b: [201, 202, 203] });
});
