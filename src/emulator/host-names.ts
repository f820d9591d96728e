/**
 * Whether a request to an emulator on a loopback address names another host. Any web page can point its own host name at
 * this machine and then read and write the emulator's tokens (DNS rebinding); only the host name tells its requests from
 * those of local programs. Elsewhere every name is served.
 */
export function isRebound(listenHost: string, authority: string | undefined): boolean {
  return isLoopback(listenHost) && authority !== undefined && !isLoopback(authority);
}

/** A host name or an address in any spelling, with or without a port. RFC 6761 section 6.3: so is all below `localhost`. */
function isLoopback(authority: string): boolean {
  const url = `http://${/^[^[].*:.*:/.test(authority) ? `[${authority}]` : authority}`;
  if (!URL.canParse(url)) return false;
  const name = new URL(url).hostname.replace(/\.$/, '');
  return /^(?:(?:.+\.)?localhost|127(?:\.\d{1,3}){3}|\[::1\]|\[::ffff:7f[\da-f]{2}:[\da-f]{1,4}\])$/.test(
    name,
  );
}
