import { EventEmitter } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import type { FastifyReply } from 'fastify';
import { createAdmission } from '../../../src/admission/admission.ts';

const MEGABYTE = 1024 * 1024;

describe('Large responses that clients do not read', () => {
  const start = () => {
    const limits = { maxInFlight: 0, maxInFlightPerPrincipal: 0, rateLimitPerSecond: 0, rateLimitBurst: 0 };
    const admission = createAdmission(limits);
    /** The code of the rejection, or the function that ends the response. */
    return (principal: string, bytes: number) => {
      const raw = new EventEmitter();
      const rejected = admission.admitResponse(principal, { raw } as unknown as FastifyReply, bytes);
      return rejected?.extensions.code ?? (() => void raw.emit('close'));
    };
  };

  it('of one caller take at most 64 MB, and those of all callers 128 MB', () => {
    const send = start();
    const ofOne = Array.from({ length: 9 }, () => send('one', 8 * MEGABYTE));
    expect(ofOne.map((sent) => typeof sent)).toEqual([...Array(8).fill('function'), 'string']);
    expect(ofOne.at(-1)).toBe('OVERLOADED');
    const ofOthers = Array.from({ length: 9 }, (_, at) => send(`other ${at}`, 8 * MEGABYTE));
    expect(ofOthers.map((sent) => typeof sent)).toEqual([...Array(8).fill('function'), 'string']);
  });

  it('leave room for the next one when one of them is read', () => {
    const send = start();
    const sent = Array.from({ length: 16 }, (_, at) => send(`caller ${at}`, 8 * MEGABYTE));
    expect(send('next', 8 * MEGABYTE)).toBe('OVERLOADED');
    (sent[0] as () => void)();
    expect(send('next', 8 * MEGABYTE)).toBeInstanceOf(Function);
  });

  it('do not hold up small ones, nor the only large one', () => {
    const send = start();
    expect(send('one', 200 * MEGABYTE)).toBeInstanceOf(Function);
    expect(send('one', 500_000)).toBeInstanceOf(Function);
    expect(send('other', 500_000)).toBeInstanceOf(Function);
  });
});
