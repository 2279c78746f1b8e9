/** Who can do what: an agent in the bot's container, the dashboard's container, and all of them to their own files. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { waitForPost } from "../support/bot.ts";
import { noEngine } from "./support/docker.ts";
import { SERVICES, Stack } from "./support/stack.ts";
import type { Service } from "./support/stack.ts";
import { OWNER, REPOSITORY } from "./support/stand-ins.ts";

const USERS: Readonly<Record<Service, readonly [uid: string, gid: string]>> = {
  broker: ["10001", "10001"],
  bot: ["0", "10000"],
  dashboard: ["10003", "10000"],
};
const AGENT = "10002";
/** Bits of capabilities(7): KILL 5, SETGID 6, SETUID 7. */
const SUPERVISORS = (1n << 5n) | (1n << 6n) | (1n << 7n);
const SECRET_LENGTH = 24;

/** Of what the engine was told for a container. */
interface HostConfig {
  readonly ReadonlyRootfs: boolean;
  readonly Privileged: boolean;
  readonly Init: boolean;
  readonly CapDrop: readonly string[];
  readonly CapAdd: readonly string[] | null;
  readonly SecurityOpt: readonly string[];
  readonly RestartPolicy: { readonly Name: string };
  readonly LogConfig: { readonly Config: Readonly<Record<string, string>> };
  readonly Memory: number;
  readonly PidsLimit: number;
  readonly CpuQuota: number;
  readonly NanoCpus: number;
}

describe("the stack's walls", { skip: noEngine, concurrency: 1 }, () => {
  let stack: Stack;
  let topic: number;
  before(async () => {
    stack = await Stack.open();
    await stack.up();
    topic = stack.telegram.createTopic("Trials");
  });
  after(() => stack.close());

  /** What an agent's command printed, by line. */
  const agentRuns = async (command: string): Promise<string[]> =>
    (await stack.agent.run(stack.telegram, topic, command)).split("\n").filter((line) => line !== "");

  /** Runs each command as the agent; those that succeed. None of them is to. */
  const agentManages = async (commands: readonly string[]): Promise<string[]> => {
    const tries = commands.map((command, n) => `( ${command} ) >/dev/null 2>&1 && echo "managed ${n}"`);
    const lines = await agentRuns([...tries, "echo tried all"].join("\n"));
    assert.ok(lines.includes("tried all"), lines.join("\n"));
    return commands.filter((_command, n) => lines.includes(`managed ${n}`));
  };

  test("each container is read-only, without privileges, limited, and brought back by Docker", async () => {
    for (const service of SERVICES) {
      const host = JSON.parse(await stack.inspect(service, "{{json .HostConfig}}")) as HostConfig;
      assert.deepEqual(
        [host.ReadonlyRootfs, host.Privileged, host.Init, host.CapDrop, host.RestartPolicy.Name],
        [true, false, true, ["ALL"], "always"],
        service,
      );
      const added = (host.CapAdd ?? []).map((name) => name.replace("CAP_", "")).toSorted();
      assert.deepEqual(added, service === "bot" ? ["KILL", "SETGID", "SETUID"] : [], service);
      assert.ok(
        host.SecurityOpt.some((option) => /^no-new-privileges(?:[:=]true)?$/.test(option)),
        service,
      );
      const { "max-size": size, "max-file": files } = host.LogConfig.Config;
      assert.ok(size !== undefined && files !== undefined, `${service}: logs`);
      assert.ok(host.Memory > 0 && host.PidsLimit > 0 && host.CpuQuota + host.NanoCpus > 0, `${service}: limits`);
    }
  });

  test("root itself cannot write to a container's own files", async () => {
    for (const service of SERVICES) {
      for (const folder of ["/", "/app", "/usr/local/bin", "/etc"]) {
        const { status, stderr } = await stack.execAsRoot(service, "sh", "-c", `: > ${folder}/tried`);
        assert.notEqual(status, 0, `${service}: ${folder}`);
        assert.match(stderr, /Read-only file system|Permission denied/);
      }
    }
  });

  test("each program runs as its own user, without capabilities but the supervisor's three", async () => {
    for (const service of SERVICES) {
      const [uid, gid] = USERS[service];
      const { stdout } = await stack.exec(
        service,
        "sh",
        "-c",
        'for p in /proc/[0-9]*; do echo "$p"; cat "$p/status"; done',
      );
      // tini is process 1, and its child the program.
      const status =
        /^\/proc\/(?!1\n)\d+\n(?=Name:\t(?:node|MainThread)\n)([\s\S]*?)(?=^\/proc\/|(?![\s\S]))/m.exec(stdout)?.[1] ??
        "";
      const field = (name: string): string => new RegExp(`^${name}:\\s+(.*)$`, "m").exec(status)?.[1] ?? "";
      assert.deepEqual(
        [field("Uid"), field("Gid")].map((ids) => ids.split(/\s+/)),
        [Array(4).fill(uid), Array(4).fill(gid)],
        service,
      );
      const bounding = service === "bot" ? SUPERVISORS : 0n;
      assert.deepEqual([BigInt(`0x${field("CapBnd")}`), field("NoNewPrivs")], [bounding, "1"], service);
      const effective = BigInt(`0x${field("CapEff")}`);
      assert.equal(effective, service === "bot" ? SUPERVISORS : 0n, service);
    }
  });

  test("the data volume is read-only in the dashboard, and absent in the broker", async () => {
    const write = ["node", "-e", 'require("node:fs").writeFileSync("/app/.tinyclaw/tried", "")'];
    assert.match((await stack.exec("dashboard", ...write)).stderr, /EROFS/);
    assert.match((await stack.execAsRoot("dashboard", ...write)).stderr, /EROFS/);
    const { stdout } = await stack.exec("broker", "cat", "/proc/mounts");
    assert.doesNotMatch(stdout, /tinyclaw|host\/proc/);
  });

  test("the dashboard's container reaches neither the broker nor the bot, which reach each other", async () => {
    const addressOf = (service: Service): Promise<string> =>
      stack.inspect(service, "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}");
    const [broker, bot] = [await addressOf("broker"), await addressOf("bot")];
    // The bot listens nowhere: something has to for a while, so that there is something to miss.
    const listen = `const { createServer } = require("node:net");
      createServer((socket) => socket.end()).listen(4321);
      createServer((socket) => socket.end(() => process.exit())).listen(4322);
      setTimeout(() => process.exit(), 300000);`;
    const listening = stack.exec("bot", "node", "-e", listen);
    const connect = (host: string, port: number): string[] => [
      "node",
      "-e",
      `const socket = require("node:net").connect({ host: ${JSON.stringify(host)}, port: ${port}, timeout: 3000 });
       socket.on("connect", () => process.exit(0)).on("timeout", () => process.exit(3)).on("error", () => process.exit(4));`,
    ];
    const reach = async (from: Service, host: string, port: number): Promise<boolean> =>
      (await stack.exec(from, ...connect(host, port))).status === 0;
    let reached = false;
    for (let tries = 0; !reached && tries < 20; tries += 1) reached = await reach("broker", bot, 4321);
    assert.ok(reached, "the broker's container reaches the bot's");
    assert.ok(await reach("bot", "broker", 3000), "the bot's container reaches the broker's");
    const wrong: string[] = [];
    for (const [host, port] of [
      ["broker", 3000],
      [broker, 3000],
      ["bot", 4321],
      [bot, 4321],
    ] as const) {
      if (await reach("dashboard", host, port)) wrong.push(host);
    }
    assert.deepEqual(wrong, []);
    assert.ok(await reach("broker", bot, 4322), "there was something to miss to the end");
    await listening;
  });

  test("an agent is its own user without any capability, and the first to go when memory is short", async () => {
    const lines = await agentRuns(
      "id -u; id -g; id -G; grep -E '^(Cap|NoNewPrivs)' /proc/self/status; cat /proc/self/oom_score_adj; pwd; echo $HOME",
    );
    assert.deepEqual(lines.slice(0, 3), [AGENT, AGENT, AGENT]);
    const rights = lines.filter((line) => line.startsWith("Cap"));
    assert.equal(rights.length, 5);
    // What may never be had again is bounded by the container; of the rest there is nothing.
    for (const line of rights) if (!line.startsWith("CapBnd")) assert.match(line, /\t0+$/);
    assert.ok(lines.includes("NoNewPrivs:\t1"));
    assert.ok(Number(lines.at(-3)) > 0, `oom_score_adj ${lines.at(-3)}`);
    assert.deepEqual(lines.slice(-2), ["/workspace/trials", "/home/agent"]);
  });

  test("an agent has somewhere to work: its folder, its home and /tmp", async () => {
    const lines = await agentRuns(
      'for d in . ~ /tmp; do echo \'echo ran\' > "$d/tried" && sh "$d/tried" && rm "$d/tried"; done',
    );
    assert.deepEqual(lines, ["ran", "ran", "ran"]);
  });

  test("an agent clones through the helper, with a token for that repository alone", async () => {
    const { github, gitHost } = stack.standIns;
    const address = `https://${gitHost}/${OWNER}/${REPOSITORY}.git`;
    const lines = await agentRuns(
      `git clone -q ${address} cloned 2>&1; cat cloned/README.md; git -C cloned remote get-url origin`,
    );
    assert.deepEqual(lines, [`# ${OWNER}/${REPOSITORY}`, address], lines.join("\n"));
    const [token, ...more] = github.liveTokens();
    assert.deepEqual([token?.repositories, more], [[`${OWNER}/${REPOSITORY}`], []]);
    const denied = await agentRuns(`git clone -q https://${gitHost}/others/secret.git 2>&1`);
    assert.match(denied.join("\n"), /^tinyclaw: others\/secret\.git: /m);
  });

  test("an agent finds the App's key, the broker's files and the bot's token nowhere", async () => {
    const pem = stack.privateKeyPem.replaceAll(/-----.*-----|\s/g, "");
    const hidden = [pem.slice(100, 100 + SECRET_LENGTH), stack.telegram.token.slice(-SECRET_LENGTH)];
    const kept = "/tmp/what-it-may-have";
    const lines = await agentRuns(
      [
        `printf %s "$BROKER_SECRET" > ${kept}`,
        // In its environment, in those and the words of every process, and in every file that it can read.
        "look() {",
        '  env | grep -cE "$1"',
        '  cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null | grep -acE "$1"',
        "  find / \\( -path /proc -o -path /sys -o -path /dev \\) -prune -o -type f -readable -print0 2>/dev/null |",
        '    xargs -0 grep -alE "$1" 2>/dev/null',
        "}",
        `echo hidden; look '${hidden.map(unfindable).join("|")}'`,
        `echo control; look '${unfindable(stack.brokerSecret)}'`,
        "echo users; for p in /proc/[0-9]*; do [ -r $p/environ ] && stat -c %u $p; done | sort -u",
        "echo places; ls -d /secrets /run/secrets 2>/dev/null; grep -E 'secret|docker.sock' /proc/mounts",
        "echo end",
      ].join("\n"),
    );
    assert.deepEqual(lines.slice(0, 4), ["hidden", "0", "0", "control"], lines.join("\n"));
    // What it may have is found, in each of the three ways.
    const [environment, processes, ...rest] = lines.slice(4);
    assert.ok(Number(environment) > 0 && Number(processes) > 0, lines.join("\n"));
    assert.deepEqual(rest, [kept, "users", AGENT, "places", "end"]);
  });

  test("an agent can neither signal nor trace the supervisor, nor look into another user's /proc", async () => {
    const [supervisor = ""] = await agentRuns(
      "for p in /proc/[0-9]*; do grep -qa 'supervisor/[m]ain.js' $p/cmdline && ! grep -qa -e --check $p/cmdline && echo ${p#/proc/}; done | sort -n | tail -1",
    );
    assert.match(supervisor, /^\d+$/);
    const pids = ["1", supervisor];
    const tries = pids.flatMap((pid) => [
      `kill -0 ${pid}`,
      `kill -TERM ${pid}`,
      `kill -KILL ${pid}`,
      ...["environ", "maps", "io", "auxv"].map((file) => `head -c 1 /proc/${pid}/${file} | grep -q .`),
      ...["mem"].map((file) => `dd if=/proc/${pid}/${file} bs=1 count=1`),
      ...["cwd", "root", "exe", "fd/0", "fd/1"].map(
        (link) => `readlink /proc/${pid}/${link} && ls -L /proc/${pid}/${link}`,
      ),
      `echo 1000 > /proc/${pid}/oom_score_adj`,
      `echo tried > /proc/${pid}/fd/1`,
    ]);
    assert.deepEqual(await agentManages(tries), []);
    assert.equal(await stack.state("bot"), "healthy");
  });

  test("an agent can neither read nor write in .tinyclaw/, nor change the program or its own git's settings", async () => {
    const queue = "/app/.tinyclaw/queue";
    const tries = [
      "ls /app/.tinyclaw",
      "cat /app/.tinyclaw/settings.json",
      "cat /app/.tinyclaw/message-history.jsonl",
      `echo '{"message":"forged"}' > ${queue}/incoming/forged.json`,
      `echo '{"message":"forged"}' > ${queue}/tmp/forged.json`,
      `mv /etc/hostname ${queue}/incoming/`,
      "ln -s /tmp /app/.tinyclaw/link",
      "rm -rf /app/.tinyclaw/status",
      "echo > /app/dist/src/supervisor/main.js",
      "echo > /usr/local/bin/gh",
      "git config --system user.name tried",
      "mkdir /app/tried",
      "chown 0 ~",
      "su -c true",
      "setpriv --reuid 0 true",
      "mount -t tmpfs none /tmp",
      "unshare -r true && unshare -rm mount -t tmpfs none /app",
    ];
    assert.deepEqual(await agentManages(tries), []);
    stack.telegram.sendText(topic, stack.agent.userOf(stack.telegram), "still well?");
    await waitForPost(stack, topic, /^heard still well\?$/);
  });
});

/** A pattern that matches the text, and not itself where it stands in a command line or a transcript. */
function unfindable(text: string): string {
  const escaped = text.slice(1).replaceAll(/[.+*?^$()[\]{}|\\/]/g, String.raw`\$&`);
  return `[${text[0]}]${escaped}`;
}
