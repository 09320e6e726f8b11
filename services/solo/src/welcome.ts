import { endpointHost } from '@manara/runner/model/model-config';
import type { SoloOptions } from './options.ts';

/** What a started server says: where it is, where the data lies, who plans, and how to change that. */
export function welcome(solo: { url: string; hasWeb: boolean }, options: SoloOptions): string {
  const lines = ['', `  Manara is running at ${solo.url}`];
  if (options.publicUrl !== null) lines.push(`  Public address  ${options.publicUrl}`);
  lines.push(`  Your data       ${where(options)}`);
  if (options.restored) {
    lines.push(
      '  Restored        a new epoch has begun: devices send what the backup lacks. Start without --restored next time.',
    );
  }
  if (options.model === null) {
    lines.push('  Planner         rules. To add a model, stop and start again with, for example:');
    lines.push('                  MANARA_MODEL=llama3.2 OPENAI_BASE_URL=http://127.0.0.1:11434/v1 npm start');
  } else {
    lines.push(
      `  Planner         ${options.model.model} at ${endpointHost(options.model.baseUrl)}, with rules when it fails`,
    );
  }
  if (!solo.hasWeb) lines.push('  The web app is not built: `npm start` builds it.');
  lines.push('', '  Ctrl-C stops it.', '');
  return lines.join('\n');
}

function where(options: SoloOptions): string {
  if (options.databaseUrl === null) return `${options.dataFolder} (embedded database)`;
  const { host, pathname } = new URL(options.databaseUrl);
  return `Postgres at ${host}${pathname}; secrets in ${options.dataFolder}`;
}
