/** What an operator does with the stack, and what comes of it. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import { chromium } from "playwright-core";
import { CHROMIUM, CHROMIUM_FLAGS } from "../support/chromium.ts";
import { postedIn, waitForPost } from "../support/bot.ts";
import { eventually } from "../support/eventually.ts";
import { needs } from "../support/needs.ts";
import { docker, noEngine } from "./support/docker.ts";
import { SERVICES, Stack } from "./support/stack.ts";

describe("the stack of compose.yaml", { skip: noEngine, concurrency: 1 }, () => {
  let stack: Stack;
  before(async () => {
    stack = await Stack.open();
    await stack.up();
  });
  after(() => stack.close());

  const say = (topic: number, text: string): void => {
    stack.telegram.sendText(topic, stack.agent.userOf(stack.telegram), text);
  };
  const recent = async (): Promise<Record<string, unknown>[]> => {
    const answer = await fetch(`${stack.dashboardUrl}/api/messages/recent`);
    return ((await answer.json()) as { items: Record<string, unknown>[] }).items;
  };

  test("a message in a topic is answered by the agent in its container, and the dashboard shows both", async () => {
    const topic = stack.telegram.createTopic("Greetings");
    say(topic, "good morning");
    await waitForPost(stack, topic, /^heard good morning$/);
    const rows = await eventually("both rows", async () => {
      const of = (await recent()).filter(({ threadId }) => threadId === topic);
      return of.length === 2 ? of : undefined;
    });
    assert.deepEqual(
      rows.map(({ direction, message }) => [direction, message]),
      [
        ["in", "good morning"],
        ["out", "heard good morning"],
      ],
    );
  });

  test("the dashboard is published on 127.0.0.1 alone, and nothing else is published", async () => {
    const bindings = await Promise.all(
      SERVICES.map((service) => stack.inspect(service, "{{json .NetworkSettings.Ports}}")),
    );
    const published = bindings.flatMap((text) =>
      Object.values(JSON.parse(text) as Record<string, unknown>).filter(Boolean),
    );
    const { port } = new URL(stack.dashboardUrl);
    assert.deepEqual(published, [[{ HostIp: "127.0.0.1", HostPort: port }]]);
  });

  test("the page through the published port shows the host's figures, not a container's", async (t) => {
    const total = Number(/^MemTotal:\s+(\d+) kB/m.exec(await readFile("/proc/meminfo", "utf8"))?.[1]) * 1024;
    const cores = (await readFile("/proc/stat", "utf8")).match(/^cpu\d+ /gm)?.length;
    const metrics = await eventually("three containers seen from outside", async () => {
      const told = (await (await fetch(`${stack.dashboardUrl}/api/metrics`)).json()) as Record<string, never>;
      return Object.values(told["containers"] ?? {}).every((seconds) => seconds !== null) ? told : undefined;
    });
    const { memory, cpu, uptime } = metrics as unknown as {
      memory: { total: number };
      cpu: { cores: number[] };
      uptime: number;
    };
    assert.deepEqual([memory.total, cpu.cores.length], [total, cores]);
    const up = Number((await readFile("/proc/uptime", "utf8")).split(" ")[0]);
    assert.ok(Math.abs(up - uptime) < 30, `${uptime} s is the host's ${up} s`);
    const noPage = needs(CHROMIUM !== undefined, "there is no Chromium");
    if (CHROMIUM === undefined) {
      t.diagnostic(`${noPage}: the figures were asked for, the page was not looked at`);
      return;
    }
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_FLAGS });
    try {
      const page = await browser.newPage();
      await page.goto(`${stack.dashboardUrl}/#/system`);
      await page.getByRole("meter", { name: `Core ${(cores ?? 0) - 1}` }).waitFor();
      for (const service of SERVICES) await page.getByText(`Container ${service} up`).first().waitFor();
      const row = page.getByRole("row", { name: /^Memory / });
      const told = Number(/ of ([\d.]+) GiB/.exec((await row.textContent()) ?? "")?.[1]);
      assert.ok(Math.abs(told - total / 2 ** 30) <= 0.5, `${told} GiB are the host's ${total} bytes`);
    } finally {
      await browser.close();
    }
  });

  test("tinyclaw.sh send prints the messageId, and the message is shown in its topic and answered there", async () => {
    const topic = stack.telegram.createTopic("Orders");
    say(topic, "hello");
    await waitForPost(stack, topic, /^heard hello$/);
    const sent = await stack.tinyclaw("send", "--thread", String(topic), "from", "the", "shell");
    assert.equal(sent.status, 0, sent.stderr);
    assert.match(sent.stdout, /^cli-[0-9a-f-]{36}\n$/);
    await waitForPost(stack, topic, /^heard from the shell$/);
    assert.ok(postedIn(stack, topic).some((text) => text.includes("from the shell") && !text.startsWith("heard")));
    const row = await eventually("its row", async () =>
      (await recent()).find(({ message }) => message === "from the shell"),
    );
    assert.deepEqual([row["messageId"], row["source"]], [sent.stdout.trim(), "cli"]);
  });

  test("tinyclaw.sh status tells of this stack's containers alone", async () => {
    const stranger = `${stack.project}-stranger`;
    await docker(
      "run",
      "-d",
      "--rm",
      "--name",
      stranger,
      "--network",
      "none",
      stack.image("broker"),
      "node",
      "-e",
      "setInterval(() => {}, 1e6)",
    );
    try {
      const { status, stdout, stderr } = await stack.tinyclaw("status");
      assert.equal(status, 0, stderr);
      for (const service of SERVICES) assert.match(stdout, new RegExp(`${service}.*(?:healthy|Up)`, "s"));
      assert.match(stdout, /%/, "docker stats tells of shares");
      assert.ok(!stdout.includes(stranger), stdout);
    } finally {
      await docker("rm", "-f", stranger);
    }
  });

  test("tinyclaw.sh logs shows what a service prints, and goes on with it", async () => {
    const child = stack.startTinyclaw("logs", "bot");
    const lines: string[] = [];
    const reader = createInterface({ input: child.stdout });
    reader.on("line", (line) => lines.push(line));
    try {
      await eventually("what was printed before", () => lines.length > 0 || undefined);
      stack.telegram.order({ method: "getUpdates", fault: { kind: "status", code: 500 } });
      await eventually(
        "what is printed now",
        () => lines.some((line) => line.includes("cannot be polled")) || undefined,
      );
    } finally {
      const gone = once(child, "close", { signal: AbortSignal.timeout(60_000) });
      process.kill(-(child.pid ?? Number.NaN), "SIGINT");
      await gone;
    }
  });

  test("a bot in a new container goes on with the sessions of the old one", async () => {
    const topic = stack.telegram.createTopic("Memory");
    say(topic, "remember the word heron");
    await waitForPost(stack, topic, /^heard remember/);
    const sessionOf = async (): Promise<unknown> => {
      const threads = JSON.parse(await stack.readData("threads.json")) as Record<string, Record<string, unknown>>;
      return threads[String(topic)]?.["sessionId"];
    };
    const [session, container] = [await eventually("a session", sessionOf), await stack.container("bot")];
    await stack.compose("up", "-d", "--force-recreate", "--no-deps", "bot");
    await stack.healthy();
    assert.notEqual(await stack.container("bot"), container);
    say(topic, "which word was it?");
    await waitForPost(stack, topic, /^heard which word/);
    assert.equal(await sessionOf(), session);
    const asked = stack.standIns.claude.requests.findLast(({ side }) => !side);
    assert.equal(asked?.sessionId, session);
    assert.ok(
      asked?.script.history.some(({ text }) => text.includes("heron")),
      "the agent has its own memory",
    );
    assert.ok(!asked?.script.userText.includes("before this session began"), "it was not told anew");
  });

  test("tinyclaw.sh restart SERVICE starts that one again and leaves the others", async () => {
    const startsOf = () => Promise.all(SERVICES.map((service) => stack.inspect(service, "{{.State.StartedAt}}")));
    const [broker, bot, dashboard] = await startsOf();
    const { status, stderr } = await stack.tinyclaw("restart", "dashboard");
    assert.equal(status, 0, stderr);
    await stack.healthy();
    const after = await startsOf();
    assert.deepEqual(after.slice(0, 2), [broker, bot]);
    assert.notEqual(after[2], dashboard);
  });

  test("tinyclaw.sh stop ends all in order and keeps the data; what comes meanwhile is answered after start", async () => {
    const topic = stack.telegram.createTopic("Night");
    const exits = watchExits(stack.project);
    const { status, stderr } = await stack.tinyclaw("stop");
    assert.equal(status, 0, stderr);
    assert.deepEqual(await exits.end(), Object.fromEntries(SERVICES.map((service) => [service, "0"])));
    for (const service of SERVICES) assert.equal(await stack.state(service), "absent");
    say(topic, "are you there?");
    await stack.up();
    await waitForPost(stack, topic, /^heard are you there\?$/);
    assert.ok(
      (await recent()).some(({ message }) => message === "good morning"),
      "history is what it was",
    );
  });
});

/** Notes the exit status of each service's container that ends. */
function watchExits(project: string): { end: () => Promise<Record<string, string>> } {
  const filters = ["type=container", "event=die", `label=com.docker.compose.project=${project}`];
  const format = '{{index .Actor.Attributes "com.docker.compose.service"}} {{.Actor.Attributes.exitCode}}';
  const since = String(Math.floor(Date.now() / 1_000));
  const words = ["events", "--since", since, "--format", format, ...filters.flatMap((filter) => ["--filter", filter])];
  const child = spawn("docker", words, { stdio: ["ignore", "pipe", "inherit"] });
  const seen: Record<string, string> = {};
  createInterface({ input: child.stdout }).on("line", (line) => {
    const [service = "", status = ""] = line.split(" ");
    seen[service] = status;
  });
  return {
    end: async () => {
      await eventually("the end of all", () => Object.keys(seen).length >= SERVICES.length || undefined).catch(
        () => undefined,
      );
      child.kill();
      return seen;
    },
  };
}
