/** What Docker 20.10 and Compose 1.29 print, recorded from a stack that ran, and shortened. */

export const VERSION = JSON.stringify({
  Client: {
    Version: "28.2.2",
    ApiVersion: "1.41",
    DefaultAPIVersion: "1.50",
    Os: "linux",
    Arch: "amd64",
    Context: "default",
  },
  Server: {
    Platform: { Name: "" },
    Components: [{ Name: "Engine", Version: "20.10.24+dfsg1", Details: { ApiVersion: "1.41" } }],
    Version: "20.10.24+dfsg1",
    ApiVersion: "1.41",
    Os: "linux",
  },
});
export const NO_DAEMON = {
  stdout: '{"Client":{"Version":"28.2.2"},"Server":null}\n',
  stderr: "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?\n",
};
export const NO_PERMISSION = {
  stdout: '{"Client":{"Version":"28.2.2"},"Server":null}\n',
  stderr:
    'permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: Get "http://%2Fvar%2Frun%2Fdocker.sock/v1.24/version": dial unix /var/run/docker.sock: connect: permission denied\n',
};
export const NO_COMPOSE = "docker: 'compose' is not a docker command.\nSee 'docker --help'\n";
export const DF = [
  "Filesystem     1024-blocks     Used Available Capacity Mounted on",
  "/dev/vda         264212084 37239244  69151668      36% /app/.tinyclaw",
  "",
].join("\n");
export const GH =
  "gh version 2.23.0 (2023-02-27 Debian 2.23.0+dfsg1-1)\nhttps://github.com/cli/cli/releases/tag/v2.23.0\n";
export const READYZ =
  '{"status":"ok","github":"ok","key_ids":["SHA256:BTF5"],"policy":"built_in","policy_digest":"built-in","clock_skew_s":0,"app":{"slug":"tinyclaw-sandbox","bot_user_id":200000001},"started_at":1795383128569,"problems":[]}\n';

/** Of `docker inspect`, as a running and healthy container has it. */
export function container(
  service: string,
  change: {
    readonly state?: object;
    readonly restarts?: number;
    readonly ports?: object;
    readonly labels?: object;
  } = {},
) {
  return {
    Id: `${service}-id`,
    Name: `/tinyclaw_${service}_1`,
    Image: `sha256:${service}-image`,
    RestartCount: change.restarts ?? 0,
    State: {
      Status: "running",
      Running: true,
      Paused: false,
      Restarting: false,
      OOMKilled: false,
      Dead: false,
      Pid: 18252,
      ExitCode: 0,
      Error: "",
      StartedAt: "2026-11-22T21:32:12.711238416Z",
      FinishedAt: "0001-01-01T00:00:00Z",
      Health: {
        Status: "healthy",
        FailingStreak: 0,
        Log: [
          {
            Start: "2026-11-22T21:32:28.23505208Z",
            End: "2026-11-22T21:32:28.426402536Z",
            ExitCode: 0,
            Output: "it is well\n",
          },
        ],
      },
      ...change.state,
    },
    Config: {
      Image: `tinyclaw-${service}:latest`,
      Labels: {
        "com.docker.compose.oneoff": "False",
        "com.docker.compose.project": "tinyclaw",
        "com.docker.compose.service": service,
        ...change.labels,
      },
    },
    NetworkSettings: {
      Ports:
        change.ports ??
        (service === "dashboard" ? { "3100/tcp": [{ HostIp: "127.0.0.1", HostPort: "3100" }] } : { "3000/tcp": null }),
    },
  };
}

export const SUPERVISOR = {
  instance: "a",
  pid: 7,
  startedAt: 1,
  version: "0.1.0",
  state: "running",
  workers: [{ name: "telegram", state: "running", startedAt: 1, restarts: 0, eventLoopUtilization: 0 }],
  agents: [],
  broker: { state: "ok", checkedAt: 1 },
  disk: { level: "ok" },
};
