import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/**
 * Runs the program and ends it when the pipe to us closes: by stop(), or by our death of whatever cause, so that a
 * test that is killed leaves no server behind. File descriptor 3 is that pipe, because a shell gives its background
 * commands /dev/null for standard input.
 */
const leash = `
  exec 3<&0
  "$@" </dev/null 3<&- & child=$!
  { read -r _ <&3; kill -s "$0" "$child"; } >/dev/null 2>&1 & watcher=$!
  wait "$child"; status=$?
  kill "$watcher" 2>/dev/null
  exit "$status"`;

/** A server of a test. */
export interface TestProcess {
  /** What it printed so far, for the message of a failed start. */
  output(): string;
  /** True once it has ended. */
  ended(): boolean;
  /** Ends it with its signal and waits; does nothing if it has ended. */
  stop(): Promise<void>;
}

/** How to run a server. */
export interface TestProcessOptions {
  readonly program: string;
  readonly args: readonly string[];
  /** Name of the signal that stop() sends, without SIG. */
  readonly signal: 'TERM' | 'INT' | 'QUIT' | 'KILL';
  readonly uid?: number;
  readonly gid?: number;
  readonly env?: Record<string, string>;
}

/** Starts a server that ends with this process at the latest. */
export function startTestProcess(options: TestProcessOptions): TestProcess {
  const { program, args, signal, uid, gid, env } = options;
  const child: ChildProcess = spawn('/bin/sh', ['-c', leash, signal, program, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    // A group of its own: a Ctrl-C in the terminal must not reach the server before the test has ended it.
    detached: true,
    env: { ...process.env, ...env },
    ...(uid !== undefined && { uid }),
    ...(gid !== undefined && { gid }),
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-20_000);
    });
  }
  const exited = once(child, 'exit');
  return {
    output: () => output,
    ended: () => child.exitCode !== null || child.signalCode !== null,
    stop: async () => {
      child.stdin?.end();
      await exited;
    },
  };
}
