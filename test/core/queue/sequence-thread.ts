import { parentPort, workerData } from "node:worker_threads";
import { sharedSequence } from "../../../src/core/queue/sequence.ts";

/** Takes numbers in a thread of its own and hands them back. */
const { buffer, count } = workerData as { buffer: SharedArrayBuffer; count: number };
const sequence = sharedSequence(buffer);
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has none
parentPort?.postMessage(Array.from({ length: count }, () => sequence.next()));
