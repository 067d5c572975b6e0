// npm run generate: makes gen/ from proto/ and third_party/. Running it twice changes nothing the second time.
import { repository } from './contracts/buf.ts';
import { updateGenerated } from './contracts/generation.ts';

try {
  const { missing, stale, changed } = await updateGenerated(repository);
  const total = missing.length + stale.length + changed.length;
  for (const path of missing) console.log(`  new      gen/${path}`);
  for (const path of changed) console.log(`  changed  gen/${path}`);
  for (const path of stale) console.log(`  removed  gen/${path}`);
  console.log(total === 0 ? 'gen/ is up to date' : `gen/ is up to date now: ${total} files differed`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
