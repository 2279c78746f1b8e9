/** Which names the dashboard answers to, and whose pages may ask it. */

interface HostName {
  readonly name: string;
  /** Empty: the scheme's own. */
  readonly port: string;
}

const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Against DNS rebinding: a page of another name that resolves to us still bears that name. */
export function isAllowedHost(header: string | undefined, allowed: readonly string[]): boolean {
  const host = parseHost(header);
  return host !== undefined && allowed.some((entry) => fits(host, entry));
}

/**
 * Whether a page of this origin may ask. Its host must be on the list, and its port the one that was asked: whatever
 * else listens on this machine is another origin. A public name may stand before us, on the port of its scheme.
 */
export function isAllowedOrigin(origin: string, hostHeader: string | undefined, allowed: readonly string[]): boolean {
  const url = URL.canParse(origin) ? new URL(origin) : undefined;
  if (url === undefined || url.origin !== origin.toLowerCase() || !/^https?:$/.test(url.protocol)) return false;
  const page: HostName = { name: url.hostname, port: url.port };
  if (page.port !== "" && allowed.includes(`${page.name}:${page.port}`)) return true;
  if (!allowed.some((entry) => fits(page, entry))) return false;
  return page.port === parseHost(hostHeader)?.port || (page.port === "" && !LOOPBACK.has(page.name));
}

function fits(host: HostName, entry: string): boolean {
  return entry === host.name || entry === `${host.name}:${host.port}`;
}

function parseHost(header: string | undefined): HostName | undefined {
  const [, name, port = ""] = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?$/.exec(header?.toLowerCase() ?? "") ?? [];
  return name === undefined ? undefined : { name, port };
}
