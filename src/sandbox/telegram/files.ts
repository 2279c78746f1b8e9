import { createHash } from "node:crypto";
import { extname } from "node:path";
import type { Upload } from "./body.ts";
import { LIMITS } from "./limits.ts";
import type { DocumentInfo, FileInfo, PhotoSize } from "./types.ts";

export interface StoredFile extends FileInfo, Upload {
  /** Path under `/file/bot<token>/`. */
  readonly path: string;
}

/** Width and height of the sizes a photo is offered in, smallest first. The picture itself is not looked into. */
const PHOTO_SIZES = [
  { width: 90, height: 67 },
  { width: 800, height: 600 },
] as const;

/** Files sent by users and by the bot, by the ids that messages bear. */
export class Files {
  readonly #files = new Map<string, StoredFile>();

  get(fileId: string): StoredFile | undefined {
    return this.#files.get(fileId);
  }

  byPath(path: string): StoredFile | undefined {
    return [...this.#files.values()].find((file) => file.path === path);
  }

  addDocument(upload: Upload): DocumentInfo {
    return documentInfo(this.#add(upload, "documents", extname(upload.name)));
  }

  addPhoto(upload: Upload): PhotoSize[] {
    return PHOTO_SIZES.map((size) => ({ ...fileInfo(this.#add(upload, "photos", ".jpg")), ...size }));
  }

  #add(upload: Upload, folder: string, extension: string): StoredFile {
    const number = this.#files.size + 1;
    const unique = createHash("sha256").update(upload.bytes).digest("base64url").slice(0, 16);
    const file = {
      ...upload,
      file_id: `sandbox-${folder}-${number}-${unique}`,
      file_unique_id: unique,
      file_size: upload.bytes.length,
      path: `${folder}/file_${number}${extension}`,
    };
    this.#files.set(file.file_id, file);
    return file;
  }
}

export function documentInfo(file: StoredFile): DocumentInfo {
  return { ...fileInfo(file), file_name: file.name, mime_type: file.mime };
}

export function photoSizes(file: StoredFile): PhotoSize[] {
  return PHOTO_SIZES.map((size) => ({ ...fileInfo(file), ...size }));
}

/** Whether a bot may fetch it; the cloud's servers hand out no larger ones. */
export function isDownloadable(file: StoredFile): boolean {
  return file.file_size <= LIMITS.downloadBytes;
}

function fileInfo({ file_id, file_unique_id, file_size }: StoredFile): FileInfo {
  return { file_id, file_unique_id, file_size };
}
