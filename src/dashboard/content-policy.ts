/** What a browser may do with our answers. */
import { createHash } from "node:crypto";
import type { Headers } from "./http.ts";

/** On every answer, unless it has them itself. An answer that is no page does nothing at all. */
export const securityHeaders: Headers = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
};

const PERMISSIONS = [
  "accelerometer",
  "camera",
  "display-capture",
  "geolocation",
  "gyroscope",
  "magnetometer",
  "microphone",
  "midi",
  "payment",
  "publickey-credentials-get",
  "screen-wake-lock",
  "serial",
  "usb",
  "xr-spatial-tracking",
];

/** Beside those, on the page and its files. */
export const pageHeaders: Headers = {
  "cross-origin-opener-policy": "same-origin",
  "permissions-policy": PERMISSIONS.map((name) => `${name}=()`).join(", "),
};

/** A host as a source in a policy can be: no brackets, and nothing that would begin another directive. */
const HOST = /^[A-Za-z0-9.-]{1,253}(?::\d{1,5})?$/;

/** Sources in a policy for what stands in a page itself: `'sha256-…'`. */
export interface InlineHashes {
  readonly scripts: readonly string[];
  readonly styles: readonly string[];
}

/**
 * `host` is the request's: older browsers do not take a WebSocket of the page's own host for `'self'`. Trusted Types
 * without any policy: no text becomes markup, so that what agents wrote stays text.
 */
export function contentPolicy(inline: InlineHashes, host: string | undefined): string {
  const sockets = host !== undefined && HOST.test(host) ? [`ws://${host}`, `wss://${host}`] : [];
  return [
    "default-src 'none'",
    ["script-src 'self'", ...inline.scripts].join(" "),
    ["style-src 'self'", ...inline.styles].join(" "),
    ["connect-src 'self'", ...sockets].join(" "),
    "img-src 'self' data:",
    "font-src 'self'",
    "worker-src 'self' blob:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");
}

const SCRIPT = /<script\b([^>]*)>([\s\S]*?)<\/script\s*>/gi;
const STYLE = /<style\b[^>]*>([\s\S]*?)<\/style\s*>/gi;

/** Of a page of our own, whose markup is plain. */
export function inlineHashes(html: string): InlineHashes {
  // A browser hashes what it has parsed, and that has no carriage returns.
  const plain = html.replace(/\r\n?/g, "\n");
  const scripts = [...plain.matchAll(SCRIPT)].filter(([, attributes = ""]) => !/\bsrc\s*=/i.test(attributes));
  return {
    scripts: [...new Set(scripts.map(([, , script = ""]) => hash(script)))],
    styles: [...plain.matchAll(STYLE)].map(([, style = ""]) => hash(style)),
  };
}

function hash(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}
