import assert from "node:assert/strict";
import { test } from "node:test";
import {
  assignRoles,
  roleOf,
  type ContainedProcess,
  type ContainerName,
} from "../../../src/dashboard/host/container-roles.ts";

const commands: [words: string[], role: ContainerName | null][] = [
  [["node", "dist/src/supervisor/main.js"], "bot"],
  [["/usr/bin/node", "--enable-source-maps", "/app/dist/src/broker/main.js"], "broker"],
  [["/sbin/docker-init", "--", "node", "dist/src/dashboard/main.js"], "dashboard"],
  [["sh", "-c", "node dist/src/supervisor/main.js"], "bot"],
  [["node", "dist/src/broker/main.js", "--flag"], "broker"],
  [["node", "supervisor/main.js"], "bot"],
  [["node", "dist/src/cli/main.js"], null],
  [["node", "dist/src/other-supervisor/main.js"], null],
  [["node", "supervisor/main.js.map"], null],
  [[""], null],
];
for (const [words, role] of commands) {
  test(`${words.join(" ")} is ${role ?? "none of ours"}`, () => {
    assert.equal(roleOf(`${words.join("\0")}\0`), role);
  });
}

function inContainer(container: string, pid: number, startTicks: number, role: ContainerName | null): ContainedProcess {
  return { container, pid, startTicks, role };
}

test("a container is as old as its first process, whatever that runs", () => {
  const found = assignRoles([inContainer("a", 20, 1_200, "bot"), inContainer("a", 10, 1_000, null)]);
  assert.deepEqual([...found], [["bot", { pid: 10, startTicks: 1_000 }]]);
});

test("what an agent runs in the bot's container makes it no other", () => {
  const found = assignRoles([inContainer("a", 10, 1_000, "bot"), inContainer("a", 90, 9_000, "broker")]);
  assert.deepEqual([...found.keys()], ["bot"]);
});

test("of two containers of one kind the younger counts", () => {
  const found = assignRoles([inContainer("new", 50, 5_000, "broker"), inContainer("old", 10, 1_000, "broker")]);
  assert.deepEqual([...found], [["broker", { pid: 50, startTicks: 5_000 }]]);
});

test("a container of others is none of ours", () => {
  assert.equal(assignRoles([inContainer("a", 10, 1_000, null)]).size, 0);
});
