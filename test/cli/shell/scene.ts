/** A checkout for tinyclaw.sh with programs of our own making on its path, and no other docker or systemd. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { text } from "node:stream/consumers";
import type { TestContext } from "node:test";
import { repositoryRoot } from "../../support/root.ts";
import { tempDir } from "../../support/temp-dir.ts";

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Scene {
  readonly root: string;
  readonly home: string;
  /** Runs tinyclaw.sh, from `root` unless told otherwise. */
  run(words: readonly string[], options?: RunOptions): Promise<Outcome>;
  /** What docker, systemctl and sudo were asked to change, in order. */
  changes(): Promise<string[]>;
  /** Puts a program before the others; its body is bash. */
  program(name: string, body: string): Promise<void>;
  /** Writes a file of the checkout. */
  file(name: string, text: string): Promise<void>;
}

interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly input?: string;
}

/** What the script itself uses, on a path where nothing else is. */
const TOOLS =
  "awk bash cat cmp cp cut date df dirname env find grep head id install ls mkdir mktemp mv node readlink rm rmdir sed sh sort ss stat sync systemd-analyze timeout touch tr";

/** Answers as Docker does, by variables; what would change something is written down and succeeds. */
const DOCKER = `
case "$*" in
  "version"*) [[ -z "\${DOCKER_FAULT:-}" ]] || { echo "$DOCKER_FAULT" >&2; exit 1; }; echo "\${ENGINE-20.10.24+dfsg1}" ;;
  "compose version --short") [[ -n "\${COMPOSE-2.24.5}" ]] || exit 125; echo "\${COMPOSE-2.24.5}" ;;
  "context inspect "*) echo "unix://$SCENE/docker.sock" ;;
  "info "*) echo "$SCENE" ;;
  "volume inspect "*) [[ " \${VOLUMES:-} " == *" \${*: -1} "* ]] ;;
  "image inspect "*) [[ " \${IMAGES-tinyclaw-broker:latest tinyclaw-bot:latest tinyclaw-dashboard:latest} " == *" \${*: -1} "* ]] ;;
  *publish=*) echo "\${PUBLISHER:-}" ;;
  "ps "*) [[ "$*" == *"compose.project=\${PROJECT:-tinyclaw} "* ]] || exit 0
     for name in \${RUNNING:-}; do if [[ "$*" != *compose.service=* || "$*" == *"compose.service=$name "* ]]; then echo "id-$name"; fi; done ;;
  "inspect "*) echo "\${HEALTH:-healthy}" ;;
  *" config --services") printf '%s\\n' dashboard broker bot ;;
  *) printf 'docker %s\\n' "$*" >>"$SCENE/changes"; if [[ "$*" == *"\${FAILING:-nothing at all}"* ]]; then exit 1; fi
     case "$*" in *" backup "*) echo archive ;; *" restore "*) cat >>"$SCENE/restored" ;; esac ;;
esac
`;

export const ENV_FILE =
  'TELEGRAM_BOT_TOKEN="123:abc"\nTELEGRAM_CHAT_ID=-1001\nANTHROPIC_API_KEY=key\nBROKER_SECRET=secret\nDASHBOARD_PORT=1\n';

export async function openScene(t: TestContext): Promise<Scene> {
  const root = await tempDir(t);
  const home = path.join(root, "check out");
  const [bin, tools] = [path.join(root, "bin"), path.join(root, "tools")];
  for (const folder of [bin, tools, path.join(home, "src", "cli")]) await mkdir(folder, { recursive: true });
  for (const part of ["tinyclaw.sh", "systemd", path.join("src", "cli", "shell")]) {
    await cp(path.join(repositoryRoot, part), path.join(home, part), { recursive: true });
  }
  for (const tool of TOOLS.split(" ")) await linkTool(tools, tool);
  const scene: Scene = {
    root,
    home,
    run: (words, options = {}) => run(path.join(home, "tinyclaw.sh"), words, root, `${bin}:${tools}`, options),
    changes: async () => (await readFile(path.join(root, "changes"), "utf8")).split("\n").filter((line) => line !== ""),
    program: async (name, body) => {
      await writeFile(path.join(bin, name), `#!${path.join(tools, "bash")}\n${body}\n`);
      await chmod(path.join(bin, name), 0o755);
    },
    file: (name, content) => writeFile(path.join(home, name), content),
  };
  await writeFile(path.join(root, "changes"), "");
  await scene.file("compose.yaml", "name: tinyclaw\n");
  await scene.file(".env", ENV_FILE);
  await scene.program("docker", DOCKER);
  return scene;
}

async function linkTool(folder: string, tool: string): Promise<void> {
  for (const place of ["/usr/bin", "/bin", "/usr/local/bin", "/usr/sbin", "/sbin"]) {
    const real = path.join(place, tool);
    if (!existsSync(real)) continue;
    await symlink(real, path.join(folder, tool));
    return;
  }
}

async function run(script: string, words: readonly string[], root: string, paths: string, options: RunOptions) {
  const child = spawn(script, words, {
    cwd: options.cwd ?? root,
    env: { PATH: paths, HOME: root, SCENE: root, ...options.env },
    stdio: "pipe",
  });
  child.stdin.on("error", () => {});
  child.stdin.end(options.input ?? "");
  const closed = new Promise<number | null>((resolve, reject) => child.once("error", reject).once("close", resolve));
  const [stdout, stderr, status] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
  return { status, stdout, stderr } satisfies Outcome;
}
