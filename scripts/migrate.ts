// Brings every schema of the platform's database up to date and prints one line a schema. Connects with the URL in
// secrets/database/admin.url; the password of each service's role comes from secrets/database/<schema>.url. On the
// first problem it prints one message and exits 1; what was applied before stays, and a second run goes on from there.

import { Environment } from '../libs/config/index.ts';
import { migrate, migrationDirectories } from '../libs/database/index.ts';

const schemas = ['auth', 'backend', 'gateway', 'monitoring', 'audit', 'pubsub', 'backup', 'scheduler', 'alert'];

try {
  await main();
} catch (error) {
  console.error(`migrate: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

async function main(): Promise<void> {
  const { adminUrl, roles } = readSecrets();
  for (const { schema, role, rolePassword } of roles) {
    const applied = await migrate({ adminUrl, schema, role, rolePassword, directories: migrationDirectories(schema) });
    console.log(`${schema}: ${applied.length === 0 ? 'up to date' : `applied ${applied.join(', ')}`}`);
  }
}

function readSecrets() {
  const env = new Environment();
  const directory = env.text('MINIREDIS_SECRETS', `${env.text('MINIREDIS_HOME', '.miniredis')}/secrets`);
  const adminUrl = env.secret(directory, 'database/admin.url');
  const urls = schemas.map(schema => ({ schema, url: env.secret(directory, `database/${schema}.url`) }));
  env.finish({});
  const roles = urls.map(({ schema, url }) => ({ schema, ...credentials(url, `${directory}/database/${schema}.url`) }));
  return { adminUrl, roles };
}

/** Role and password of a URL; a message about them names the file, never the content. */
function credentials(url: string, file: string): { role: string; rolePassword: string } {
  const parsed = URL.parse(url);
  if (!parsed?.username || !parsed.password) {
    throw new Error(`${file} must hold a URL with role and password: postgres://role:password@host:port/database.`);
  }
  return { role: decodeURIComponent(parsed.username), rolePassword: decodeURIComponent(parsed.password) };
}
