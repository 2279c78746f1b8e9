/** `backup [FILE] [--data DIR] [--home DIR]`: data directory and sessions as one archive, while the bot may run. */
import { createWriteStream } from "node:fs";
import { open, realpath, rename, unlink } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { syncDirectory, syncOnce } from "../../core/atomic-file.ts";
import { EXIT, describeError } from "../../core/errors.ts";
import { loadEnvironment } from "../../core/secrets.ts";
import { readVersion } from "../../core/version.ts";
import type { Context } from "../command.ts";
import { CliError } from "../errors.ts";
import { onOneLine } from "../terminal.ts";
import { ArchiveWriter } from "./archive-writer.ts";
import { createBackup } from "./create.ts";
import type { BackupSource } from "./create.ts";
import { parseWords } from "./words.ts";

/** What messages and sessions say is for its owner alone. */
const FILE_MODE = 0o600;

export async function run(words: readonly string[], context: Context): Promise<number> {
  const { file, ...source } = parseWords("backup", words, loadEnvironment());
  if (file === undefined && process.stdout.isTTY) {
    throw new CliError("usage", "The archive is not for a terminal: give a FILE, or send standard output into one.");
  }
  const archive = new ArchiveWriter();
  const leftOut = new Map<string, string>();
  const pieces = createBackup(source, archive, leftOut, await readVersion());
  try {
    if (file === undefined) await send(pieces, process.stdout, context.interrupted());
    else await writeWhole(file, pieces, source, context.interrupted());
  } catch (error) {
    if (error instanceof CliError) throw error;
    const path = file ?? "standard output";
    throw new CliError("backup_failed", `The backup to ${path} is not there: ${describeError(error)}.`, {
      cause: error,
    });
  }
  const { files, bytes } = archive.totals;
  const lines = [...leftOut].map(([path, why]) => `left out: ${onOneLine(path)} (${why})\n`);
  process.stderr.write(`${lines.join("")}backup: ${files} files, ${bytes} bytes\n`);
  return EXIT.ok;
}

async function send(pieces: AsyncIterable<Buffer>, to: NodeJS.WritableStream, signal: AbortSignal): Promise<void> {
  await pipeline(Readable.from(pieces, { objectMode: false }), createGzip(), to, {
    signal,
    end: to !== process.stdout,
  });
}

/** The file appears when it is whole, and one of that name stays until then. */
async function writeWhole(
  file: string,
  pieces: AsyncIterable<Buffer>,
  { dataDir }: BackupSource,
  signal: AbortSignal,
): Promise<void> {
  const folder = await realpath(dirname(file));
  if (!relative(await realpath(dataDir).catch(() => dataDir), folder).startsWith("..")) {
    throw new CliError("usage", `${file} would lie in what is backed up: choose a place outside of ${dataDir}.`);
  }
  const part = join(folder, `.${basename(file)}.${process.pid}.part`);
  try {
    await send(pieces, createWriteStream(part, { flags: "wx", mode: FILE_MODE }), signal);
    const handle = await open(part, "r");
    try {
      await syncOnce(part, () => handle.sync());
    } finally {
      await handle.close();
    }
    await rename(part, join(folder, basename(file)));
    await syncDirectory(folder);
  } catch (error) {
    await unlink(part).catch(() => undefined);
    throw error;
  }
}
