import assert from "node:assert/strict";
import { test } from "node:test";
import { queueEnvironment, readQueueConfig, telegramEnvironment } from "../../src/core/config.ts";

const words = (text: string): string[] => text.trim().split(/\s+/);

const forAll = ["TINYCLAW_DIR", "TZ", "LOG_LEVEL"];
const forTelegram = [
  "TELEGRAM_BOT_TOKEN",
  "TELEGRAM_BOT_TOKEN_FILE",
  "TELEGRAM_CHAT_ID",
  "TELEGRAM_ALLOWED_USERS",
  "TELEGRAM_API_ROOT",
];
const forAgents = words(`
  PATH HOME LANG TZ IS_SANDBOX CLAUDE_CONFIG_DIR CREDENTIAL_BROKER_URL BROKER_SECRET HTTP_PROXY HTTPS_PROXY
  NO_PROXY ALL_PROXY http_proxy https_proxy no_proxy all_proxy SSL_CERT_FILE SSL_CERT_DIR
  NODE_EXTRA_CA_CERTS CURL_CA_BUNDLE REQUESTS_CA_BUNDLE GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_COMMITTER_NAME
  GIT_COMMITTER_EMAIL GIT_SSL_CAINFO ANTHROPIC_API_KEY ANTHROPIC_AUTH_TOKEN ANTHROPIC_BASE_URL
  ANTHROPIC_MODEL CLAUDE_CODE_OAUTH_TOKEN CLAUDE_CODE_MAX_OUTPUT_TOKENS
`);
/** Given to agents unless the operator says otherwise. */
const defaults = {
  CLAUDE_CODE_MAX_RETRIES: "4",
  CLAUDE_CODE_DISABLE_BACKGROUND_TASKS: "1",
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
};
const filesOfAgents = [
  "ANTHROPIC_API_KEY_FILE",
  "ANTHROPIC_AUTH_TOKEN_FILE",
  "CLAUDE_CODE_OAUTH_TOKEN_FILE",
  "BROKER_SECRET_FILE",
];
/** Of other programs, of the machine, or of nobody; some only look like one that is let through. */
const forNobody = words(`
  GITHUB_APP_ID GITHUB_APP_PRIVATE_KEY_FILE BROKER_HOST BROKER_POLICY_FILE GITHUB_TOKEN DASHBOARD_TOKEN
  DASHBOARD_TOKEN_FILE CF_ACCESS_AUD HOST_PROC AWS_SECRET_ACCESS_KEY NODE_OPTIONS LD_PRELOAD SSH_AUTH_SOCK
  GIT_SSH_COMMAND GIT_ASKPASS SHELL PWD MY_ANTHROPIC_API_KEY ANTHROPICKEY XCLAUDE_CODE_A CLAUDE_CODE path
  home TELEGRAM
`);
const everything = Object.fromEntries(
  [
    ...forAll,
    ...forTelegram,
    ...forAgents,
    ...filesOfAgents,
    "WORKSPACE_ROOT",
    "AGENT_UID",
    "AGENT_GID",
    ...forNobody,
  ].map((name) => [name, `value of ${name}`]),
);

const sorted = (names: Iterable<string>): string[] => [...new Set(names)].sort();

test("the telegram worker gets its own variables and the common ones, and nothing of Claude's", () => {
  assert.deepEqual(sorted(Object.keys(telegramEnvironment(everything))), sorted([...forAll, ...forTelegram]));
});

test("the queue worker gets what agents may have and its own, and nothing of Telegram's", () => {
  const expected = [...forAll, "WORKSPACE_ROOT", "AGENT_UID", "AGENT_GID", ...forAgents, ...filesOfAgents];
  assert.deepEqual(sorted(Object.keys(queueEnvironment(everything))), sorted(expected));
});

test("an agent gets the variables that the documents list, with their values, and nothing else", () => {
  const urls = { ANTHROPIC_BASE_URL: "http://127.0.0.1:1", CREDENTIAL_BROKER_URL: "http://127.0.0.1:2" };
  const files = Object.fromEntries(filesOfAgents.map((name) => [name, undefined]));
  const given = {
    ...everything,
    ...urls,
    ...files,
    TZ: "UTC",
    LOG_LEVEL: "info",
    IS_SANDBOX: "1",
    AGENT_UID: "7",
    AGENT_GID: "8",
  };
  const { agentEnvironment } = readQueueConfig(given);
  assert.deepEqual(sorted(Object.keys(agentEnvironment)), sorted([...forAgents, ...Object.keys(defaults)]));
  for (const [name, value] of Object.entries(agentEnvironment)) assert.equal(value, { ...defaults, ...given }[name]);
});

test("what the queue worker is given is enough for it to read the same configuration", () => {
  const given = {
    IS_SANDBOX: "1",
    ANTHROPIC_API_KEY: "sk-test-key",
    PATH: "/bin",
    WORKSPACE_ROOT: "/w",
    TELEGRAM_BOT_TOKEN: "1:a",
  };
  assert.deepEqual(readQueueConfig(queueEnvironment(given)), readQueueConfig(given));
});
