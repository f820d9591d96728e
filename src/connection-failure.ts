/** In a hint, `$` stands for the name of the variable that has the address of the server. */
type Explanation = readonly [codes: RegExp, problem: string, hint: string];

/** Explains codes of Node.js, OpenSSL and Redis. The first entry that matches is used. */
const EXPLANATIONS: readonly Explanation[] = [
  [/^ENOTFOUND$/, 'DNS knows no such host', 'check the host name in $, and the DNS of this machine'],
  [/^EAI_/, 'DNS does not respond', 'check the DNS of this machine or of its network'],
  [/^ECONNREFUSED$/, 'connection refused', 'check host and port in $, and whether the server runs'],
  [
    /^(ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT|EADDRNOTAVAIL)$/,
    'no connection within the timeout, or no route',
    'check scheme (with TLS or without), host and port in $, DNS, firewalls and network policies',
  ],
  [
    /^(SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT(_LOCALLY)?|CERT_UNTRUSTED|INVALID_CA)$/,
    'certificate of an unknown authority',
    'set NODE_EXTRA_CA_CERTS to a PEM file with the certificate of that authority, and restart the gateway',
  ],
  [
    /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    'certificate for another host name',
    'use in $ a name that the certificate has',
  ],
  [
    /^(CERT_|CRL_|INVALID_PURPOSE$|PATH_LENGTH_EXCEEDED$|UNABLE_TO_DE|ERROR_IN_)/,
    'certificate has expired or is not valid',
    'renew the certificate of the server, and check the clock of this machine',
  ],
  [
    /^(EPROTO|ERR_SSL_)/,
    'the server rejects the TLS handshake, or speaks no TLS',
    'check scheme (with TLS or without) and port in $; a server that requires a client certificate cannot be used',
  ],
  [
    /^(ECONNRESET|EPIPE|UND_ERR_SOCKET|no connection)$/,
    'the server closed the connection',
    'check scheme (with TLS or without) and port in $, how many clients the server allows (Redis: also its protected-mode), and what is between the gateway and it',
  ],
  [/^E[MN]FILE$/, 'too many open files', 'raise the limit of open files (ulimit -n)'],
  [/^HPE_/, 'the server does not speak HTTP', 'check scheme (with TLS or without) and port in $'],
  [
    /^invalid-response$/,
    "responses that are not IAM's",
    'check host and path in $, and what is between the gateway and it',
  ],
  [
    /^(NO_RESPONSE|no reply)$/,
    'no response in time',
    'check the load of the server, and what is between the gateway and it',
  ],
  [/^unexpected reply$/, 'replies of other commands', 'check what is between the gateway and Redis'],
  [
    /^(WRONGPASS|NOAUTH)$/,
    'wrong user or password',
    'check user and password in $; reserved characters are percent-encoded',
  ],
  [
    /^NOPERM$/,
    'the user may not run a command that is needed',
    'the user of $ needs ~tokens-gateway:* and +get +set +del +pttl +pexpire +hmget +hset +time +eval; +select for a database other than 0; +cluster +asking for a cluster',
  ],
  [/^WRONGTYPE$/, 'a key has another type', 'another program uses keys that begin with tokens-gateway:'],
  [
    /^(MOVED|CROSSSLOT|ASK)$/,
    'the server is part of a cluster',
    'list nodes of the cluster in $, or append ?cluster=true',
  ],
  [
    /^ERR$/,
    'the server rejects a command',
    'check in $ the number of the database, ?cluster=true, and the rights of the user, and use Redis 7 or Valkey 8',
  ],
  [/^READONLY$/, 'the server is a read-only replica', 'use the address of the primary in $'],
  [
    /^(OOM|MISCONF)$/,
    'the server cannot store more',
    'raise maxmemory, or see the log of the server for what its disk lacks',
  ],
  [
    /^(LOADING|BUSY|CLUSTERDOWN|MASTERDOWN|TRYAGAIN|NOREPLICAS)$/,
    'the server is not ready',
    'see the log of the server, and check $',
  ],
];

/**
 * Why a server cannot be reached, in a few words for the operator of the gateway, and what to do about it. Names no host.
 * `variable` is the setting that has the address of the server. An unknown code is its own explanation.
 */
export function explainConnectionFailure(code: string, variable: string): { problem: string; hint?: string } {
  const found = EXPLANATIONS.find(([codes]) => codes.test(code));
  if (!found) return { problem: code };
  const [, problem, hint] = found;
  return { problem, hint: hint.replace('$', variable) };
}
