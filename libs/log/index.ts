/** Structured logs: JSON lines on stdout, constant event names, values as fields, secrets redacted. */
import { type DestinationStream, type Logger, pino } from 'pino';

export type { Logger } from 'pino';

/** Field names that never reach a log, at the top of a record or one level down. */
export const redactedFields = [
  'password',
  'passwords',
  'secret',
  'token',
  'accessToken',
  'refreshToken',
  'key',
  'authorization',
  'currentPassword',
  'newPassword',
] as const;

/** A logger of one service. `destination` is for tests. */
export function createLogger(service: string, level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: { service },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: redactedFields.flatMap(field => [field, `*.${field}`]), censor: '[redacted]' },
  };
  return destination ? pino(options, destination) : pino(options);
}
