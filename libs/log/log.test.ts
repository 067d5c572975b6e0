import test from 'ava';
import { createLogger, redactedFields } from './index.ts';

test('no field that holds a secret reaches the log, at the top or one level down', t => {
  const lines: string[] = [];
  const log = createLogger('auth', 'info', { write: (line: string) => void lines.push(line) });
  const secrets = Object.fromEntries(redactedFields.map(field => [field, `canary-${field}`]));
  log.info({ ...secrets, request: secrets, kept: 'yes' }, 'event');
  const output = lines.join('');
  t.false(output.includes('canary'));
  t.true(output.includes('"kept":"yes"'));
});
