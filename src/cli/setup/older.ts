/** The data of the older TinyClaw, whose two processes kept theirs in the same place, in today's form. Pure. */
import { basename, join, relative } from "node:path";
import { z } from "../../core/zod.ts";
import { MODELS, threadSlug, type Model } from "../../core/ids.ts";
import { CONTAINER_WORKSPACE } from "./identities.ts";

type Json = Readonly<Record<string, unknown>>;

export interface OlderSettings {
  /** Without what belongs into `.env`. */
  readonly settings: Json;
  readonly token: string | undefined;
  readonly chatId: string | undefined;
  readonly timeZone: string | undefined;
}

const text = z.string().min(1);

export function isOlderSettings(settings: Json): boolean {
  return "telegram_bot_token" in settings || "telegram_chat_id" in settings;
}

export function convertSettings({ telegram_bot_token, telegram_chat_id, ...rest }: Json): OlderSettings {
  const timeZone = text.refine(isTimeZone).safeParse(rest["timezone"]).data;
  // One that is none would make the bot leave the whole file unread.
  const { timezone: _zone, ...others } = rest;
  return {
    settings: timeZone === undefined ? others : rest,
    token: text.safeParse(telegram_bot_token).data,
    chatId: z.union([text, z.number().transform(String)]).safeParse(telegram_chat_id).data,
    timeZone,
  };
}

function isTimeZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: zone }).format(0) !== "";
  } catch {
    return false;
  }
}

export function isOlderThread(thread: unknown): boolean {
  return typeof thread === "object" && thread !== null && !("modelChoice" in thread) && !("status" in thread);
}

const olderThread = z.looseObject({
  name: z.string().optional().catch(undefined),
  cwd: z.string().optional().catch(undefined),
  sessionId: text.optional().catch(undefined),
  model: z.unknown(),
  isMaster: z.boolean().optional().catch(undefined),
  lastActive: z.unknown(),
});

export interface ConvertedThreads {
  readonly threads: Readonly<Record<string, object>>;
  /** Keys of entries that are no threads; they are left out. */
  readonly leftOut: readonly string[];
}

/** `place` says where a thread works from now on. Entries that are of today's form stay as they are. */
export function convertThreads(record: Json, place: (thread: OlderThread) => string): ConvertedThreads {
  const threads: Record<string, object> = {};
  const leftOut: string[] = [];
  for (const [id, entry] of Object.entries(record)) {
    const older = /^[1-9]\d{0,14}$/.test(id) ? olderThread.safeParse(entry).data : undefined;
    if (older === undefined) leftOut.push(id);
    else if (!isOlderThread(entry)) threads[id] = entry as object;
    else {
      const { sessionId, ...rest } = older;
      const isMaster = older.isMaster ?? id === "1";
      const name = older.name ?? (isMaster ? "General" : `Topic ${id}`);
      const cwd = place({ threadId: Number(id), name, cwd: older.cwd, isMaster });
      const dated = { lastActive: timeOf(older.lastActive) ?? 0, ...(sessionId === undefined ? {} : { sessionId }) };
      threads[id] = {
        ...rest,
        name,
        cwd,
        isMaster,
        model: modelOf(older.model) ?? "sonnet",
        modelChoice: "auto",
        ...dated,
        status: "idle",
      };
    }
  }
  return { threads, leftOut };
}

export interface OlderThread {
  readonly threadId: number;
  readonly name: string;
  readonly cwd: string | undefined;
  readonly isMaster: boolean;
}

/**
 * Where threads work in the bot's container: in the same place below the workspace as on the host, if that is where
 * they were, else in a folder of their name.
 */
export function containerPlaces(hostWorkspace: string | undefined): (thread: OlderThread) => string {
  const taken = new Set<string>();
  return ({ threadId, name, cwd, isMaster }) => {
    if (isMaster) return CONTAINER_WORKSPACE;
    const below = hostWorkspace === undefined || cwd === undefined ? undefined : relative(hostWorkspace, cwd);
    const isBelow = below !== undefined && below !== "" && !below.startsWith("..") && !below.startsWith("/");
    const place = isBelow ? below : threadSlug(name, threadId, taken);
    taken.add(basename(place));
    return join(CONTAINER_WORKSPACE, place);
  };
}

export function isOlderLine(line: Json): boolean {
  return "ts" in line && !("messageId" in line && "timestamp" in line);
}

/** A line of the history; `n` is its number in the file, which names a message that has no id. */
export function convertLine({ ts, ...line }: Json, n: number): Json {
  const model = modelOf(line["model"]);
  const { model: _model, ...rest } = line;
  return {
    channel: "telegram",
    source: "user",
    ...rest,
    timestamp: timeOf(line["timestamp"]) ?? timeOf(ts) ?? 0,
    threadId: Number(line["threadId"] ?? 1),
    messageId: typeof line["messageId"] === "string" ? line["messageId"] : `older-${n}`,
    sender: typeof line["sender"] === "string" ? line["sender"] : "",
    direction: /^(?:out|assistant|bot)/.test(String(line["direction"])) ? "out" : "in",
    ...(model === undefined ? {} : { model }),
  };
}

/** By family, whatever the version: `claude-opus-4-5` is opus. */
function modelOf(model: unknown): Model | undefined {
  return typeof model === "string" ? MODELS.find((family) => model.toLowerCase().includes(family)) : undefined;
}

/** Epoch ms from ms, seconds, or a date in words. */
function timeOf(time: unknown): number | undefined {
  if (typeof time === "number" && Number.isFinite(time) && time >= 0) return time < 1e11 ? time * 1000 : time;
  const parsed = typeof time === "string" ? Date.parse(time) : Number.NaN;
  return Number.isNaN(parsed) ? undefined : parsed;
}
