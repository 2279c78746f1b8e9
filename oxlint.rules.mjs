/** Rules of our own, for the walls of the house that the linter's rules do not see. See oxlint.config.mjs. */

const TIMERS = new Set(["setInterval", "setTimeout", "setImmediate"]);

const onDemand = "src/core/on-demand.ts";
/** Ways to a module past `import`, and the files that have a reason for each. */
const BYPASSES = new Map([
  ["createRequire", [onDemand]],
  ["requireOnDemand", [onDemand, "src/core/zod.ts", "src/core/rolling-file.ts", "src/workers/telegram/grammy.ts"]],
  ["getBuiltinModule", ["src/core/node-http.ts"]],
]);

/** `import(…)` of anything but a plain string, and what brings modules in without it: the walls read plain imports alone. */
const plainImports = {
  create: (context) => ({
    "Identifier, Literal"(node) {
      const homes = BYPASSES.get(node.name ?? node.value);
      const file = context.filename.replaceAll("\\", "/");
      if (homes === undefined || homes.some((home) => file.endsWith(`/${home}`))) return;
      context.report({
        node,
        message: `Import it, so that the walls see what comes in; only ${homes.join(", ")} needs another way.`,
      });
    },
    ImportExpression(node) {
      if (typeof node.source.value === "string") return;
      context.report({ node, message: "Import a plain string, so that the walls see what comes in." });
    },
  }),
};

/** What runs as soon as a file is imported: a statement that is only a call, and a timer or wait kept in a name. */
const quietImports = {
  create: (context) => ({
    Program({ body }) {
      for (const statement of body) {
        if (isLoud(statement)) context.report({ node: statement, message: "An import must do nothing by itself." });
      }
    },
  }),
};

function isLoud(statement) {
  if (statement.type === "ExpressionStatement") return true;
  const { declarations = [] } = statement.declaration ?? statement;
  return declarations.some(({ init }) => init?.type === "AwaitExpression" || TIMERS.has(init?.callee?.name));
}

export default { meta: { name: "walls" }, rules: { "plain-imports": plainImports, "quiet-imports": quietImports } };
