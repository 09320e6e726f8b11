// The scripted model as a process of its own, for end-to-end tests:
//   node packages/testkit/src/scripted-model/main.ts --port 4801 --script replies.json
// The script is {"model"?, "apiKey"?, "replies"?: [...], "fallback"?: {...}}; see scripted-reply.ts. While it runs:
//   POST /control {"replies": [...], "fallback"?: {...}}   GET /control/requests   DELETE /control
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { type ScriptedModelOptions, startScriptedModel } from './scripted-model.ts';

const { values } = parseArgs({ options: { port: { type: 'string', default: '0' }, script: { type: 'string' } } });
const script = values.script ? (JSON.parse(await readFile(values.script, 'utf8')) as ScriptedModelOptions) : {};
const model = await startScriptedModel({ ...script, port: Number(values.port) });
console.log(JSON.stringify({ baseUrl: model.baseUrl }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void model.close());
