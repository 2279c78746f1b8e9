import assert from "node:assert/strict";
import { test } from "node:test";
import { containerIdOf, containerOf, liesOutside, OWN_CONTAINER } from "../../../src/dashboard/host/cgroup.ts";
import { CGROUP, CGROUP_NONE, ID } from "./kernels.ts";

for (const [name, text] of Object.entries(CGROUP)) {
  test(`the container of "${name}" is found`, () => {
    assert.equal(containerIdOf(text), ID);
  });
}

for (const [name, text] of Object.entries(CGROUP_NONE)) {
  test(`"${name}" is no container`, () => {
    assert.equal(containerIdOf(text), null);
    assert.equal(containerOf(text, false), null);
  });
}

test("from within a cgroup namespace, the host's first process lies outside", () => {
  assert.equal(liesOutside(CGROUP_NONE.outside), true);
  assert.equal(liesOutside("3:cpu,cpuacct:/..\n"), true);
  assert.equal(liesOutside(CGROUP_NONE.init), false);
  assert.equal(liesOutside("0::/..hidden\n"), false);
});

test("in a cgroup namespace of our own, what lies inside is our own container", () => {
  assert.equal(containerOf("0::/\n", true), OWN_CONTAINER);
  assert.equal(containerOf("0::/init\n", true), OWN_CONTAINER);
  assert.equal(containerOf("4:memory:/\n2:cpu,cpuacct:/\n", true), OWN_CONTAINER);
});

test("in a cgroup namespace of our own, what lies outside is a neighbour or the host", () => {
  assert.equal(containerOf(CGROUP.neighbour, true), ID);
  assert.equal(containerOf(CGROUP_NONE.outside, true), null);
  assert.equal(containerOf("", true), null);
});
