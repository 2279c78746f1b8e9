/** pino-roll ships no types; this is the part in use. */
declare module "pino-roll" {
  import type { EventEmitter } from "node:events";

  interface RollingFile extends EventEmitter {
    /** The file being written. */
    readonly file: string;
    write(line: string): boolean;
    flushSync(): void;
    end(): void;
  }

  interface RollOptions {
    readonly file: string;
    readonly size: string;
    readonly frequency: "daily";
    readonly sync: boolean;
    readonly maxLength: number;
    readonly limit: { readonly count: number; readonly removeOtherLogFiles: boolean };
  }

  export default function roll(options: RollOptions): Promise<RollingFile>;
}
