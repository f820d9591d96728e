/** The median: the middle value, or the mean of the two in the middle. */
export function median(values) {
  return quantile(sorted(values), 0.5);
}

/** A percentile of sorted values. */
export function quantile(values, q) {
  if (values.length === 0) return Number.NaN;
  const at = (values.length - 1) * q;
  const low = values[Math.floor(at)];
  return low + (values[Math.ceil(at)] - low) * (at - Math.floor(at));
}

export function spread(values) {
  const all = sorted(values);
  return { median: quantile(all, 0.5), min: all[0], max: all.at(-1) };
}

/** Ratios of values of the same round, because the speed of a machine changes from minute to minute. */
export function ratios(over, under) {
  return spread(over.map((value, index) => value / under[index]));
}

function sorted(values) {
  return Float64Array.from(values).sort();
}
