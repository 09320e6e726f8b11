import type { JsonValue } from '@manara/kernel/json';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAnswer, parseReply, REPLY_CHARS_MAX } from './parse-reply.ts';
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
    ['a list of steps named plan', JSON.stringify({ plan: [STEP] })],
    ['a list of steps named actions', JSON.stringify({ summary: 'A plan', actions: [STEP] })],
    ['a list of steps named suggestions', JSON.stringify({ summary: 'A plan', suggestions: [STEP], changes: [] })],
    ['a list of steps named changes, in a plan', JSON.stringify({ summary: 'A plan', plan: { changes: [STEP] } })],
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

  it('the summary beside a plan in a key of its own', () =>
    expect(read(JSON.stringify({ summary: 'Two', plan: { steps: [STEP] } }))).toMatchObject({
      summary: 'Two',
      steps: [STEP],
    }));

  it('an empty list under any of its names as a plan that suggests nothing', () => {
    for (const key of ['steps', 'plan', 'actions']) expect(read(JSON.stringify({ [key]: [] })).steps).toEqual([]);
  });

  describe('what stands before a cut end', () => {
    const SECOND = { ...STEP, args: { title: 'Call Bo and tell him {all}' } };
    const LEFT_OUT = 'The reply was cut off: its last step may be incomplete and was left out.';
    const two = JSON.stringify({ summary: 'A plan', steps: [STEP, SECOND] });
    const upTo = (text: string) => two.slice(0, two.indexOf(text) + text.length);

    it.each([
      ['within a text', upTo('Call Bo')],
      ['within a text that holds a bracket', upTo('tell him {')],
      ['after the arguments', upTo('{all}"}')],
      ['after a name', upTo('{all}"},"rationale"')],
      ['at the last bracket of the step', two.slice(0, two.length - 3)],
      ['in a code fence', `\`\`\`json\n${upTo('Call Bo')}`],
      ['of a list alone', `${JSON.stringify([STEP, SECOND]).slice(0, -30)}`],
      ['of a plan in a key of its own', `{"plan":${upTo('Call Bo')}`],
      ['of steps one a line', `${JSON.stringify(STEP)}\n${JSON.stringify(SECOND).slice(0, -30)}`],
    ])('%s: the step that it cuts is left out', (_name, cut) => {
      const plan = read(cut);
      expect(plan.steps).toEqual([STEP]);
      expect(plan.log).toEqual(['Mended JSON that was not valid or was cut off.', LEFT_OUT]);
    });

    it.each([
      ['after a step', two.slice(0, two.length - 2)],
      ['after a comma', `${two.slice(0, two.length - 2)},`],
      ['after the list', `${two.slice(0, two.length - 1)},"answer":"as I sa`],
    ])('%s: every step is whole and kept', (_name, cut) => {
      const plan = read(cut);
      expect(plan.steps).toEqual([STEP, SECOND]);
      expect(plan.log).not.toContain(LEFT_OUT);
    });

    it('before a step was whole says so, unless it holds an answer', () => {
      const cut = '"steps":[{"tool":"notes.update","args":{"body":"Line one and th';
      const tool = '{"tool":"notes.update","args":{"body":"Line one';
      for (const text of [`{"summary":"s",${cut}`, '{"summary":"Two things ma', '{"summary":"s","steps":[', tool])
        expect(parseReply(text), text).toEqual({ ok: false, error: 'it was cut off before its first step ended' });
      expect(read('{"summary":"Nothing to do.",}')).toMatchObject({ summary: 'Nothing to do.', steps: [] });
      expect(read(`{"answer":"It is late.",${cut}`)).toMatchObject({ answer: 'It is late.', steps: [] });
    });

    it('is told from broken quotes and single ones: those are mended and every step is kept', () => {
      const broken = (last: string) => `{"summary":"s","steps":[${JSON.stringify(STEP)},${last}]}`;
      for (const last of [
        `{"tool":"todo.create","args":{"title":"Buy a 5" pipe"}}`,
        `{"tool":"todo.create","args":{"title":"Buy "fresh" milk"}}`,
        `{'tool':'todo.create','args':{'title':'A 5" pipe for Bo'}}`,
        `{"tool":"todo.create","args":{"title":"x"},}`,
      ])
        expect(read(broken(last)).steps, last).toHaveLength(2);
    });
  });

  describe('what was meant in the end', () => {
    const DRAFT = { summary: 'A first thought', steps: [1, 2, 3].map((id) => ({ tool: 'todo.delete', args: { id } })) };
    const draft = JSON.stringify(DRAFT);

    it.each([
      ['think', `<think>Maybe ${draft}, but no.</think>\n${JSON_PLAN}`],
      ['thinking', `<thinking>Maybe ${draft}, but no.</thinking>${JSON_PLAN}`],
      ['reasoning, in capitals', `<REASONING>${draft}</REASONING>\n\`\`\`json\n${JSON_PLAN}\n\`\`\``],
      ['several thoughts', `<think>${draft}</think>Hm.<think>${draft}</think>${JSON_PLAN}`],
      ['a thought afterwards', `<think>So.</think>${JSON_PLAN}<think>Or ${draft}?</think>`],
      ['a thought whose opening tag the template keeps', `Maybe ${draft}, but no.\n</think>\n${JSON_PLAN}`],
      [
        'a thought that names its own tag',
        `<think>In <think> I say ${draft}</think> or so ${draft}</think>${JSON_PLAN}`,
      ],
      ['a thought with a quote and a brace that never close', `<think>Like { "this ${draft}</think>${JSON_PLAN}`],
      ['no tags', `First ${draft}. Better:\n${JSON_PLAN}`],
    ])('is taken, not a discarded draft: %s', (_name, text) =>
      expect(read(text)).toMatchObject({ summary: 'A plan', steps: [STEP] }),
    );

    it('is taken also when it is cut and the draft is whole', () => {
      const cut = JSON.stringify({ summary: 'A plan', steps: [STEP, STEP] }).slice(0, -20);
      expect(read(`<think>${draft}</think>${cut}`)).toMatchObject({ summary: 'A plan', steps: [STEP] });
    });

    it('may stand in a thought, when nothing stands outside', () => {
      for (const text of [`<think>${JSON_PLAN}</think>`, `<think>${JSON_PLAN}`, `<think>${JSON_PLAN}</think>Done.`])
        expect(read(text).steps, text).toEqual([STEP]);
    });

    it('may speak of such tags in a parameter', () => {
      const body = 'Use <think> and </think>, as in <think>{"steps":[]}</think>.';
      const plan = JSON.stringify({ summary: 's', steps: [{ ...STEP, tool: 'notes.create', args: { body } }] });
      for (const text of [plan, `Here:\n${plan}`, `<think>Well, ${draft}</think>${plan}`])
        expect(read(text).steps[0]?.args, text).toEqual({ body });
    });
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

describe('a chat', () => {
  it.each([
    ['You have nothing overdue. Enjoy your day!', 'You have nothing overdue. Enjoy your day!'],
    ['<think>Nothing is due.</think>\nNothing is **overdue**.\0', 'Nothing is **overdue**.'],
    ['{"answer":"Nothing.","steps":[]}', 'Nothing.'],
  ])('%.60s', (text, answer) => {
    expect(parseAnswer(text)).toMatchObject({ ok: true, value: { answer, steps: [] } });
  });

  it.each(['', ' \n', '<think>Hm.</think>', '<!DOCTYPE html><p>502</p>', '{"answer', '{"hello":"world"}'])(
    'is not answered by %s',
    (text) => expect(parseAnswer(text).ok).toBe(false),
  );
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
    ['{"plan":"do it all"}', 'it holds no JSON object'],
    ['{"plan":["buy milk"]}', 'it holds no JSON object'],
    ['{"plan":{"when":"today"}}', 'it holds no JSON object'],
    ['{"changes":[{"what":"due"}],"mood":"good"}', 'it holds no JSON object'],
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
