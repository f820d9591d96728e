import { describe, expect, it } from '@jest/globals';
import { explainConnectionFailure } from '../../src/connection-failure.ts';

describe('A code is explained in words, with what to do', () => {
  it.each([
    ['ENOTFOUND', 'DNS knows no such host', 'check the host name in REDIS_URL'],
    ['EAI_AGAIN', 'DNS does not respond', 'check the DNS'],
    ['ECONNREFUSED', 'connection refused', 'check host and port in REDIS_URL'],
    ['ETIMEDOUT', 'no connection within the timeout, or no route', 'firewalls'],
    [
      'no connection',
      'the server closed the connection',
      'scheme (with TLS or without) and port in REDIS_URL',
    ],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'certificate of an unknown authority', 'NODE_EXTRA_CA_CERTS'],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'certificate of an unknown authority', 'NODE_EXTRA_CA_CERTS'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'certificate of an unknown authority', 'NODE_EXTRA_CA_CERTS'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'certificate for another host name', 'a name that the certificate has'],
    ['CERT_HAS_EXPIRED', 'certificate has expired or is not valid', 'clock'],
    ['INVALID_PURPOSE', 'certificate has expired or is not valid', 'renew the certificate'],
    ['EPROTO', 'the server rejects the TLS handshake, or speaks no TLS', 'scheme'],
    [
      'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
      'the server rejects the TLS handshake, or speaks no TLS',
      'a client certificate cannot be used',
    ],
    ['HPE_INVALID_CONSTANT', 'the server does not speak HTTP', 'scheme'],
    ['no reply', 'no response in time', 'load'],
    ['WRONGPASS', 'wrong user or password', 'user and password in REDIS_URL'],
    ['READONLY', 'the server is a read-only replica', 'the primary in REDIS_URL'],
    ['OOM', 'the server cannot store more', 'maxmemory'],
    ['CLUSTERDOWN', 'the server is not ready', 'log of the server'],
    ['MOVED', 'the server is part of a cluster', '?cluster=true'],
    ['NOPERM', 'the user may not run a command that is needed', '+get +set'],
  ])('%s', (code, problem, hint) => {
    const found = explainConnectionFailure(code, 'REDIS_URL');
    expect(found.problem).toBe(problem);
    expect(found.hint).toContain(hint);
  });

  it('an unknown code stays as it is', () => {
    expect(explainConnectionFailure('HTTP 503', 'API_GATEWAY_URL')).toEqual({ problem: 'HTTP 503' });
  });
});
