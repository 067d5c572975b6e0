// Runs buf in a workspace: the repository, or a copy of it that a test has broken on purpose.
import { spawn } from 'node:child_process';
import { delimiter, dirname, join } from 'node:path';

/** The repository that this script belongs to. */
export const repository = join(import.meta.dirname, '..', '..');

/** How a run of buf ended. Findings (lint, breaking, format) leave `code` 100 and stand in `output`. */
export type BufResult = { readonly code: number; readonly output: string };

/**
 * Runs `buf ...args` with `workspace` as its folder. Only a missing or killed buf throws.
 * PATH begins with this Node's folder, because buf starts its plugins through `env node`.
 */
export function buf(workspace: string, args: readonly string[]): Promise<BufResult> {
  const entry = join(repository, 'node_modules', '@bufbuild', 'buf', 'bin', 'buf');
  const path = [dirname(process.execPath), process.env.PATH ?? ''].join(delimiter);
  const child = spawn(process.execPath, [entry, ...args], {
    cwd: workspace,
    env: { ...process.env, PATH: path },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === null) reject(new Error(`buf ${args[0]} was ended by ${signal}`));
      else resolve({ code, output: output.trim() });
    });
  });
}

/** Runs buf and throws with its output unless it ends with 0. */
export async function bufOrThrow(workspace: string, args: readonly string[]): Promise<void> {
  const { code, output } = await buf(workspace, args);
  if (code !== 0) throw new Error(`buf ${args.join(' ')} ended with ${code}:\n${output}`);
}
