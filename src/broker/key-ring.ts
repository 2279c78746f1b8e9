/** The App's keys, from the files that the operator may put there, change and take away while the broker runs. */
import { readFile } from "node:fs/promises";
import { errorCode } from "../core/errors.ts";
import { readAppKey, type AppKey } from "./key-file.ts";

interface Slot {
  readonly path: string;
  text?: string;
  /** The last good key of this file. */
  key?: AppKey;
  problem?: string;
  state: "missing" | "good" | "bad";
}

export class KeyRing {
  readonly #slots: readonly Slot[];
  /** Signed last with success; kept beyond its file until another proves itself. */
  #proven: AppKey | undefined;

  constructor(paths: readonly string[]) {
    this.#slots = paths.map((path) => ({ path, state: "missing" }));
  }

  /** Reads the files again; true when the keys are others than before. A file that has gone keeps its key. */
  async reload(): Promise<boolean> {
    const before = this.#ids();
    await Promise.all(this.#slots.map(readSlot));
    return this.#ids() !== before;
  }

  /** Keys to sign with, the most promising first. */
  get keys(): readonly AppKey[] {
    const loaded = this.#slots.flatMap((slot) => slot.key ?? []);
    const proven = this.#proven;
    const others = loaded.filter((key) => key.id !== proven?.id);
    return proven === undefined ? others : inFiles(loaded, proven) ? [proven, ...others] : [...others, proven];
  }

  /** GitHub took the key's signature. */
  prove(key: AppKey): void {
    this.#proven = key;
  }

  /** What is wrong with the files, a sentence each. */
  get problems(): readonly string[] {
    return this.#slots.flatMap((slot) => slot.problem ?? []);
  }

  /** `none`: no file and no key yet. `bad`: files, and not one that holds a key now. */
  get state(): "none" | "bad" | "good" {
    if (this.#slots.some((slot) => slot.state === "good")) return "good";
    if (this.#slots.some((slot) => slot.state === "bad")) return "bad";
    return this.keys.length > 0 ? "good" : "none";
  }

  #ids(): string {
    return this.#slots.map((slot) => slot.key?.id ?? "").join();
  }
}

function inFiles(loaded: readonly AppKey[], key: AppKey): boolean {
  return loaded.some((one) => one.id === key.id);
}

async function readSlot(slot: Slot): Promise<void> {
  let text: string;
  try {
    text = await readFile(slot.path, "utf8");
  } catch (error) {
    const code = errorCode(error) ?? "unknown";
    // Docker makes a folder where a mounted file is missing on the host.
    slot.state = code === "ENOENT" || code === "EISDIR" ? "missing" : "bad";
    delete slot.text;
    slot.problem = `The key file ${slot.path} cannot be read (${code}): put the App's private key there.`;
    return;
  }
  if (text === slot.text) return;
  slot.text = text;
  const reading = readAppKey(text);
  if (reading.status === "ok") {
    slot.key = reading.key;
    slot.state = "good";
    delete slot.problem;
    return;
  }
  slot.state = "bad";
  slot.problem = `The key file ${slot.path} ${reading.reason}.`;
}
