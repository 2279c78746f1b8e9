import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { startOf } from "../../../src/dashboard/tail/cursor.ts";
import type { Place } from "../../../src/dashboard/tail/cursor.ts";
import { Lineage } from "../../../src/dashboard/tail/lineage.ts";
import { Ring, samePlace } from "../../../src/dashboard/tail/ring.ts";
import { FileRow } from "../../../src/dashboard/tail/row.ts";

const GEN = "0".repeat(29);
/** A row of so many bytes counts for these too. */
const ROW_BYTES = 128;

function ringOf(maxBytes: number): Ring {
  const lineage = new Lineage();
  lineage.add(GEN, undefined);
  const ring = new Ring(lineage, maxBytes);
  ring.begin(startOf(GEN));
  return ring;
}

function rowAfter(place: Place, bytes: number): FileRow {
  const offset = place.offset + bytes;
  return new FileRow({ gen: GEN, offset, check: offset % 7 }, place.offset, "x".repeat(bytes - 1), 0);
}

test("it holds the newest rows, as many as fit, and finds each place that it reaches back to", () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 1500 });
  fc.assert(
    fc.property(sizes, fc.integer({ min: 1000, max: 200_000 }), (bytes, maxBytes) => {
      const ring = ringOf(maxBytes);
      const all: FileRow[] = [];
      for (const size of bytes) {
        const row = rowAfter(all.at(-1) ?? startOf(GEN), size);
        all.push(row);
        ring.push(row);
      }
      const start = ring.start;
      assert.ok(start !== undefined && ring.end !== undefined);
      const reached = all.findIndex((row) => samePlace(row, start));
      const cost = (from: number): number => all.slice(from).reduce((sum, row) => sum + row.bytes + ROW_BYTES, 0);
      assert.ok(cost(reached + 1) <= maxBytes, "it holds no more than fits");
      assert.ok(reached === -1 || cost(reached) > maxBytes, "it lets nothing go that would fit");
      assert.equal(ring.at(ring.after(start) ?? -1), all[reached + 1]);
      for (const [n, row] of all.entries()) {
        const slot = ring.after(row);
        if (n < reached) assert.equal(slot, undefined);
        else assert.equal(ring.at(slot ?? -1), all[n + 1]);
      }
      assert.ok(samePlace(ring.end, all.at(-1) ?? startOf(GEN)));
    }),
    { numRuns: 200 },
  );
});
