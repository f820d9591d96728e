import { describe, expect, it } from '@jest/globals';
import { createClientAddress } from '../../../src/http/client-address.ts';

const from = (trusted: readonly string[], own: string, forwarded?: string) =>
  createClientAddress(trusted)({
    headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
    socket: { remoteAddress: own },
  } as never);
const PROXIES = ['10.0.0.0/8', '2001:db8:ffff::/48'];

describe('An address is the same in every spelling', () => {
  it.each([
    ['203.0.113.5', '203.0.113.5'],
    [' 203.0.113.5 ', '203.0.113.5'],
    ['203.0.113.5:40001', '203.0.113.5'],
    ['[203.0.113.5]:40001', '203.0.113.5'],
    ['"203.0.113.5:40001"', '203.0.113.5'],
    ['2001:db8::5', '2001:db8::5'],
    ['[2001:db8::5]', '2001:db8::5'],
    ['[2001:db8::5]:4000', '2001:db8::5'],
    ['"[2001:db8::5]:4000"', '2001:db8::5'],
    ['2001:DB8:0:0:0:0:0:5', '2001:db8::5'],
    ['2001:0db8:0000:0000:0000:0000:0000:0005', '2001:db8::5'],
    ['2001:db8::0.0.0.5', '2001:db8::5'],
    ['fe80::1%eth0', 'fe80::1'],
    ['[fe80::1%25eth0]:80', 'fe80::1'],
    ['::ffff:203.0.113.5', '203.0.113.5'],
    ['::FFFF:cb00:7105', '203.0.113.5'],
    ['0:0:0:0:0:ffff:203.0.113.5', '203.0.113.5'],
    ['[::ffff:203.0.113.5]:40001', '203.0.113.5'],
    ['::ffff:255.255.255.255', '255.255.255.255'],
    ['::1', '::1'],
  ])('%s is %s', (text, address) => {
    expect(from(PROXIES, '10.0.0.1', text)).toBe(address);
  });

  it.each([
    '',
    ' ',
    'unknown',
    '_hidden',
    'client.example',
    '203.0.113',
    '203.0.113.256',
    '0203.0.113.5',
    '0xcb007105',
    '203.0.113.5:x',
    '203.0.113.5:400010',
    '203.0.113.5/24',
    '2001:db8::5::1',
    '[2001:db8::5',
    '2001:db8::5]:80',
    '[]',
    ':::',
    'for=203.0.113.5',
    '203.0.113.5 203.0.113.6',
  ])('and %j is not an address, so that of the connection is used', (text) => {
    expect(from(PROXIES, '10.0.0.1', text)).toBe('10.0.0.1');
  });
});

describe('Where a request comes from', () => {
  it.each([
    ['without a header', PROXIES, '10.0.0.1', undefined, '10.0.0.1'],
    ['without trusted proxies', [], '10.0.0.1', '192.0.2.1', '10.0.0.1'],
    ['of a connection that is not trusted', PROXIES, '192.0.2.9', '192.0.2.1', '192.0.2.9'],
    ['behind one proxy', PROXIES, '10.0.0.1', '192.0.2.1', '192.0.2.1'],
    ['behind a proxy that adds ports', PROXIES, '10.0.0.1', '192.0.2.1:40001', '192.0.2.1'],
    ['behind two, of which one adds ports', PROXIES, '10.0.0.1', '192.0.2.1:5, 10.2.2.2:80', '192.0.2.1'],
    ['with an entry of the client', PROXIES, '10.0.0.1', '1.1.1.1, 192.0.2.1', '192.0.2.1'],
    ['with garbage of the client', PROXIES, '10.0.0.1', 'garbage, 192.0.2.1', '192.0.2.1'],
    ['with garbage only', PROXIES, '10.0.0.1', 'garbage', '10.0.0.1'],
    ['with garbage behind a proxy', PROXIES, '10.0.0.1', 'garbage, 10.2.2.2', '10.0.0.1'],
    ['with an empty header', PROXIES, '10.0.0.1', '', '10.0.0.1'],
    ['with an empty entry', PROXIES, '10.0.0.1', '192.0.2.1, ', '10.0.0.1'],
    ['with trusted entries only', PROXIES, '10.0.0.1', '10.3.3.3, 10.2.2.2', '10.3.3.3'],
    ['of a connection in IPv6 spelling', PROXIES, '::ffff:10.0.0.1', '192.0.2.1', '192.0.2.1'],
    ['behind an IPv6 proxy', PROXIES, '2001:db8:ffff::1', '[2001:DB8::5]:4000', '2001:db8::5'],
    ['behind a proxy of one address', ['10.0.0.1'], '10.0.0.1', '192.0.2.1', '192.0.2.1'],
    ['beside that address', ['10.0.0.1'], '10.0.0.2', '192.0.2.1', '10.0.0.2'],
    [
      'behind a proxy that is trusted in IPv6 spelling',
      ['::ffff:10.0.0.0/104'],
      '10.9.9.9',
      '192.0.2.1',
      '192.0.2.1',
    ],
    ['where everybody is trusted', ['0.0.0.0/0', '::/0'], '10.0.0.1', '192.0.2.1', '192.0.2.1'],
  ])('%s', (_title, trusted, own, forwarded, address) => {
    expect(from(trusted, own, forwarded)).toBe(address);
  });
});
