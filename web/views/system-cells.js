/** Shares of many cores over time, as the cells of a picture and as figures. */

/** @typedef {readonly (number | null)[]} Column */

/**
 * A cell for each core and pixel, core after core: the average of the samples that fall into it, NaN for unknown. Where
 * samples are farther apart than pixels, each holds until the next.
 * @param {readonly Column[]} cores percent
 * @param {Column} times rising; the first is at the left edge, the last at the right one
 * @param {number} width
 */
export function cellsOf(cores, times, width) {
  const cells = new Float32Array(cores.length * width);
  const pixels = pixelsOf(times, width);
  for (const [row, column] of cores.entries()) fillRow(cells.subarray(row * width, (row + 1) * width), column, pixels);
  return cells;
}

/** Into which pixel each sample falls. @param {Column} times @param {number} width */
function pixelsOf(times, width) {
  const first = times[0] ?? 0;
  const perPixel = ((times.at(-1) ?? 0) - first) / width || 1;
  return Uint32Array.from(times, (time) => Math.min(width - 1, Math.floor(((time ?? first) - first) / perPixel)));
}

/** @param {Float32Array} row @param {Column} column @param {Uint32Array} pixels */
function fillRow(row, column, pixels) {
  let last = Number.NaN;
  let at = 0;
  for (let x = 0; x < row.length; x += 1) {
    let [sum, known] = [0, 0];
    for (; pixels[at] === x; at += 1) {
      last = column[at] ?? Number.NaN;
      if (Number.isNaN(last)) continue;
      sum += last;
      known += 1;
    }
    row[x] = known > 0 ? sum / known : last;
  }
}

/** What a core did all in all; null where nothing is known. @param {Column} column percent */
export function summaryOf(column) {
  let [sum, known, most] = [0, 0, 0];
  for (const value of column) {
    if (value === null) continue;
    sum += value;
    known += 1;
    most = Math.max(most, value);
  }
  const now = column.at(-1) ?? null;
  return known === 0 ? { now, average: null, most: null } : { now, average: sum / known, most };
}

/** The place of the largest; -1 where all are unknown. @param {Column} values */
export function busiest(values) {
  let found = -1;
  for (const [index, value] of values.entries()) {
    if (value !== null && (found === -1 || value > (values[found] ?? 0))) found = index;
  }
  return found;
}
