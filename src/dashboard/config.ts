/** The dashboard's environment: what must be in it, and what to do when it is not. */
import { existsSync } from "node:fs";
import { readCommonConfig, type CommonConfig } from "../core/config.ts";
import { ConfigError } from "../core/errors.ts";
import { readSecret, type Environment, type Secret } from "../core/secrets.ts";

export interface DashboardConfig extends CommonConfig {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Lower case, each with or without a port. */
  readonly allowedHosts: readonly string[];
  readonly token: Secret | undefined;
  /** Undefined: nobody is asked for a JWT. */
  readonly access: AccessConfig | undefined;
  /** The host's procfs. */
  readonly procRoot: string;
}

/** A Cloudflare Access application. */
export interface AccessConfig {
  /** `https://<team>.cloudflareaccess.com`, without a slash at its end: issuer of the JWTs, and where its keys are. */
  readonly issuer: string;
  readonly audience: string;
}

const MIN_TOKEN_LENGTH = 16;

export function readDashboardConfig(environment: Environment): DashboardConfig {
  return {
    ...readCommonConfig(environment),
    host: matching("DASHBOARD_HOST", environment["DASHBOARD_HOST"] || "127.0.0.1", /^[\w.:-]{1,253}$/, "an address"),
    port: portOf(environment["DASHBOARD_PORT"] || "3100"),
    allowedHosts: hostsOf(environment["DASHBOARD_ALLOWED_HOSTS"] || "localhost,127.0.0.1,[::1]"),
    token: tokenOf(environment),
    access: accessOf(environment),
    procRoot: environment["HOST_PROC"] || (existsSync("/host/proc/stat") ? "/host/proc" : "/proc"),
  };
}

/**
 * The engine refuses headers of some 4 KiB, and an Access JWT comes twice, as a header and as a cookie. It reads this
 * when it is loaded, so that it must be called before.
 */
export function allowLargeHeaders(): void {
  process.env["UWS_HTTP_MAX_HEADERS_SIZE"] ??= String(32 * 1024);
}

function portOf(value: string): number {
  const port = /^\d{1,5}$/.test(value) ? Number(value) : Number.NaN;
  return port <= 65_535 ? port : refuse("DASHBOARD_PORT", "a port, 0 to 65535");
}

function hostsOf(value: string): readonly string[] {
  const hosts = value
    .split(",")
    .map((host) => host.trim().toLowerCase())
    .filter((host) => host !== "");
  const isHost = (host: string): boolean => /^(?:\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?$/.test(host);
  return hosts.length > 0 && hosts.every(isHost)
    ? hosts
    : refuse("DASHBOARD_ALLOWED_HOSTS", "host names separated by commas, each with or without a port, and no *");
}

function tokenOf(environment: Environment): Secret | undefined {
  const token = readSecret(environment, "DASHBOARD_TOKEN");
  if (token === undefined || /^[!-~]+$/.test(token.reveal())) return long(token);
  return refuse("DASHBOARD_TOKEN", "of printable ASCII without spaces");
}

function long(token: Secret | undefined): Secret | undefined {
  const isShort = token !== undefined && token.reveal().length < MIN_TOKEN_LENGTH;
  return isShort ? refuse("DASHBOARD_TOKEN", `of ${MIN_TOKEN_LENGTH} characters or more`) : token;
}

function accessOf(environment: Environment): AccessConfig | undefined {
  const team = environment["CF_ACCESS_TEAM_DOMAIN"] || undefined;
  const audience = environment["CF_ACCESS_AUD"] || undefined;
  if (team === undefined && audience === undefined) return undefined;
  // One alone would leave the dashboard open to whoever gets past the tunnel.
  if (team === undefined) return refuse("CF_ACCESS_TEAM_DOMAIN", "set, since CF_ACCESS_AUD is");
  if (audience === undefined) return refuse("CF_ACCESS_AUD", "set, since CF_ACCESS_TEAM_DOMAIN is");
  return {
    issuer: issuerOf(team),
    audience: matching("CF_ACCESS_AUD", audience, /^[\w-]{1,128}$/, "the application's"),
  };
}

/** `<team>`, `<team>.cloudflareaccess.com`, or an address; plain http for loopback alone. */
function issuerOf(team: string): string {
  const domain = /^[a-z0-9-]+$/i.test(team) ? `${team}.cloudflareaccess.com` : team;
  const address = domain.includes("://") ? domain : `https://${domain}`;
  const rule = "the team's domain, as in example.cloudflareaccess.com";
  const url = URL.canParse(address) ? new URL(address) : refuse("CF_ACCESS_TEAM_DOMAIN", rule);
  const isNear = url.protocol === "http:" && /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
  const isBare = url.pathname === "/" && url.search === "" && url.hash === "" && url.username === "";
  return (url.protocol === "https:" || isNear) && isBare ? url.origin : refuse("CF_ACCESS_TEAM_DOMAIN", rule);
}

function matching(variable: string, value: string, form: RegExp, rule: string): string {
  return form.test(value) ? value : refuse(variable, rule);
}

function refuse(variable: string, rule: string): never {
  throw new ConfigError(`${variable} does not parse: it must be ${rule}. Correct it, or remove it for the default.`, {
    variable,
  });
}
