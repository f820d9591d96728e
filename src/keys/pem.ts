/** A key of 16 384 bits has 13 000 characters. */
const MAX_CHARS = 65_536;
const LABEL = '-----BEGIN ((?:ENCRYPTED |EC |RSA )?PRIVATE KEY)-----';
const BLOCK = new RegExp(`${LABEL}\\s*(\\S[\\s\\S]*?)\\s*-----END \\1-----`);

/**
 * The private key in a text, as PEM with line feeds (RFC 7468): PKCS#8, PKCS#1 or SEC1. Accepts the forms that occur in
 * environment files: quotation marks, line breaks that are escaped, of Windows, or replaced by blanks, and other text
 * around the key. Undefined when there is no such key. Importing the key checks its content.
 */
export function readPrivateKeyPem(text: string): string | undefined {
  if (text.length > MAX_CHARS) return undefined;
  const plain = text.replace(/\\+r/g, '').replace(/\\+n/g, '\n').replace(/\r\n?/g, '\n');
  const [, label, content = ''] = BLOCK.exec(plain) ?? [];
  if (label === undefined) return undefined;
  // Headers, such as those of encrypted PKCS#1 (RFC 1421), are lines of their own and end with an empty line.
  const body = content.includes(':') ? content : wrap(content);
  return `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;
}

/** Whether a key that `readPrivateKeyPem` has read needs a passphrase. */
export function isEncryptedPem(pem: string): boolean {
  return /BEGIN ENCRYPTED|Proc-Type: 4,ENCRYPTED/.test(pem);
}

function wrap(base64: string): string {
  return (base64.replace(/\s+/g, '').match(/.{1,64}/g) ?? []).join('\n');
}
