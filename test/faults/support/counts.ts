/** How much the fault tests do: a sample that fits into every change's tests, or with FAULTS=full the full counts. */

export const isFull = process.env["FAULTS"] === "full";

export function count(sample: number, full: number): number {
  return isFull ? full : sample;
}
