import { badRequest } from "../errors.ts";
import type { ApiError } from "../errors.ts";
import type { Entity } from "../types.ts";

/** An entity whose end has not come yet. */
export interface OpenEntity {
  /** Tag or kind of mark that opened it. */
  readonly mark: string;
  /** Where its mark stands in the source. */
  readonly at: number;
  /** Where its text starts in the parsed text. */
  readonly offset: number;
  /** What of the entity is known already; none for a mark that formats nothing. */
  readonly entity?: Omit<Entity, "offset" | "length">;
}

/** State of a parser over marked-up text: the source is read from the left, `text` and `entities` are what came out. */
export class Cursor {
  readonly source: string;
  readonly entities: Entity[] = [];
  readonly open: OpenEntity[] = [];
  at = 0;
  text = "";

  constructor(source: string) {
    this.source = source;
  }

  get done(): boolean {
    return this.at >= this.source.length;
  }

  get char(): string {
    return this.source[this.at] ?? "";
  }

  sees(mark: string): boolean {
    return this.source.startsWith(mark, this.at);
  }

  start(mark: string, at: number, entity?: Omit<Entity, "offset" | "length">): void {
    const opened = { mark, at, offset: this.text.length };
    this.open.push(entity === undefined ? opened : { ...opened, entity });
  }

  /** Ends the innermost entity where the text now ends. One without text is none. */
  finish(extra: Partial<Entity> = {}): void {
    const opened = this.open.pop();
    if (opened?.entity === undefined) return;
    const length = this.text.length - opened.offset;
    if (length > 0) this.entities.push({ ...opened.entity, ...extra, offset: opened.offset, length });
  }

  /** The Bot API counts places in bytes of UTF-8. */
  byteOffset(at: number): number {
    return Buffer.byteLength(this.source.slice(0, at));
  }
}

export function unparsable(reason: string): ApiError {
  return badRequest(`can't parse entities: ${reason}`);
}
