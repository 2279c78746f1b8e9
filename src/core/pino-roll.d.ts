/** pino-roll ships no types; this is the part in use. */
declare module "pino-roll" {
  import type { EventEmitter } from "node:events";

  export interface RollingFile extends EventEmitter {
    /** The file being written; null when it could not be opened. */
    readonly file: string | null;
    write(line: string): boolean;
    end(): void;
  }

  interface RollOptions {
    readonly file: string;
    readonly size: string;
    readonly frequency: "daily";
    readonly dateFormat: string;
    readonly sync: boolean;
    readonly maxLength: number;
  }

  export default function roll(options: RollOptions): Promise<RollingFile>;
}
