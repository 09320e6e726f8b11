import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Engine, type EngineClient, Multiplexer } from './multiplexer.ts';
import { queryMessage } from './wire-message.ts';

const ready = (status: string) => {
  const message = Buffer.from([0x5a, 0, 0, 0, 5, 0]);
  message.write(status, 5);
  return message;
};

/** An engine that says which status each query leaves, and keeps what it was asked. */
class FakeEngine implements Engine {
  readonly asked: string[] = [];
  answer: (query: string) => Buffer = (query) => ready(/^begin/.test(query) ? 'T' : 'I');

  async exec(batch: Uint8Array): Promise<Uint8Array> {
    const query = Buffer.from(batch).toString('latin1', 5, batch.length - 1);
    this.asked.push(query);
    return this.answer(query);
  }
  snapshot = () => Promise.reject(new Error('not asked for here'));
  close = async () => {};
}

class FakeClient implements EngineClient {
  readonly delivered: Buffer[] = [];
  failure: Error | null = null;
  deliver = (bytes: Buffer) => void this.delivered.push(bytes);
  fail = (error: Error) => {
    this.failure = error;
    this.multiplexer.remove(this);
  };
  readonly multiplexer: Multiplexer;
  constructor(multiplexer: Multiplexer) {
    this.multiplexer = multiplexer;
    multiplexer.add(this);
  }
  ask = (query: string) => this.multiplexer.send(this, queryMessage(query));
}

let engine: FakeEngine;
let multiplexer: Multiplexer;
let a: FakeClient;
let b: FakeClient;
const settled = () => new Promise((resolve) => setTimeout(resolve, 5));

beforeEach(() => {
  engine = new FakeEngine();
  multiplexer = new Multiplexer(engine, 60);
  a = new FakeClient(multiplexer);
  b = new FakeClient(multiplexer);
});

afterEach(async () => {
  await settled();
});

test('a transaction keeps the engine until it is idle', async () => {
  engine.answer = (query) => ready(query === 'commit' || query === 'b1' ? 'I' : 'T');
  a.ask('begin');
  b.ask('b1');
  await settled();
  a.ask('a1');
  a.ask('commit');
  await settled();
  expect(engine.asked).toEqual(['begin', 'a1', 'commit', 'b1']);
  expect(multiplexer.idle).toBe(true);
});

test('an owner silent while others wait is ended and rolled back', async () => {
  a.ask('begin');
  b.ask('b1');
  await new Promise((resolve) => setTimeout(resolve, 120));
  expect(a.failure?.message).toContain('silent');
  expect(engine.asked).toEqual(['begin', 'rollback', 'b1']);
  expect(b.delivered).toHaveLength(1);
});

test('an owner silent with nobody waiting is left in peace', async () => {
  a.ask('begin');
  await new Promise((resolve) => setTimeout(resolve, 150));
  expect(a.failure).toBeNull();
  a.ask('commit');
  await settled();
  expect(engine.asked).toEqual(['begin', 'commit']);
});

test('a client that goes away in a transaction is rolled back', async () => {
  a.ask('begin');
  await settled();
  multiplexer.remove(a);
  b.ask('b1');
  await settled();
  expect(engine.asked).toEqual(['begin', 'rollback', 'b1']);
});

test('silence of the engine is an error and never an empty result', async () => {
  engine.answer = (query) => (query === 'deep' ? Buffer.alloc(0) : ready('I'));
  a.ask('deep');
  b.ask('b1');
  await settled();
  expect(a.failure?.message).toContain('gave no answer');
  expect(b.delivered).toHaveLength(1);
});

test('a notification reaches every client', async () => {
  const notification = Buffer.from([0x41, 0, 0, 0, 4]);
  engine.answer = () => Buffer.concat([notification, ready('I')]);
  a.ask('listen');
  await settled();
  expect(a.delivered).toEqual([ready('I'), notification]);
  expect(b.delivered).toEqual([notification]);
});
