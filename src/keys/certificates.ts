import { X509Certificate } from 'node:crypto';

/** The place before a certificate in PEM form (RFC 7468). Other text may stand between certificates. */
const BEGINNING = /^(?=-----BEGIN (?:X509 )?CERTIFICATE-----)/m;

/** Whether a text has certificates in PEM form, each of which can be read. */
export function areCertificates(text: string): boolean {
  const certificates = text.split(BEGINNING).filter((part) => BEGINNING.test(part));
  try {
    for (const certificate of certificates) new X509Certificate(certificate);
  } catch {
    return false;
  }
  return certificates.length > 0;
}
