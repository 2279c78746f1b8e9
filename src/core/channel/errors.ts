import { CodedError } from "../errors.ts";

/** A thread said what is no notice of this version. */
export class ChannelError extends CodedError<"channel_protocol"> {}
