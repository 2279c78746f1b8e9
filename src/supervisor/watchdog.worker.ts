/**
 * Ends the process when its main thread hangs: Docker starts a container anew that has ended, and none that is ill.
 *
 * What is counted are looks at a number that the main thread raises: while the whole process is stopped nobody looks.
 */
import { writeSync } from "node:fs";
import { workerData } from "node:worker_threads";

const LOOK_MS = 1000;
const STILL_LOOKS = 10;

// Without the library that elsewhere checks what comes from outside: here it would be half of what the thread takes.
const beats = new Int32Array((workerData as { pulse: SharedArrayBuffer }).pulse);
let seen = Atomics.load(beats, 0);
let still = 0;

setInterval(() => {
  const now = Atomics.load(beats, 0);
  still = now === seen ? still + 1 : 0;
  seen = now;
  if (still < STILL_LOOKS) return;
  // Past the main thread, which would have to print it.
  writeSync(2, `the main thread has hung for ${STILL_LOOKS} s: the bot ends itself\n`);
  process.kill(process.pid, "SIGKILL");
}, LOOK_MS);
