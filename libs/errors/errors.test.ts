import test from 'ava';
import { Status } from '../../gen/google/rpc/status.ts';
import { ErrorReason } from '../../gen/miniredis/common/v1/error_reason.ts';
import { codeOf, DomainError, fromStatus, type ErrorReason as Reason, toStatus, unpackErrorInfo } from './index.ts';

const reasons = Object.keys(ErrorReason).filter(name => name !== 'UNSPECIFIED') as Reason[];

test('every reason of the contract has a code, one ErrorInfo, and survives the wire', t => {
  for (const reason of reasons) {
    const error = new DomainError(reason, 'what was wrong', {
      metadata: { resource: 'tenants/a' },
      retryAfterMs: 1_500,
    });
    const status = Status.decode(Status.encode(toStatus(error)).finish());
    t.is(status.code, codeOf(reason));
    t.is(status.details.filter(detail => detail.typeUrl.endsWith('ErrorInfo')).length, 1);
    t.is(new Set(status.details.map(detail => detail.typeUrl)).size, status.details.length);
    t.like(fromStatus(status), { reason, message: 'what was wrong', retryAfterMs: 1_500 });
    t.deepEqual(unpackErrorInfo(status)?.metadata, { resource: 'tenants/a' });
  }
});

test('a status of somebody else is not taken for one of ours', t => {
  t.is(fromStatus({ code: 5, message: 'no', details: [] }), undefined);
});
