import { PGlite } from '@electric-sql/pglite';
import { writeFileSync } from 'node:fs';
let t = performance.now();
const lap = (s: string) => {
  console.log(s, Math.round(performance.now() - t), Math.round(process.memoryUsage().rss / 1e6));
  t = performance.now();
};
const a = await PGlite.create();
lap('create');
const f = await a.dumpDataDir('none');
lap('dump ' + f.size);
await a.close();
const b = await PGlite.create({ loadDataDir: f });
lap('load');
const c = await PGlite.create({ loadDataDir: f });
lap('load2');
