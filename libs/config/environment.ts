import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Thrown by `Environment.finish` with every problem found. */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      `The configuration has ${problems.length} problem(s):\n${problems.map(problem => `  - ${problem}`).join('\n')}`,
    );
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/**
 * Reads settings and secrets and collects what is wrong with them, so that all problems are told at once: read
 * everything first, then call `finish`. A reader returns a harmless value for a setting that has a problem.
 */
export class Environment {
  readonly #values: Record<string, string | undefined>;
  readonly #problems: string[] = [];

  constructor(values: Record<string, string | undefined> = process.env) {
    this.#values = values;
  }

  /** A text; the fallback where it is unset or empty. */
  text(name: string, fallback: string): string {
    return this.#values[name] || fallback;
  }

  /** A whole number between `min` and `max`, both included. */
  integer(name: string, fallback: number, min: number, max: number): number {
    const text = this.#values[name];
    if (!text) return fallback;
    const value = Number(text);
    if (Number.isInteger(value) && value >= min && value <= max) return value;
    return this.#problem(`${name} is "${text}"; it must be a whole number from ${min} to ${max}.`, fallback);
  }

  /** One of some values. */
  choice<const T extends string | number>(name: string, fallback: T, choices: readonly T[]): T {
    const text = this.#values[name];
    if (!text) return fallback;
    const found = choices.find(choice => String(choice) === text);
    return found ?? this.#problem(`${name} is "${text}"; it must be one of ${choices.join(', ')}.`, fallback);
  }

  /** host:port. */
  address(name: string, fallback: string): string {
    const text = this.text(name, fallback);
    if (/^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9._-]+):\d{1,5}$/.test(text)) return text;
    return this.#problem(`${name} is "${text}"; it must be host:port.`, fallback);
  }

  /** The trimmed content of a secret file below `directory`; its path, never its content, stands in problems. */
  secret(directory: string, file: string): string {
    const path = join(directory, file);
    try {
      const content = readFileSync(path, 'utf8').trim();
      return content || this.#problem(`The secret file ${path} is empty.`, '');
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
      return this.#problem(
        `The secret file ${path} cannot be read (${code}); "npm start" makes it, or MINIREDIS_SECRETS names another folder.`,
        '',
      );
    }
  }

  /** Throws ConfigError if anything was wrong; returns the config otherwise. */
  finish<Config extends object>(config: Config): Readonly<Config> {
    if (this.#problems.length > 0) throw new ConfigError(this.#problems);
    return Object.freeze(config);
  }

  #problem<T>(problem: string, fallback: T): T {
    this.#problems.push(problem);
    return fallback;
  }
}
