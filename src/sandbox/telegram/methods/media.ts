import { randomUUID } from "node:crypto";
import { z } from "../../../core/zod.ts";
import type { Upload } from "../body.ts";
import { ApiError, badRequest } from "../errors.ts";
import { documentInfo, isDownloadable, photoSizes } from "../files.ts";
import { LIMITS } from "../limits.ts";
import { formatCaption } from "../markup/format.ts";
import type { MessageContent } from "../types.ts";
import { destination } from "./destination.ts";
import { captionContent } from "./messages.ts";
import { chatMethod, method } from "./method.ts";
import type { CallContext, Method } from "./method.ts";
import { captioned, json, sending } from "./params.ts";
import type { Captioned } from "./params.ts";

type Kind = "document" | "photo";

const album = json(z.array(z.looseObject({ ...captioned, type: z.enum(["document", "photo"]), media: z.string() })));

/** Files from the bot, alone or as an album, and the way to fetch those of users. */
export const mediaMethods: Readonly<Record<string, Method>> = {
  sendDocument: chatMethod({ ...captioned, ...sending, document: z.string().optional() }, (params, context) =>
    send(context, mediaContent(context, "document", params.document, params), params),
  ),
  sendPhoto: chatMethod({ ...captioned, ...sending, photo: z.string().optional() }, (params, context) =>
    send(context, mediaContent(context, "photo", params.photo, params), params),
  ),
  sendMediaGroup: chatMethod({ ...sending, media: album }, (params, context) => {
    const { media } = params;
    if (media.length < LIMITS.albumMin || media.length > LIMITS.albumMax) {
      throw badRequest("media group must include 2-10 items");
    }
    if (new Set(media.map(({ type }) => type)).size > 1)
      throw badRequest("document can't be mixed with other media types");
    const place = destination(params, context.world);
    const contents = media.map((item) => mediaContent(context, item.type, item.media, item));
    const id = randomUUID();
    return contents.map((content) =>
      context.world.post({ from: context.world.bot, content: { ...content, media_group_id: id }, ...place }),
    );
  }),
  getFile: method(z.looseObject({ file_id: z.string({ error: "file_id is empty" }) }), (params, { files }) => {
    const file = files.get(params.file_id);
    if (file === undefined) throw badRequest("invalid file_id");
    if (!isDownloadable(file)) throw badRequest("file is too big");
    const { file_id, file_unique_id, file_size, path } = file;
    return { file_id, file_unique_id, file_size, file_path: path };
  }),
};

function send(context: CallContext, content: MessageContent, params: Parameters<typeof destination>[0]): unknown {
  const { world } = context;
  return world.post({ from: world.bot, content, ...destination(params, world) });
}

/** The file a call brings (in its own form field or by `attach://`) or names by its id, with its caption. */
function mediaContent(
  context: CallContext,
  kind: Kind,
  reference: string | undefined,
  text: Captioned,
): MessageContent {
  const caption = captionContent(formatCaption(text.caption ?? "", text.parse_mode, text.caption_entities));
  const field = reference?.startsWith("attach://") === true ? reference.slice("attach://".length) : kind;
  const upload = context.uploads.get(field);
  if (upload !== undefined) return { ...stored(context, kind, upload), ...caption };
  if (reference === undefined) throw badRequest(`there is no ${kind} in the request`);
  const known = context.files.get(reference);
  if (known === undefined) throw badRequest("wrong file identifier/HTTP URL specified");
  return { ...(kind === "photo" ? { photo: photoSizes(known) } : { document: documentInfo(known) }), ...caption };
}

function stored({ files }: CallContext, kind: Kind, upload: Upload): MessageContent {
  if (upload.bytes.length === 0) throw badRequest("file must be non-empty");
  const limit = kind === "photo" ? LIMITS.photoBytes : LIMITS.documentBytes;
  if (upload.bytes.length > limit) {
    throw kind === "photo" ? badRequest("file is too big for a photo") : new ApiError(413, "Request Entity Too Large");
  }
  return kind === "photo" ? { photo: files.addPhoto(upload) } : { document: files.addDocument(upload) };
}
