/** Files of `/proc` in the forms that different kernels give them. */

const lines = (...all: string[]): string => `${all.join("\n")}\n`;

export const STAT = {
  /** 2.4: four columns. */
  ancient: lines("cpu  2255 34 2290 22625563", "cpu0 1132 34 1441 11311718", "page 5741 1808", "btime 1062191376"),
  /** 2.6.9: seven columns, before steal. */
  seven: lines("cpu  4705 356 584 3699 23 23 0 ", "cpu0 4705 356 584 3699 23 23 0 ", "intr 114930548 113199788"),
  /** 3.10: nine or ten columns. */
  centos7: lines(
    "cpu  10132153 290696 3084719 46828483 16683 0 25195 0 175628 0",
    "cpu0 5066076 145348 1542359 23414241 8341 0 12597 0 87814 0",
    "cpu1 5066077 145348 1542360 23414242 8342 0 12598 0 87814 0",
    "intr 1462898 0 0 0",
    "ctxt 115315",
    "procs_running 1",
  ),
  /** Cores 1 and 2 of four are offline. */
  offline: lines(
    "cpu  200 0 200 1600 0 0 0 0 0 0",
    "cpu0 100 0 100 800 0 0 0 0 0 0",
    "cpu3 100 0 100 800 0 0 0 0 0 0",
    "intr 5 0 0",
    "softirq 12 0 1",
  ),
  /** A container's own view by lxcfs: fewer cores than the host, and little but user, system and idle. */
  lxcfs: lines(
    "cpu  5221 0 1710 902113 0 0 0 0 0 0",
    "cpu0 5221 0 1710 902113 0 0 0 0 0 0",
    "intr 318223 9 0 0 0",
    "ctxt 1990473",
  ),
  /** iowait fell below zero in the kernel and is printed as an unsigned number. */
  underflow: lines(
    "cpu  1000 0 500 90000 18446744073709551615 0 0 0 0 0",
    "cpu0 500 0 250 45000 12 0 0 0 0 0",
    "cpu1 500 0 250 45000 18446744073709551603 0 0 0 0 0",
  ),
  /** A server of many cores after years, with virtual machines. */
  huge: lines(
    "cpu  9007199254740 113 876543210987 987654321098765 1234567 0 98765432 7654321 8007199254740 12",
    "cpu0 90071992547 1 8765432109 9876543210987 12345 0 987654 76543 80071992547 0",
    "cpu255 90071992547 1 8765432109 9876543210987 12345 0 987654 76543 80071992547 0",
  ),
};

export const MEMINFO = {
  /** 3.10 as it was released, without MemAvailable. */
  old: lines(
    "MemTotal:        3882076 kB",
    "MemFree:          154784 kB",
    "Buffers:          140736 kB",
    "Cached:          1914528 kB",
    "SwapCached:        77376 kB",
    "Active:          1837064 kB",
    "Shmem:            204800 kB",
    "Slab:             272684 kB",
    "SReclaimable:     234100 kB",
    "SUnreclaim:        38584 kB",
  ),
  /** 6.1. */
  current: lines(
    "MemTotal:       16303496 kB",
    "MemFree:         1048576 kB",
    "MemAvailable:    8151748 kB",
    "Buffers:          524288 kB",
    "Cached:          7340032 kB",
    "SwapCached:            0 kB",
    "Shmem:            262144 kB",
    "SReclaimable:     314572 kB",
    "HugePages_Total:       0",
  ),
  /** lxcfs: the total is the container's limit, what is available the host's. */
  lxcfs: lines("MemTotal:         524288 kB", "MemFree:          401200 kB", "MemAvailable:    9801200 kB"),
  /** 2.4 began with another table. */
  ancient: lines(
    "        total:    used:    free:  shared: buffers:  cached:",
    "Mem:  131452928 128790528  2662400        0  6922240 72994816",
    "MemTotal:       128372 kB",
    "MemFree:          2600 kB",
    "Buffers:          6760 kB",
    "Cached:          71284 kB",
    "SwapCached:        100 kB",
  ),
};

export const PRESSURE = {
  /** 5.4: the CPU has no `full`. */
  someAlone: "some avg10=1.53 avg60=0.87 avg300=0.28 total=157622151\n",
  both: lines(
    "some avg10=0.98 avg60=1.54 avg300=1.09 total=45230412",
    "full avg10=0.64 avg60=1.06 avg300=0.66 total=19290394",
  ),
  /** `irq`, 6.1. */
  fullAlone: "full avg10=0.12 avg60=0.10 avg300=0.02 total=96524\n",
  over: "some avg10=100.02 avg60=100.00 avg300=99.99 total=1\n",
};

export const ID = "3f4a1be5c6d7089a3f4a1be5c6d7089a3f4a1be5c6d7089a3f4a1be5c6d70891";
export const INNER_ID = "00aa11bb22cc33dd00aa11bb22cc33dd00aa11bb22cc33dd00aa11bb22cc33dd";

export const CGROUP = {
  dockerV1: lines(
    `12:pids:/docker/${ID}`,
    `5:net_cls,net_prio:/docker/${ID}`,
    `2:cpu,cpuacct:/docker/${ID}`,
    `1:name=systemd:/docker/${ID}`,
  ),
  dockerHybrid: lines("12:misc:/", `5:memory:/docker/${ID}`, "0::/system.slice/containerd.service"),
  dockerV1Systemd: lines(`4:memory:/system.slice/docker-${ID}.scope`, "0::/"),
  dockerV2Systemd: `0::/system.slice/docker-${ID}.scope\n`,
  dockerV2Cgroupfs: `0::/docker/${ID}\n`,
  dockerInit: `0::/system.slice/docker-${ID}.scope/init\n`,
  /** Seen from within the cgroup namespace of a neighbour. */
  neighbour: `0::/../docker-${ID}.scope\n`,
  neighbourCgroupfs: `0::/../${ID}\n`,
  rootless: `0::/user.slice/user-1000.slice/user@1000.service/user.slice/docker-${ID}.scope\n`,
  podman: `0::/machine.slice/libpod-${ID}.scope/container\n`,
  podmanV1: lines(`9:memory:/machine.slice/libpod-${ID}.scope`, `0::/machine.slice/libpod-${ID}.scope`),
  kubernetes: `0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0a1b2c3d_0a1b_2c3d_4e5f_0a1b2c3d4e5f.slice/cri-containerd-${ID}.scope\n`,
  nested: `0::/docker/${INNER_ID}/docker/${ID}\n`,
};

/** Of no container. */
export const CGROUP_NONE = {
  host: "0::/user.slice/user-1000.slice/session-3.scope\n",
  init: "0::/init.scope\n",
  root: "0::/\n",
  conmon: `0::/machine.slice/libpod-conmon-${ID}.scope\n`,
  shortId: "4:memory:/jobs/ce95a4127f2da1b8289bf564c1bc63af\n",
  longHex: `0::/docker/${ID}${ID}\n`,
  lxc: "0::/lxc.payload.web1/init.scope\n",
  outside: "0::/../../init.scope\n",
  empty: "",
};

/** `/proc/<pid>/stat` of a process by that name. */
export function pidStat(pid: number, comm: string, startTicks: number): string {
  return `${pid} (${comm}) S 1 ${pid} ${pid} 0 -1 4194560 2341 0 12 0 17 9 0 0 20 0 11 0 ${startTicks} 1063694336 11290 18446744073709551615 4194304 4238788 140726 0 0 0 0 4096 134234626 0 0 0 17 1 0 0 0 0 0\n`;
}
