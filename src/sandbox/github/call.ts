import type { IncomingHttpHeaders } from "node:http";
import { errorBody, TEXT } from "./texts.ts";
import { sha256 } from "./tokens.ts";

/** `jwt`: a bearer of three parts without GitHub's prefix; `token`: any other bearer; `basic`: as git sends it. */
export type AuthorizationKind = "none" | "jwt" | "token" | "basic" | "unknown";

/** What a call brought to be let in. The secret itself stays in here and is on no record. */
export interface Authorization {
  readonly kind: AuthorizationKind;
  /** JWT, token or password; empty where there is none. */
  readonly secret: string;
  /** Basic alone. */
  readonly username?: string;
}

export interface Call {
  readonly method: string;
  /** Without the prefix /api/v3, under which GitHub Enterprise serves the same. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly authorization: Authorization;
  /** JSON parsed; a body that is no JSON stays the text it is; undefined when empty. */
  readonly body: unknown;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** A string or bytes go out as they are, anything else as JSON. */
  readonly body?: unknown;
  /** A word or a sentence for the record: the message of a refusal, unless something else is said. */
  readonly result?: string;
}

/** A call and what it was told. */
export interface RecordedCall {
  /** Epoch ms by the stand-in's clock. */
  readonly at: number;
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly authorization: AuthorizationKind;
  /** SHA-256 in base64 of the secret that came, if one came. */
  readonly sha256?: string;
  /** The user name of Basic. */
  readonly username?: string;
  readonly body: unknown;
  /** 0 when the connection was cut without an answer. */
  readonly status: number;
  /** `ok`, a refusal's message, or the fault that struck. */
  readonly result: string;
}

export function refusal(status: number, message: string, headers?: Readonly<Record<string, string>>): Answer {
  return { status, body: errorBody(status, message), result: message, ...(headers === undefined ? {} : { headers }) };
}

export const notFound = (): Answer => refusal(404, TEXT.notFound);

export function readAuthorization(header: string | undefined): Authorization {
  if (header === undefined) return { kind: "none", secret: "" };
  const [, scheme = "", value = ""] = /^(\S+) +(\S+)$/.exec(header) ?? [];
  if (/^(?:bearer|token)$/i.test(scheme)) {
    const kind = /^(?!gh[a-z]_)[\w-]+\.[\w-]+\.[\w-]+$/.test(value) ? "jwt" : "token";
    return { kind, secret: value };
  }
  if (!/^basic$/i.test(scheme)) return { kind: "unknown", secret: header };
  const [username = "", ...password] = Buffer.from(value, "base64").toString("utf8").split(":");
  return { kind: "basic", username, secret: password.join(":") };
}

export function record(call: Call, at: number, status: number, result: string): RecordedCall {
  const { kind, secret, username } = call.authorization;
  return {
    at,
    method: call.method,
    path: call.path,
    query: call.query.toString(),
    authorization: kind,
    ...(secret === "" ? {} : { sha256: sha256(secret) }),
    ...(username === undefined ? {} : { username }),
    body: withoutToken(call.body),
    status,
    result,
  };
}

/** Bodies of GitHub's App API carry no secret; one that does all the same leaves none here. */
function withoutToken(body: unknown): unknown {
  if (body === undefined) return undefined;
  const text = JSON.stringify(body).replaceAll(/gh[a-z]_[\w.-]{20,}/g, "gh*_(token)");
  return JSON.parse(text) as unknown;
}
