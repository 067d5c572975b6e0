// Every field that a caller can fill: those of each RPC's request and, through message fields, of what it holds. Fields
// marked OUTPUT_ONLY end the walk, because servers ignore what a caller writes there.
import type { DescField, DescMessage, FileRegistry } from '@bufbuild/protobuf';
import { fieldBehaviors, ownMethods } from './contracts.ts';

/** The project's own fields that requests can fill, each once, in the order they are met. */
export function requestFields(contracts: FileRegistry): DescField[] {
  const seen = new Set<string>();
  const fields: DescField[] = [];
  const visit = (message: DescMessage): void => {
    if (seen.has(message.typeName) || !message.typeName.startsWith('miniredis.')) return;
    seen.add(message.typeName);
    for (const field of message.fields) {
      if (fieldBehaviors(contracts, field).includes('OUTPUT_ONLY')) continue;
      fields.push(field);
      const inner = messageIn(field);
      if (inner !== undefined) visit(inner);
    }
  };
  for (const method of ownMethods(contracts)) visit(method.input);
  return fields;
}

/** The message type that a field holds, alone, in a list or as the values of a map; undefined for other types. */
export function messageIn(field: DescField): DescMessage | undefined {
  return field.fieldKind === 'message' || field.fieldKind === 'list' || field.fieldKind === 'map'
    ? field.message
    : undefined;
}
