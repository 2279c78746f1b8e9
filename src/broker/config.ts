/** The broker's environment: what must be in it, and what to do when it is not. */
import { createHash } from "node:crypto";
import { hostname } from "node:os";
import { ConfigError } from "../core/errors.ts";
import { Secret, readSecret, type Environment } from "../core/secrets.ts";
import { MIN_SECRET_BYTES } from "./callers.ts";
import type { PolicySource } from "./policy-store.ts";

export interface BrokerConfig {
  readonly appId: string | undefined;
  /** One or two. */
  readonly keyFiles: readonly string[];
  readonly apiUrl: string;
  /** Where git goes: `github.com`, or the Enterprise Server's host with its port. */
  readonly webHost: string;
  readonly policy: PolicySource;
  /** Lines of BROKER_SECRET: one, or two while it is being changed. */
  readonly secrets: readonly Secret[];
  readonly host: string;
  readonly port: number;
  /** Lower case, without port. */
  readonly hosts: ReadonlySet<string>;
  readonly logLevel: string;
}

const rules = {
  GITHUB_APP_ID: [/^(?:[1-9]\d{0,15}|Iv[\w.-]{6,60})$/, "the number of the App or its client id"],
  BROKER_HOST: [/^[\w.:-]{1,253}$/, "an address to listen on, such as 127.0.0.1"],
  BROKER_PORT: [/^(?:0|[1-9]\d{0,4})$/, "a port, 0 to 65535"],
  BROKER_ALLOWED_HOSTS: [/^[\w.[\]:-]+(?:\s*,\s*[\w.[\]:-]+)*$/, "host names separated by commas"],
  LOG_LEVEL: [/^(?:fatal|error|warn|info|debug|trace)$/, "one of fatal, error, warn, info, debug, trace"],
} as const;
type Ruled = keyof typeof rules;
const MAX_PORT = 65_535;

export function readBrokerConfig(environment: Environment): BrokerConfig {
  const host = read(environment, "BROKER_HOST") ?? "127.0.0.1";
  const appId = read(environment, "GITHUB_APP_ID");
  const apiUrl = apiUrlOf(environment["GITHUB_API_URL"] || "https://api.github.com");
  const policyFile = environment["BROKER_POLICY_FILE"];
  const port = Number(read(environment, "BROKER_PORT") ?? "3000");
  if (port > MAX_PORT) refuse("BROKER_PORT", rules.BROKER_PORT[1]);
  return {
    appId,
    keyFiles: keyFiles(environment["GITHUB_APP_PRIVATE_KEY_FILE"] || "/secrets/github-app.pem"),
    apiUrl,
    webHost: webHostOf(apiUrl),
    policy: policyFile ? { path: policyFile, required: true } : { path: "/secrets/policy.yaml", required: false },
    secrets: brokerSecrets(environment),
    host,
    port,
    hosts: hostsOf(host, read(environment, "BROKER_ALLOWED_HOSTS")),
    logLevel: read(environment, "LOG_LEVEL") ?? "info",
  };
}

export function digestOf(secret: Secret): Buffer {
  return createHash("sha256").update(secret.reveal()).digest();
}

/** An empty variable counts as none: Compose hands on `${X:-}` as that. */
function read(environment: Environment, name: Ruled): string | undefined {
  const value = environment[name];
  if (value === undefined || value === "") return undefined;
  const [form, rule] = rules[name];
  return form.test(value) ? value : refuse(name, rule);
}

function keyFiles(value: string): readonly string[] {
  const paths = value.split(",").map((path) => path.trim());
  const good = paths.length <= 2 && paths.every((path) => path !== "" && !path.includes("-----"));
  return good ? paths : refuse("GITHUB_APP_PRIVATE_KEY_FILE", "a path, or two separated by a comma");
}

/** Plain http would show the App's JWT on the way, so that it is for stand-ins and networks of containers alone. */
function apiUrlOf(value: string): string {
  const rule = "an https address without user, query or fragment (http for loopback and names without a dot)";
  const url = URL.canParse(value) ? new URL(value) : refuse("GITHUB_API_URL", rule);
  const near = /^(?:127\.\d+\.\d+\.\d+|\[::1\]|[^.]+)$/.test(url.hostname);
  const safe = url.protocol === "https:" || (url.protocol === "http:" && near);
  if (!safe || url.username !== "" || url.search !== "" || url.hash !== "") refuse("GITHUB_API_URL", rule);
  return url.href.replace(/\/+$/, "");
}

/** The site that belongs to an API: api.github.com, api.NAME.ghe.com, or HOST/api/v3. */
export function webHostOf(apiUrl: string): string {
  const { host } = new URL(apiUrl);
  return /^api\.(?:github\.com|[^.]+\.ghe\.com)$/.test(host) ? host.slice("api.".length) : host;
}

function brokerSecrets(environment: Environment): readonly Secret[] {
  const text = readSecret(environment, "BROKER_SECRET")?.reveal() ?? "";
  const lines = text.split(/\r?\n/).filter((line) => line !== "");
  if (lines.length > 2) refuse("BROKER_SECRET", "one line, or two while it is being changed");
  if (
    lines.some(
      (line) => Buffer.byteLength(line) < MIN_SECRET_BYTES || !/^[!#-[\]-~]+$/.test(line) || new Set(line).size < 8,
    )
  ) {
    refuse(
      "BROKER_SECRET",
      `${MIN_SECRET_BYTES} random characters or more, no spaces, quotes or backslashes, as \`openssl rand -hex 32\` makes them`,
    );
  }
  return lines.map((line) => new Secret(line));
}

function hostsOf(host: string, allowed: string | undefined): ReadonlySet<string> {
  const own = ["broker", "localhost", "127.0.0.1", "[::1]", hostname(), host.includes(":") ? `[${host}]` : host];
  const more = (allowed ?? "").split(",").map((name) => name.trim().replace(/:\d+$/, ""));
  return new Set([...own, ...more].filter((name) => name !== "").map((name) => name.toLowerCase()));
}

function refuse(variable: string, rule: string): never {
  throw new ConfigError(`${variable} does not parse: it must be ${rule}. Correct it, or remove it for the default.`, {
    variable,
  });
}
