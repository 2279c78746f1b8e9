/** The judgements of doctor, on what the programs print. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { containerFindings, parseContainers, portFinding } from "../../../src/cli/doctor/containers.ts";
import { composeFinding, engineFinding, reaches, spaceFinding } from "../../../src/cli/doctor/engine.ts";
import {
  botFinding,
  brokerFinding,
  dashboardFinding,
  ghFinding,
  writeFinding,
} from "../../../src/cli/doctor/inside.ts";
import { clockFinding } from "../../../src/cli/doctor/outside.ts";
import { unitFinding } from "../../../src/cli/doctor/units.ts";
import { findingLine, type Finding } from "../../../src/cli/setup/finding.ts";
import { parseUnitFiles } from "../../../src/cli/setup/old-units.ts";
import type { Ran } from "../../../src/cli/setup/run.ts";
import { brokerReads, secretsFindings, type Entry } from "../../../src/cli/setup/secrets-folder.ts";
import { DF, GH, NO_COMPOSE, NO_DAEMON, NO_PERMISSION, READYZ, SUPERVISOR, VERSION, container } from "./recorded.ts";

const ran = (stdout: string, more: Partial<Ran> = {}): Ran => ({ status: 0, stdout, stderr: "", ...more });
const NOW = Date.parse("2026-11-22T21:40:00Z");
const line = (finding: Finding | undefined): string => (finding === undefined ? "nothing" : findingLine(finding));
const missing = ran("", { status: "missing" });

const table: [title: string, finding: Finding | undefined, told: RegExp][] = [
  ["an engine that fits", engineFinding(ran(VERSION)), /^✓ Docker: 20\.10\.24/],
  [
    "an engine that is too old",
    engineFinding(ran(VERSION.replaceAll("20.10.24", "19.03.5"))),
    /^✗ Docker: is 19\.03\.5.*, and 20\.10 is needed → update/,
  ],
  ["no engine", engineFinding(missing), /^✗ Docker: is not installed → https/],
  [
    "an engine that does not run",
    engineFinding(ran(NO_DAEMON.stdout, { status: 1, stderr: NO_DAEMON.stderr })),
    /^✗ Docker: does not answer \(Cannot connect.*→ sudo systemctl start docker$/,
  ],
  [
    "a socket without permission",
    engineFinding(ran(NO_PERMISSION.stdout, { status: 1, stderr: NO_PERMISSION.stderr })),
    /^✗ Docker: this user may not talk to it → sudo usermod/,
  ],
  ["an engine that hangs", engineFinding(ran("", { status: "late" })), /^✗ Docker: does not answer \(late\)/],
  ["Compose 1.29", composeFinding(ran("1.29.2\n")), /^✓ Docker Compose: 1\.29\.2$/],
  ["Compose v2", composeFinding(ran("v2.29.1\n")), /^✓ Docker Compose: 2\.29\.1$/],
  ["an old Compose", composeFinding(ran("1.25.0\n")), /^✗ Docker Compose: is 1\.25\.0, and 1\.29 is needed/],
  [
    "no Compose",
    composeFinding(ran("", { status: 1, stderr: NO_COMPOSE })),
    /^✗ Docker Compose: is not there .*→ install the package docker-compose-plugin$/,
  ],
  ["room", spaceFinding("Disk", ran(DF)), /^✓ Disk: 65\.9 of 252\.0 GiB free$/],
  ["little room", spaceFinding("Disk", ran(DF.replace("69151668", "1151668"))), /^✗ Disk: 1\.1 of 252\.0 GiB free → /],
  ["room that is not told", spaceFinding("Disk", missing), /^– Disk: not told \(missing\)/],
  ["an old gh", ghFinding(ran(GH)), /^– gh: 2\.23\.0, which is old → build with GH_URL/],
  ["a new gh", ghFinding(ran(GH.replaceAll("2.23.0", "2.83.1"))), /^✓ gh: 2\.83\.1$/],
  ["no gh", ghFinding(ran("", { status: 127 })), /^✗ gh: is not in the bot's image/],
  ["a broker that is ready", brokerFinding(ran(READYZ)), /^✓ Broker: is ready$/],
  [
    "a broker without an App",
    brokerFinding(ran('{"status":"not_configured","problems":["GITHUB_APP_ID is not set."]}')),
    /^– Broker: not configured: GITHUB_APP_ID is not set\. → \.\/tinyclaw\.sh init$/,
  ],
  [
    "a broker with a bad key",
    brokerFinding(ran('{"status":"failed","problems":["the key is cut off"]}')),
    /^✗ Broker: failed: the key is cut off/,
  ],
  [
    "a broker that is silent",
    brokerFinding(ran("", { status: 1, stderr: "ECONNREFUSED\n" })),
    /^✗ Broker: does not answer \(ECONNREFUSED\)/,
  ],
  ["a dashboard that waits", dashboardFinding(ran('{"status":"waiting"}')), /^✓ Dashboard: answers, and waits/],
  [
    "a dashboard that is silent",
    dashboardFinding(ran("", { status: "late" })),
    /^✗ Dashboard: does not answer \(late\)/,
  ],
  [
    "a bot that runs",
    botFinding(ran(JSON.stringify({ timestamp: NOW, ...SUPERVISOR })), "0.1.0", NOW),
    /^✓ Bot: the bot is running, version 0\.1\.0$/,
  ],
  [
    "a bot of another version",
    botFinding(ran(JSON.stringify({ timestamp: NOW, ...SUPERVISOR })), "0.2.0", NOW),
    /^✗ Bot: is version 0\.1\.0, and this checkout is 0\.2\.0 → \.\/tinyclaw\.sh upgrade$/,
  ],
  [
    "a bot that is silent",
    botFinding(ran(JSON.stringify({ timestamp: NOW - 60_000, ...SUPERVISOR })), "0.1.0", NOW),
    /^✗ Bot: the bot has not told of itself for 60 s/,
  ],
  ["a bot without a record", botFinding(ran("", { status: 1 }), "0.1.0", NOW), /^✗ Bot: has not told of itself yet/],
  [
    "a volume that cannot be written",
    writeFinding(ran("", { status: 2, stderr: "sh: 1: cannot create: Read-only file system\n" })),
    /^✗ Data volume: cannot be written \(sh: 1: cannot create: Read-only file system\)/,
  ],
  ["a clock that is right", clockFinding(-900), /^✓ Clock: is right$/],
  ["a clock that is behind", clockFinding(95_000), /^✗ Clock: is 95 s behind Telegram's → /],
  ["a clock that is ahead", clockFinding(-95_000), /^✗ Clock: is 95 s ahead of Telegram's → /],
  ["an enabled unit", unitFinding("enabled active"), /^✓ systemd unit: is enabled, active$/],
  ["no unit", unitFinding("none none"), /^– systemd unit: is not installed/],
  ["a unit that failed", unitFinding("enabled failed"), /^✗ systemd unit: has failed/],
  ["a unit that a boot forgets", unitFinding("disabled active"), /^✗ systemd unit: is active but not enabled/],
];
for (const [title, finding, told] of table) {
  test(`${title} is told`, () => {
    assert.match(line(finding), told);
  });
}

test("versions are compared number by number", () => {
  assert.deepEqual(
    [reaches("20.10", "20.9"), reaches("2.9.1", "2.10"), reaches("28.2.2", "20.10")],
    [true, false, true],
  );
});

const stack = (...containers: object[]) => parseContainers(JSON.stringify(containers));
const all = [container("broker"), container("bot"), container("dashboard")];
const built = new Map([["tinyclaw-bot:latest", "sha256:bot-image"]]);
const linesOf = (containers: object[], images = built): string[] =>
  containerFindings(stack(...containers), images, NOW).map(line);

test("a stack that is well has a line for each service", () => {
  assert.deepEqual(linesOf(all), [
    "✓ Container broker: healthy",
    "✓ Container bot: healthy",
    "✓ Container dashboard: healthy",
  ]);
});

test("without a stack there is nothing to find fault with", () => {
  assert.deepEqual(linesOf([]), ["– Stack: does not run → ./tinyclaw.sh start"]);
});

const ILL: [title: string, bot: object, told: RegExp][] = [
  [
    "a container that is stopped",
    container("bot", { state: { Running: false, Status: "exited", ExitCode: 137 } }),
    /is stopped \(exit status 137\) → \.\/tinyclaw\.sh start/,
  ],
  [
    "one that ends at once over a variable",
    container("bot", { state: { Status: "restarting", ExitCode: 125 } }),
    /ends as soon as it is started \(exit status 125, a variable is missing or wrong\) → \.\/tinyclaw\.sh logs bot/,
  ],
  [
    "one without memory",
    container("bot", { restarts: 2, state: { OOMKilled: true } }),
    /was started again 2 times, the last at 2026-11-22T21:32.*ran out of memory/,
  ],
  [
    "one that is ill",
    container("bot", { state: { Health: { Status: "unhealthy", Log: [{ Output: "the bot is stopping\n" }] } } }),
    /is ill: the bot is stopping → /,
  ],
  [
    "one of an older image",
    { ...container("bot"), Image: "sha256:older" },
    /runs an older tinyclaw-bot:latest than the one that was built last/,
  ],
];
for (const [title, bot, told] of ILL) {
  test(`${title} is told`, () => {
    const [, line = ""] = linesOf([container("broker"), bot, container("dashboard")]);
    assert.match(line, /^✗ Container bot: /);
    assert.match(line, told);
  });
}

test("restarts of long ago are history", () => {
  const bot = container("bot", { restarts: 2, state: { StartedAt: "2026-11-21T21:32:12Z" } });
  assert.match(linesOf([bot])[1] ?? "", /^✓/);
});

test("a service without a container is told, and one-off containers are none", () => {
  const leftOver = container("bot", { labels: { "com.docker.compose.oneoff": "True" } });
  assert.match(
    linesOf([container("broker"), leftOver])[1] ?? "",
    /^✗ Container bot: is not there → \.\/tinyclaw\.sh start$/,
  );
});

test("a port that others reach is told, and loopback is well", () => {
  assert.match(line(portFinding(stack(...all))), /^✓ Ports: dashboard on 127\.0\.0\.1:3100, and nothing else$/);
  const open = container("dashboard", { ports: { "3100/tcp": [{ HostIp: "0.0.0.0", HostPort: "3100" }] } });
  assert.match(line(portFinding(stack(open))), /^✗ Ports: open to others: dashboard on 0\.0\.0\.0:3100 → /);
  const broker = container("broker", { ports: { "3000/tcp": [{ HostIp: "127.0.0.1", HostPort: "3000" }] } });
  assert.match(line(portFinding(stack(broker))), /^✗ Ports: open to others: broker on 127\.0\.0\.1:3000/);
});

const entry = (name: string, change: Partial<Entry> = {}): Entry => ({
  name,
  kind: name === "." ? "directory" : "file",
  uid: 10_001,
  gid: 10_001,
  mode: name === "." ? 0o700 : 0o600,
  size: 1,
  ...change,
});

test("the broker reads as owner, as group, or not at all", () => {
  assert.equal(brokerReads(entry("a")), true);
  assert.equal(brokerReads(entry("a", { uid: 0, mode: 0o640 })), true);
  assert.equal(brokerReads(entry("a", { uid: 0, mode: 0o600 })), false);
  assert.equal(brokerReads(entry("a", { mode: 0o044 })), false);
  assert.equal(brokerReads(entry(".", { uid: 0, mode: 0o2750 })), true);
  assert.equal(brokerReads(entry(".", { uid: 0, mode: 0o740 })), false);
});

const FOLDERS: [title: string, entries: Entry[] | undefined, needsKey: boolean, told: RegExp][] = [
  [
    "a folder of the broker's",
    [entry("."), entry("github-app.pem")],
    true,
    /^✓ secrets\/: read by the broker, and by nobody else$/,
  ],
  [
    "one that others may read",
    [entry(".", { mode: 0o755 }), entry("github-app.pem", { mode: 0o644 })],
    true,
    /^✗ secrets\/: everybody on this machine may read the folder, github-app\.pem → chmod -R o= secrets$/,
  ],
  [
    "one of root's alone",
    [entry("."), entry("github-app.pem", { uid: 0, gid: 0 })],
    true,
    /^✗ secrets\/: the broker \(uid 10001\) may not read github-app\.pem → sudo sh -c 'chgrp -R 10001 secrets /,
  ],
  ["an empty one that nobody needs", [entry(".", { uid: 0, gid: 0 })], false, /^✓/],
  ["none that anybody needs", undefined, false, /^– secrets\/: none, and no GitHub App is set/],
  ["none for a broker that needs a key", undefined, true, /^✗ secrets\/: is missing, and GITHUB_APP_ID is set/],
];
for (const [title, entries, needsKey, told] of FOLDERS) {
  test(`secrets/: ${title}`, () => {
    assert.match(secretsFindings(entries, needsKey).map(line).join("\n"), told);
  });
}

test("units of the older program are read from systemctl's list", () => {
  const list =
    "tinyclaw-queue.service    enabled enabled\ntinyclaw-telegram.service disabled enabled\ntinyclaw.service enabled enabled\n";
  assert.deepEqual(parseUnitFiles(list), ["tinyclaw-queue", "tinyclaw-telegram"]);
});

test("what a program printed cannot break out of its line", () => {
  assert.equal(
    findingLine({ mark: "bad", what: "a", detail: "b\n✓ c\u001b[2J", remedy: "d" }),
    "✗ a: b\\n✓ c\\x1b[2J → d",
  );
});
