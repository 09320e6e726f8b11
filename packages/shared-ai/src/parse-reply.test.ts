import type { JsonValue } from '@manara/kernel/json';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseReply, REPLY_CHARS_MAX } from './parse-reply.ts';
import { STEPS_MAX } from './plan-limits.ts';

const STEP = { tool: 'todo.create', args: { title: 'Buy milk' }, rationale: 'why', evidence: [], dependsOn: [] };
const PLAN = { summary: 'A plan', steps: [STEP] };
const JSON_PLAN = JSON.stringify(PLAN);
const read = (text: string) => {
  const result = parseReply(text);
  if (!result.ok) throw new Error(result.error);
  return result.value;
};

describe('reads', () => {
  it('strict JSON, with nothing to log', () =>
    expect(read(JSON_PLAN)).toEqual({ summary: 'A plan', answer: '', steps: [STEP], log: [] }));

  it.each([
    ['a code fence', `\`\`\`json\n${JSON_PLAN}\n\`\`\``],
    ['a fence without a language', `\`\`\`\n${JSON_PLAN}\n\`\`\``],
    ['prose around', `Sure! Here is {your} plan:\n${JSON_PLAN}\nLet me know [if] it helps.`],
    ['a quote in the prose', `He said "plan it, so:\n${JSON_PLAN}`],
    ['a brace in the prose that never closes', `Like { this:\n${JSON_PLAN}`],
    ['thoughts before', `<think>I could do {"a":1} or so</think>${JSON_PLAN}`],
    [
      'single quotes and trailing commas',
      `{'summary': 'A plan', 'steps': [{'tool': 'todo.create', 'args': {'title': 'Buy milk'}, 'rationale': 'why',}],}`,
    ],
    ['comments', `{"summary":"A plan", // here\n"steps":[${JSON.stringify(STEP)}]}`],
    ['a byte order mark', `\uFEFF${JSON_PLAN}`],
    ['a list of steps alone', JSON.stringify([STEP])],
    ['a step alone', JSON.stringify(STEP)],
    ['a plan in a key of its own', JSON.stringify({ plan: PLAN })],
    [
      'function-call words',
      JSON.stringify({ steps: [{ name: 'todo.create', arguments: '{"title":"Buy milk"}', reason: 'why' }] }),
    ],
    [
      'a nested function',
      JSON.stringify({
        steps: [{ type: 'function', function: { name: 'todo.create', arguments: { title: 'Buy milk' } }, why: 'why' }],
      }),
    ],
    ['extra keys', JSON.stringify({ ...PLAN, mood: 'good', steps: [{ ...STEP, color: 'red' }] })],
  ])('%s', (_name, text) => {
    const { steps } = read(text);
    expect(steps).toEqual([STEP]);
  });

  it('fence regex breaks on a parameter holding a code fence: no, it is read whole', () => {
    const body = 'Run:\n```bash\nnpm start {"steps":[]}\n```\nthen ```json\n{}\n```';
    const plan = JSON.stringify({
      summary: 's',
      steps: [{ ...STEP, tool: 'notes.create', args: { title: 't', body } }],
    });
    for (const text of [plan, `\`\`\`json\n${plan}\n\`\`\``, `Here:\n\n\`\`\`\n${plan}\n\`\`\`\nDone.`]) {
      expect(read(text).steps[0]?.args).toEqual({ title: 't', body });
    }
  });

  it('what stands before a cut end, and says so', () => {
    const two = JSON.stringify({ summary: 'A plan', steps: [STEP, { ...STEP, args: { title: 'Call Bo' } }] });
    const cut = two.slice(0, two.length - 40);
    const plan = read(cut);
    expect(plan.steps[0]).toEqual(STEP);
    expect(plan.log).toContain('Mended JSON that was not valid or was cut off.');
    expect(read(`\`\`\`json\n${cut}`).steps[0]).toEqual(STEP);
  });

  it('evidence in several shapes, and leaves out what is none', () => {
    const evidence = [
      { ref: 'notes/ABC', quote: 'x' },
      { table: 'todos', id: 'i', quote: ' y ' },
      { ref: 'notes|z', text: 'w' },
      { ref: 'nothing' },
      'prose',
      null,
    ] as JsonValue;
    expect(read(JSON.stringify({ steps: [{ ...STEP, evidence }] })).steps[0]?.evidence).toEqual([
      { table: 'notes', id: 'abc', quote: 'x' },
      { table: 'todos', id: 'i', quote: 'y' },
      { table: 'notes', id: 'z', quote: 'w' },
    ]);
  });

  it('removes NUL from what it keeps as text', () => {
    const plan = read(JSON.stringify({ summary: 'a\0b', answer: 'c\0', steps: [{ ...STEP, rationale: 'd\0\ud800' }] }));
    expect([plan.summary, plan.answer, plan.steps[0]?.rationale]).toEqual(['ab', 'c', 'd\ufffd']);
  });

  it(`10,000 calls: the first ${STEPS_MAX} are kept and the rest is counted`, () => {
    const plan = read(JSON.stringify({ steps: Array.from({ length: 10_000 }, () => STEP) }));
    expect(plan.steps).toHaveLength(STEPS_MAX);
    expect(plan.log).toEqual(['It had 10000 steps; the first 50 were kept.']);
  });

  it('keeps what is not a step, so that it is put aside with a reason', () => {
    const plan = read(JSON.stringify({ steps: ['buy milk', 5, null, [], {}] }));
    expect(plan.steps.map((step) => step.tool)).toEqual(['', '', '', '', '']);
    expect(plan.log).toContain('Step 1 is not an object.');
  });
});

describe('refuses in words', () => {
  it.each([
    ['', 'it is empty'],
    ['   \n', 'it is empty'],
    ['<!DOCTYPE html><html><body>502 {"a":1}</body></html>', 'it is a web page'],
    ['I cannot help with that.', 'it holds no JSON object'],
    ['42', 'it holds no JSON object'],
    ['{"hello":"world"}', 'it holds no JSON object'],
    ['{"steps":"all of them"}', 'its "steps" is not a list'],
    ['x'.repeat(REPLY_CHARS_MAX + 1), `it has ${REPLY_CHARS_MAX + 1} characters, more than ${REPLY_CHARS_MAX}`],
    [`{"steps":[{"tool":"t","args":${'['.repeat(40)}${']'.repeat(40)}}]}`, 'it is nested deeper than 24 levels'],
  ])('%.40s', (text, error) => expect(parseReply(text)).toEqual({ ok: false, error }));

  it.each([
    ['deep brackets', '['.repeat(100_000)],
    ['deep objects', '{"a":'.repeat(60_000)],
    ['braces that never close', '{'.repeat(REPLY_CHARS_MAX - 1)],
    ['a quote that never closes', `{"steps":["${'\\'.repeat(300_000)}`],
    ['garbage', '}{][":,'.repeat(40_000)],
  ])('%s quickly and without a throw', (_name, text) => {
    const before = performance.now();
    expect(() => parseReply(text)).not.toThrow();
    expect(performance.now() - before).toBeLessThan(1000);
  });

  it('never throws on any text, and what it reads can be stored', () => {
    const piece = fc.oneof(
      fc.string({ maxLength: 20 }),
      fc.constantFrom('{', '}', '[', ']', '"', '```', '"steps":', '"tool":"x"', ',', '\\', 'null', '\0'),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (parts) => {
        const result = parseReply(parts.join(''));
        if (result.ok) expect(JSON.stringify(result.value.summary + result.value.answer)).not.toContain('\\u0000');
      }),
      { numRuns: 500 },
    );
  });
});
