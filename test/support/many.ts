/** What `create` returns for 0, 1, …, as often as `count` says. */
export function many<Value>(count: number, create: (index: number) => Value): Value[] {
  return Array.from({ length: count }, (_, index) => create(index));
}

/** Such texts as one. */
export function repeat(count: number, textOf: (index: number) => string, separator = ' '): string {
  return many(count, textOf).join(separator);
}
