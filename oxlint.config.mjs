import { defineConfig } from "oxlint";

/**
 * The walls of the house: what of ours the files of a room may import from outside it. What a row does not open is
 * closed, and a file that no row names may import nothing at all. See ARCHITECTURE.md for the reasons;
 * test/walls.test.ts holds each of them to this table.
 */
const rooms = {
  "src/core": [],
  "src/supervisor": ["core/**"],
  "src/workers": ["core/**"],
  "src/workers/telegram": ["core/**", "thread.ts"],
  "src/workers/queue": ["core/**", "router/**", "thread.ts"],
  "src/workers/router": ["core/ids.ts"],
  "src/broker": ["core/{errors,log,clock,secrets,backoff,node-http,readiness,zod}.ts"],
  "src/dashboard": ["core/**"],
  "src/sandbox": ["core/**"],
  "src/cli": ["{core,supervisor,workers,broker,dashboard,sandbox}/**"],
};
const folders = new Set(["test", "bench", ...Object.keys(rooms).map((room) => room.split("/")[1])]);
/** Inside `src/workers` the rooms are closed to each other and to the entries that start them. */
const workers = ["telegram/**", "queue/**", "router/**", "thread.ts", "*.worker.ts"];
/** Rooms that bring in nothing from outside the repository, not even Node's own: the page runs the router too. */
const bare = ["src/workers/router"];

/** Packages with one home each, so that replacing one touches one file. */
const homes = {
  grammy: ["src/workers/telegram", "**"],
  "@anthropic-ai/claude-agent-sdk": ["src/workers/queue", "{agent,tools}{.ts,-*.ts,/**}"],
  "uWebSockets.js": ["src/dashboard", "server{.ts,/**}"],
  "@octokit/auth-app": ["src/broker", "github-app{.ts,/**}"],
  zod: ["src/core", "zod.ts"],
  "pino-roll": ["src/core", "rolling-file.ts"],
};
/** Whole families: a plugin of grammY is grammY. */
const families = { grammy: ["grammy", "@grammyjs"], "@octokit/auth-app": ["@octokit", "octokit"] };

/** Who may read the environment, and who may end the process or listen to it. */
const environmentReaders = ["src/*/config.ts", "src/core/secrets.ts"];
const processOwners = ["src/*/main.ts", "src/supervisor/signals.ts", "src/workers/thread.ts"];
/** Who may do something as soon as it is imported. */
const entries = [
  "src/*/main.ts",
  "src/workers/*.worker.ts",
  "src/supervisor/*.worker.ts",
  "src/dashboard/scan/entry.cts",
];

/**
 * The patterns of a room read paths as they are written: `./../a` and `../b/../a` would pass them by. This one stands
 * before them, since a path that a row opens is looked at no further.
 */
const roundabout = {
  regex: String.raw`^\.(/.*)?/\.\.?(/|$)|[^/.][^/]*/\.\.?(/|$)|//|^/|^(file|data):`,
  message: "Write the path in its shortest form.",
};
const globalProcess = ["process", "node:process"].map((name) => ({
  name,
  message: "Use the global, which the walls of the process are built on.",
}));

/** The whole rule for the files of a room: where two overrides name the same rule, the later one counts alone. */
function wall(room, files = filesOf(room), ownPackage) {
  const inWorkers = room.startsWith("src/workers/");
  const own = room.split("/").at(-1);
  const others = [...folders].filter((name) => name !== own).map((name) => `${name}/**`);
  const closed = [...others, ...(inWorkers ? workers : [])];
  const message = `${room} may import of ours: ${rooms[room].join(", ") || "nothing"}.`;
  const group = [...closed.map((place) => `../**/${place}`), ...rooms[room].flatMap(opened)];
  const packages = Object.keys(homes).filter((name) => name !== ownPackage);
  const patterns = [roundabout, { group, message }, ...packages.map(homeless)];
  if (bare.includes(room)) patterns.push({ regex: "^[^.]", message: `${room} may import no package.` });
  return importWall(`${room}/${files}`, { paths: globalProcess, patterns });
}

/** A room with rooms inside has its own files alone. */
function filesOf(room) {
  return Object.keys(rooms).some((other) => other.startsWith(`${room}/`)) ? "*" : "**";
}

function importWall(files, restrictions) {
  return { files: [files], rules: { "no-restricted-imports": ["error", restrictions] } };
}

/** `core/{a,b}.ts` as the patterns that open a.ts and b.ts; a group knows no braces. */
function opened(place) {
  const [, names, rest] = place.match(/\{(.*)\}(.*)/) ?? [];
  if (names === undefined) return [`!../**/${place}`];
  return names.split(",").map((name) => `!../**/${place.replace(/\{.*/, name)}${rest}`);
}

function homeless(name) {
  const group = (families[name] ?? [name]).flatMap((family) => [family, `${family}/**`]);
  return { group, message: `${name} has one home: ${homes[name].join("/")}.` };
}

const environment = { object: "process", property: "env", message: "Only config and core/secrets read it." };
const listening = ["on", "once", "addListener", "prependListener", "prependOnceListener"];
const ownership = ["argv", "exit", "exitCode", "abort", ...listening].map((property) => ({
  object: "process",
  property,
  message: "Only a main, supervisor/signals and workers/thread own the process.",
}));

function processWall(files, ...closed) {
  return { files, rules: { "no-restricted-properties": ["error", ...closed] } };
}

/** Ways in which a text would become part of the page itself. */
const markup = [
  "innerHTML",
  "outerHTML",
  "insertAdjacentHTML",
  "write",
  "writeln",
  "srcdoc",
  "createContextualFragment",
].map((property) => ({ property, message: "Text goes in as text: see web/dom.js." }));

/** Other names of the global object, behind which the rules would not see `process`. */
const globals = ["globalThis", "global"].map((name) => ({ name, message: "Name the global itself." }));

/** The runner itself waits for what these return. */
const nodeTest = { from: "package", package: "node:test", name: ["test", "describe", "it", "suite"] };

export default defineConfig({
  jsPlugins: ["./oxlint.rules.mjs"],
  plugins: ["typescript", "import", "unicorn", "promise", "node"],
  categories: { correctness: "error", suspicious: "error" },
  ignorePatterns: ["dist/**", "build-*/**", "coverage/**", "node_modules/**"],
  rules: {
    "import/no-cycle": "error",
    "import/no-named-as-default-member": "off",
    "typescript/no-floating-promises": "error",
    "typescript/no-misused-promises": "error",
    "typescript/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
    "typescript/no-explicit-any": "error",
    "typescript/no-non-null-assertion": "error",
    "typescript/no-unsafe-type-assertion": "off",
    "typescript/consistent-type-imports": "error",
    "max-lines": ["error", { max: 400, skipBlankLines: false, skipComments: false }],
    complexity: ["error", { max: 12 }],
    "no-console": "error",
    eqeqeq: "error",
    // TypeScript itself says when a return is missing.
    "typescript/consistent-return": "off",
    "no-await-in-loop": "off",
    "no-underscore-dangle": "off",
    "unicorn/no-array-sort": "off",
    "unicorn/consistent-function-scoping": "off",
    "unicorn/require-module-specifiers": "off",
    // Rules for pages; a port between threads has no origin.
    "unicorn/require-post-message-target-origin": "off",
    "unicorn/prefer-add-event-listener": "off",
    "no-shadow": "off",
  },
  overrides: [
    importWall("src/**", { patterns: [{ regex: "", message: "Give its folder a row in oxlint.config.mjs." }] }),
    ...Object.keys(rooms).map((room) => wall(room)),
    ...Object.entries(homes).map(([name, [room, files]]) => wall(room, files, name)),
    { files: ["src/**"], rules: { "no-restricted-globals": ["error", ...globals], "walls/plain-imports": "error" } },
    { files: ["src/**"], excludeFiles: entries, rules: { "walls/quiet-imports": "error" } },
    processWall(["src/**"], environment, ...ownership),
    processWall(environmentReaders, ...ownership),
    processWall(processOwners, environment),
    // The page has what the server gives it, and what people and agents wrote goes in as text.
    importWall("web/**", {
      patterns: [{ regex: String.raw`^[^./]|^\.\./(\.\./|src/)`, message: "The page loads its own files and /lib/." }],
    }),
    {
      files: ["web/**"],
      env: { browser: true },
      rules: {
        "no-restricted-properties": ["error", ...markup],
        // The server gives it /lib/.
        "import/no-absolute-path": "off",
      },
    },
    {
      files: ["test/**", "bench/**"],
      rules: {
        "no-console": "off",
        complexity: "off",
        "typescript/no-non-null-assertion": "off",
        "typescript/no-floating-promises": ["error", { allowForKnownSafeCalls: [nodeTest] }],
      },
    },
  ],
});
