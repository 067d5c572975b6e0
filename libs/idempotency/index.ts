/** Calls that carry a request_id take effect once. Its table is in libs/idempotency/migrations. */
export {
  deleteExpired,
  type IdempotentAnswer,
  type IdempotentCall,
  idempotent,
  retentionHours,
} from './idempotent.ts';
