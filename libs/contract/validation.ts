import { fromBinary } from '@bufbuild/protobuf';
import { pathToString } from '@bufbuild/protobuf/reflect';
import { createValidator } from '@bufbuild/protovalidate';
import { DomainError } from '../errors/index.ts';
import { registry } from './registry.ts';

const validator = createValidator({ registry });

/**
 * Judges an encoded request by the rules of its contract. Throws INVALID_REQUEST with one entry per violation.
 *
 * @param typeName full name of the message, for example "miniredis.backend.v1.GetNodeRequest"
 */
export function validateRequest(typeName: string, bytes: Uint8Array): void {
  const schema = registry.getMessage(typeName);
  if (!schema) throw new Error(`The descriptor set has no message ${typeName}; run "npm run generate".`);
  const result = validator.validate(schema, fromBinary(schema, bytes));
  if (result.kind === 'valid') return;
  if (result.kind === 'error') throw result.error;
  const fields = result.violations.map(violation => ({
    field: pathToString(violation.field) || '(request)',
    description: violation.message,
    rule: violation.ruleId,
  }));
  throw new DomainError(
    'INVALID_REQUEST',
    fields.map(({ field, description }) => `${field}: ${description}`).join('; '),
    {
      fields,
    },
  );
}
